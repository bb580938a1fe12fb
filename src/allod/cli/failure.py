"""A replica's failure in a line: how it ended, and what it wrote that says most.

The node tells how a replica ended in a first line that begins with its id, and below it the last
lines that its engine wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from allod.cli.words import printable

#: 'RuntimeError: no such model', 'llama_model_load: error: ...'. What an engine writes after it,
#: such as a warning of a process that is left, says less.
_ERROR = re.compile(r"^\s*[\w.]*(?:Error|Exception)\b|\b(?:error|fatal)\b\s*:", re.IGNORECASE)


def told(said: str) -> str:
    """The failure in one line."""
    head, _, words = said.partition("\n")
    last = _telling(words.splitlines())
    return printable(f"{head}: {last}" if last else head)


def lines(service: str, said: str) -> Iterator[str]:
    """The failure in one line, and where the rest is, if there is more."""
    yield told(said)
    if len(said.splitlines()) > 2:
        yield f"`allod service logs {service} --replica {replica(said)}` prints all that it wrote"


def replica(said: str) -> str:
    """Whose failure it is; '' if none was even started."""
    first = said.partition(" ")[0]
    return first if re.fullmatch(r"w\d+", first) else ""


def _telling(words: list[str]) -> str:
    """The last line that names an error, else the last one."""
    written = [line for line in words if line.strip()]
    named = [line for line in written if _ERROR.search(line)]
    return (named or written or [""])[-1]
