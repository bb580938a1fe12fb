"""The roadmap in words and pictures: announced, granted and live, by year; target against sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

from allod.catalogue.answers.days import known_on
from allod.catalogue.answers.roadmap import RegionRoadmap, roadmap_of
from allod.cli import report_page
from allod.cli.announced import today
from allod.cli.output import Column, note, out, out_json, pairs, table
from allod.cli.words import power
from allod.plan.roadmap import STAGES, Roadmap
from allod.replay.plots import Axis, Line, amounts, plot

_YEARS = (
    Column("by the end of"),
    *(Column(f"MW {stage}", right=True) for stage in STAGES),
    *(Column(f"accel. {stage}", right=True) for stage in STAGES),
)
_STEPS = (
    Column("site"),
    Column("country"),
    Column("phase"),
    Column("stage"),
    Column("due"),
    Column("adds", right=True),
    Column("of"),
    Column("accelerators", right=True),
    Column("delivered / accepted / live", right=True),
)
_MATURITY = (
    Column("sites are"),
    Column("sites", right=True),
    Column("announced power", right=True),
)
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for."""

    region: str
    on: Date | None
    html: Path | None


def show(asked: Asked, *, as_json: bool) -> None:
    """Print the roadmap of a region, or write its page."""
    found = roadmap_of(known_on(asked.on or today()), asked.region)
    if asked.html:
        title, subtitle = f"Roadmap: {found.region.title}", _subtitle(found.day)
        report_page.write(asked.html, title, subtitle, _page(found))
        note(f"page written to {asked.html}")
    if as_json:
        out_json(found.to_json())
    elif not asked.html:
        _print(found)


def _subtitle(day: Date) -> str:
    return f"as known on {day}; power as announced, of IT or of the facility as each phase says"


def _print(found: RegionRoadmap) -> None:
    made = found.made
    pairs([("region", found.region.title), ("as known on", found.day), *_target(found)])
    out()
    table(_YEARS, _years(made), none="no phase has a date")
    out()
    table(_MATURITY, _maturities(made), none="no site is there")
    out()
    table(_STEPS, _steps(made), none="no phase is known")
    for line in _said(made, found.day):
        out(line)


def _target(found: RegionRoadmap) -> Iterator[tuple[str, object]]:
    """A cluster's target beside the sum of its sites."""
    target = found.target_w
    if target is None:
        return
    standing = {name: w for name, w in found.made.by_maturity_w.items() if name != "cancelled"}
    total = sum(standing.values())
    yield "target", power(target)
    parts = ", ".join(f"{name} {power(w)}" for name, w in standing.items())
    yield "sum of its sites", f"{power(total)} ({parts}), {total / target:.0%} of the target"


def _years(made: Roadmap) -> Iterator[tuple[object, ...]]:
    for year in made.years:
        yield (
            year.year,
            *(f"{year.power_w[stage] / 1e6:,.0f}" for stage in STAGES),
            *(f"{year.accelerators[stage]:,}" for stage in STAGES),
        )
    if any(made.undated_w.values()) or any(made.undated_accelerators.values()):
        yield (
            "no date",
            *(f"{made.undated_w[stage] / 1e6:,.0f}" for stage in STAGES),
            *(f"{made.undated_accelerators[stage]:,}" for stage in STAGES),
        )


def _maturities(made: Roadmap) -> Iterator[tuple[object, ...]]:
    for name, sites in sorted(made.by_maturity_sites.items()):
        yield name, sites, power(made.by_maturity_w[name])


def _steps(made: Roadmap) -> Iterator[tuple[object, ...]]:
    for step in made.steps:
        there = (step.delivered, step.accepted, step.live)
        yield (
            step.site,
            step.country,
            step.phase or "(in no phase)",
            step.stage,
            step.due or _UNKNOWN,
            power(step.power_w) if step.power_w is not None else _UNKNOWN,
            step.power_is,
            _count(step.accelerators),
            " / ".join(map(_count, there)) if any(n is not None for n in there) else _UNKNOWN,
        )


def _count(number: int | None) -> str:
    return _UNKNOWN if number is None else f"{number:,}"


def _said(made: Roadmap, day: Date) -> Iterator[str]:
    """What is late, and what the sums leave out."""
    late = [
        f"{step.site} {step.phase} ({step.due})"
        for step in made.steps
        if step.due and step.due < day and step.stage != "live"
    ]
    if late:
        yield f"was due and is not known to be live: {', '.join(late)}"
    if made.without_power:
        yield f"power unknown, in no sum: {', '.join(made.without_power)}"
    if made.cancelled:
        yield f"cancelled, in no sum by year: {', '.join(made.cancelled)}"


def _page(found: RegionRoadmap) -> list[str]:
    made = found.made
    facts = [f"{name}: {value}" for name, value in _target(found)]
    return [
        *_pictures(made),
        report_page.words("Target and what the sums leave out", [*facts, *_said(made, found.day)]),
        report_page.table("By the end of each year", _YEARS, _years(made)),
        report_page.table("How far the sites are", _MATURITY, _maturities(made)),
        report_page.table("Phases", _STEPS, _steps(made)),
    ]


def _pictures(made: Roadmap) -> list[str]:
    if not made.years:
        return []
    power_mw = [[year.power_w[stage] / 1e6 for year in made.years] for stage in STAGES]
    counts = [[float(year.accelerators[stage]) for year in made.years] for stage in STAGES]
    about = "what is promised for the end of each year, by how far it has come"
    return [
        _stack("Power [MW]", about, made, power_mw),
        _stack("Accelerators", about, made, counts),
    ]


def _stack(title: str, about: str, made: Roadmap, values: Sequence[Sequence[float]]) -> str:
    """What is live below, what is only announced on top."""
    years = [float(year.year) for year in made.years]
    if len(years) == 1:  # One year is drawn as a bar from its beginning.
        years, values = [years[0] - 1, years[0]], [[row[0], row[0]] for row in values]
    lines = [
        Line(stage, row, f"s{i}", "stack")
        for i, (stage, row) in reversed(list(enumerate(zip(STAGES, values, strict=True))))
    ]
    most = max(sum(column) for column in zip(*values, strict=True))
    marks = [(year, f"{year:.0f}") for year in years]
    beyond = 0.03 * (years[-1] - years[0])  # Room for the last year's name.
    x_axis = Axis(years[0], years[-1] + beyond, marks, lambda year: f"{year:.0f}")
    return plot(title, about, lines, years, x_axis, amounts(most, lambda value: f"{value:,.0f}"))
