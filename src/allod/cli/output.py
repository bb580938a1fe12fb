"""What commands print: tables for people, the same aligned when piped, JSON for programs.

Results go to standard output; errors, and what only tells how it goes, to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TextIO

import typer

from allod.cli.words import printable
from allod.errors import AllodError

#: What a shell says of a command whose reader has gone (128 + SIGPIPE).
READER_GONE = 141


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    right: bool = False  #: Numbers stand at the right.
    wraps: bool = False  #: Words go on below where a terminal is narrow; names never do.


def out(text: str = "") -> None:
    """One line of the result."""
    _write(sys.stdout, text + "\n")


def note(text: str) -> None:
    """One line that is no part of the result."""
    _write(sys.stderr, text + "\n")


def out_bytes(data: bytes) -> None:
    """A piece of a workload's own output, as it was written."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _leave(sys.stdout)


def out_json(value: Any) -> None:
    """`value` as JSON: indented for people, one line when piped."""
    indent = 2 if sys.stdout.isatty() else None
    out(json.dumps(value, indent=indent, ensure_ascii=False))


def report(error: AllodError) -> None:
    """What is wrong and how to mend it, on standard error."""
    note(f"error: {printable(error.message)}")
    if error.mend:
        note(f"mend: {printable(error.mend)}")


def table(columns: Sequence[Column], rows: Iterable[Sequence[object]], *, none: str) -> None:
    """A table; where there are no rows, `none` says so in words."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if not cells:
        note(none)
    elif sys.stdout.isatty():
        _rich_table(columns, cells)
    else:
        _plain_table(columns, cells)


def pairs(rows: Iterable[tuple[str, object]]) -> None:
    """Names and values below each other; rows without a value are left out."""
    shown = [(name, text) for name, value in rows if (text := printable(value)) not in ("", "-")]
    width = max((len(name) for name, _ in shown), default=0)
    for name, text in shown:
        out(f"{name:<{width}}  {text}")


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """A sign of life on a terminal while something takes its time."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(words):
        yield


@contextmanager
def counting(words: str) -> Iterator[Callable[[int], None]]:
    """What it yields is told a number, which a terminal shows before `words`."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console

    with Console(stderr=True).status(words) as status:
        yield lambda count: status.update(f"{count:,} {words}")


@contextmanager
def advancing(words: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; what it yields is told how many of `total` are done."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), words, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda done: progress.update(task, completed=done)


def _plain_table(columns: Sequence[Column], cells: list[list[str]]) -> None:
    lines = [[column.title for column in columns], *cells]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        shown = (
            f"{cell:>{width}}" if column.right else f"{cell:<{width}}"
            for cell, width, column in zip(line, widths, columns, strict=True)
        )
        out("  ".join(shown).rstrip())


def _rich_table(columns: Sequence[Column], cells: list[list[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for column in columns:
        side: Literal["left", "right"] = "right" if column.right else "left"
        drawn.add_column(
            column.title,
            justify=side,
            no_wrap=not column.wraps,
            min_width=12 if column.wraps and not column.right else None,
        )
    for line in cells:
        drawn.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in line))
    console = Console()
    if max(console.measure(drawn).minimum, _least_width(columns, cells)) > console.width:
        # A number that is cut off is a wrong number: let the terminal break the lines.
        _plain_table(columns, cells)
        return
    with console.capture() as drawing:
        console.print(drawn)
    out(drawing.get().rstrip("\n"))


def _least_width(columns: Sequence[Column], cells: list[list[str]]) -> int:
    """How wide a terminal must be for no name and no number to be cut off."""
    least = 0
    for place, column in enumerate(columns):
        texts = [column.title, *(line[place] for line in cells)]
        parts = [word for text in texts for word in text.split()] if column.wraps else texts
        least += max(map(len, parts), default=0) + 2
    return least


_STYLES = {
    "running": "green",
    "completed": "green",
    "waiting": "yellow",
    "stopping": "yellow",
    "failed": "red",
    "refused": "red",
    "lost": "red",
    "node-failed": "red",
    "timeout": "red",
}


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _leave(stream)
    except UnicodeEncodeError:
        # A terminal that knows no such sign shows a question mark in its place.
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "replace").decode(encoding))


def _leave(stream: TextIO) -> None:
    """The reader has gone: print no more, also not at exit."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 -- it has no folder to be relative to
        os.dup2(nowhere.fileno(), stream.fileno())
    raise typer.Exit(READER_GONE)
