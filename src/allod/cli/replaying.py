"""Replaying from the command line: what was asked for, how far it is, what it came to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allod.cli import kernel_cache
from allod.cli.output import Column, counting, note, out, out_json, table
from allod.cli.words import instant
from allod.domain.units import parse_duration_s, parse_instant_s
from allod.errors import InvalidInput

if TYPE_CHECKING:
    from allod.replay.run import Progress, ReplayOptions
    from allod.replay.tables import Table, Value

Json = dict[str, Any]
_BROKEN_SHOWN = 5
#: A trace whose times are later than this counts from 1970; others count from their beginning.
_FROM_1970_S = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says."""

    trace: Path | None
    scenario: Path | None
    pool: int | None
    policy: str | None
    begin: str
    end: str
    seed: int
    format: str | None
    strict: bool
    jobs: Path | None
    html: Path | None
    record: Path | None
    weather: Sequence[str] = ()
    series: Sequence[str] = ()
    grid_carbon: Sequence[str] = ()
    weather_year: int | None = None


def trace(asked: Asked, *, as_json: bool) -> None:
    """Live through a trace and print what came of it.

    Raises:
        InvalidInput: The trace, the scenario or an option is wrong.
    """
    kernel_cache.use()
    from allod.replay.files import check_folder
    from allod.replay.page import write_page
    from allod.replay.report import summary
    from allod.replay.run import replay_trace
    from allod.replay.tables import tables

    options = _options(asked)
    for option, path in (("--html", asked.html), ("--record", asked.record)):
        if path is not None:
            check_folder(path, option)
    with _bar() as forward:
        result = replay_trace(options, forward)
    came_to = summary(result)
    _tell_broken(came_to["trace"])
    if not result.jobs and (asked.begin or asked.end):
        _tell_when(options)
    if not as_json:
        _tell_whole(came_to)
        for made in tables(came_to):
            _show(made)
    if asked.html:
        write_page(result, asked.html)
    recorded = _recorded(options, asked.record) if asked.record else None
    if as_json:
        out_json(came_to | ({"recorded": recorded} if recorded else {}))
        return
    for path, what in ((asked.jobs, "every job is"), (asked.html, "a page with plots is")):
        if path:
            note(f"{what} in {path}")
    if recorded:
        events, decisions = recorded["events"], recorded["decisions"]
        note(f"{events:,} events and {decisions:,} decisions are in {recorded['path']}")


def _recorded(options: ReplayOptions, path: Path) -> Json:
    """What was written down while living through it again event by event."""
    from allod.replay.record import record_trace

    with counting("jobs recorded") as told:
        made = record_trace(options, path, told)
    return asdict(made) | {"path": str(made.path), "seconds": round(made.seconds, 6)}


def _options(asked: Asked) -> ReplayOptions:
    from allod.cli.replay_surroundings import surroundings
    from allod.replay.run import ReplayOptions

    if asked.trace is None:
        raise InvalidInput("there is nothing to replay", mend="name a TRACE or a --log")
    return ReplayOptions(
        trace=asked.trace,
        scenario=asked.scenario,
        pool=asked.pool,
        policy=asked.policy,
        format=asked.format,
        from_s=_time_s("--from", asked.begin),
        to_s=_time_s("--to", asked.end),
        seed=asked.seed,
        strict=asked.strict,
        jobs=asked.jobs,
        surroundings=surroundings(
            asked.scenario, asked.weather, asked.series, asked.grid_carbon, asked.weather_year
        ),
    )


def _time_s(option: str, text: str) -> int | None:
    """A time on the trace's clock: '3600', '2d', or a date for traces that count from 1970."""
    if not text:
        return None
    for read in (parse_duration_s, parse_instant_s):
        try:
            return int(read(text))
        except ValueError:
            continue
    raise InvalidInput(
        f"{option} '{text}' is no time", mend="write seconds, e.g. 2d or 36h, or a date"
    )


def _tell_when(options: ReplayOptions) -> None:
    """When the jobs of the trace were submitted, for those whose --from and --to leave none."""
    from allod.replay.traces import open_trace

    first = last = None
    for chunk in open_trace(options.trace, format=options.format):
        if len(chunk):
            first = int(chunk.submit_s[0]) if first is None else first
            last = int(chunk.submit_s[-1])
    if first is None or last is None:
        note("the trace has no jobs")
        return
    note(
        f"--from and --to leave no job: the first of the trace was submitted at {_on_clock(first)}"
        f", the last at {_on_clock(last)}"
    )


def _on_clock(at_s: int) -> str:
    """A time as --from and --to take it: seconds, and the date where they count from 1970."""
    return f"{at_s} s" + (f" ({instant(at_s)})" if at_s >= _FROM_1970_S else "")


def _tell_whole(came_to: Json) -> None:
    """The replay in a few lines: what world, how many jobs, how fast."""
    counts = ", ".join(
        f"{came_to[name]:,} {word}"
        for name, word in (
            ("jobs", "job" if came_to["jobs"] == 1 else "jobs"),
            ("placed", "placed"),
            ("refused", "refused"),
            ("waiting", "never came to run"),
        )
    )
    out(f"{came_to['title']}, policy {came_to['policy']}: {counts}")
    rate = f" ({came_to['jobs_per_s']:,} jobs/s)" if came_to["jobs_per_s"] else ""
    out(f"read in {came_to['read_s']:.2f} s, decided in {came_to['loop_s']:.2f} s{rate}")
    if came_to["assumed"]:
        out(f"assumed, not known: {', '.join(came_to['assumed'])}")


def _tell_broken(read: Json) -> None:
    """What of the trace could not be used; never silent."""
    for words in read["notes"]:
        note(words)
    if read["unusable"]:
        note(f"{read['unusable']:,} jobs of the trace cannot be replayed and were left out")
    if read["broken"]:
        note(f"{read['broken']:,} broken lines were left out; --strict stops at the first")
        for line in read["broken_first"][:_BROKEN_SHOWN]:
            note("  " + ", ".join(f"{name} {value}" for name, value in line.items()))


def _show(made: Table) -> None:
    columns, cells = [], []
    for i, title in enumerate(made.columns):
        values = [row[i] for row in made.rows]
        numbers = any(isinstance(value, int | float) for value in values)
        # The heading of a number may go on below; a number has no place to break.
        columns.append(Column(title, right=numbers, wraps=numbers or i > 1))
        cells.append(_cells(values))
    out()
    out(made.title)
    table(columns, zip(*cells, strict=True), none="")


def _cells(values: Sequence[Value]) -> list[str]:
    """A column as people read it: as many decimals in each; '-' is not known or does not apply."""
    decimals = max(
        (len(str(value).partition(".")[2]) for value in values if isinstance(value, float)),
        default=0,
    )
    return [
        "-"
        if value in (None, "")
        else value
        if isinstance(value, str)
        else f"{value:,.{decimals}f}"
        for value in values
    ]


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None] | None]:
    """A bar with jobs and jobs/s on a terminal; nothing where there is none."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    words = TextColumn("{task.fields[words]}")
    with Bar(BarColumn(), TaskProgressColumn(), words, console=console, transient=True) as bar:
        task = bar.add_task("replay", total=None, words="making ready")

        def forward(progress: Progress) -> None:
            rate = progress.jobs / progress.seconds if progress.seconds else 0
            bar.update(
                task,
                total=progress.total_bytes,
                completed=progress.read_bytes,
                words=f"{progress.jobs:,} jobs, {rate:,.0f} jobs/s",
            )

        yield forward
