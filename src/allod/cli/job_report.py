"""The report on one workload: what it drew at its nodes, and what that was of its site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from allod.cli.client import Json, connect, part
from allod.cli.energy_meters import gather
from allod.cli.energy_sites import site_of
from allod.cli.energy_view import meters
from allod.cli.job_counters import OTHERS, Counted, counted
from allod.cli.output import Column, out, out_json, pairs, table, waiting
from allod.cli.used import short
from allod.cli.words import instant
from allod.domain.site import Site
from allod.domain.units import instant_text, parse_duration_s
from allod.energy.account import Account, Evidence
from allod.energy.eu2024_1364 import year_of
from allod.energy.grid import HOUR_S, Grid
from allod.energy.kpi import Kpi
from allod.energy.of_run import of_run
from allod.energy.plain import meter_json
from allod.energy.report import facts_of
from allod.errors import InvalidInput

_J_PER_WH = 3600
_NOBODY = "nobody counted what its nodes drew"
_FIGURES = (
    Column("figure"),
    Column("value", right=True),
    Column("unit"),
    Column("per accelerator-hour", right=True),
    Column("how", wraps=True),
    Column("from, or what lacks", wraps=True),
)


@dataclass(frozen=True, slots=True)
class JobReport:
    """A run that has ended, with all that is known of what it used."""

    view: Json  #: The workload.
    grid: Grid  #: The steps in which it ran.
    told_by: str  #: Name of the figure by which its part of the site is told; '' if there is none.
    figures: tuple[Kpi, ...]  #: Measured first, then its part of the site, then modelled.
    evidence: tuple[Evidence, ...]  #: The site's meters.

    @property
    def hours(self) -> float:
        """Accelerator-hours. [h]"""
        took_s: int = self.view["ended_at_s"] - self.view["started_at_s"]
        return float(self.view["accelerators"] * took_s / HOUR_S)


def show(
    data: Path, workload_id: str, step: str, readings: Sequence[Path], *, as_json: bool
) -> None:
    """Print what the latest run of a workload used.

    Raises:
        InvalidInput: It has not run or not ended, or an option or a file of readings is wrong.
    """
    with connect(data) as node:
        view = node.get(f"/v1/workloads/{part(workload_id)}")
    if view["started_at_s"] is None or view["ended_at_s"] is None:
        raise InvalidInput(
            f"workload '{workload_id}' is {view['state']}, and a report is of a run that has ended",
            mend=f"see how it stands: `allod show {workload_id}`",
        )
    _, site = site_of(data, view["site"])
    made = _made(view, site, _grid(view, step), readings)
    if as_json:
        out_json(_json(made))
    else:
        _print(made)


def _grid(view: Json, step: str) -> Grid:
    """The steps that the run touches."""
    try:
        step_s = parse_duration_s(step)
    except ValueError as error:
        raise InvalidInput(f"--step {error}") from error
    if step_s < 1 or HOUR_S % step_s:
        raise InvalidInput(f"--step {step}: an hour is no whole number of it", mend="write 15min")
    first = view["started_at_s"] // step_s
    return Grid(first * step_s, step_s, max(1, -(-view["ended_at_s"] // step_s) - first))


def _made(view: Json, site: Site, grid: Grid, readings: Sequence[Path]) -> JobReport:
    with waiting("reading meters"):
        evidence = gather(site.meters, grid, readings)
        counters = counted(view, site)
    facts, _ = facts_of(site, year_of(grid))
    measured = _measured(view)
    own = _own(view, measured, counters)
    found = of_run(Account(grid, evidence, frozenset(facts.absent)), facts, own.value or 0.0)
    if own.value is None:
        found = tuple(Kpi(one.name, None, one.unit, one.method, (), (_NOBODY,)) for one in found)
    return JobReport(
        view,
        grid,
        own.name if own.value is not None else "",
        (measured, *(one.figure for one in counters), *found, *_modelled(view)),
        (*evidence, *(item for one in counters for item in one.evidence)),
    )


def _own(view: Json, measured: Kpi, counters: Sequence[Counted]) -> Kpi:
    """The figure by which its part is told: of whole nodes, best without others in it."""
    known = [(view["measured_shared"], measured)] if measured.value is not None else []
    known += [(one.shared, one.figure) for one in counters if one.whole]
    return min(known, key=lambda one: one[0])[1] if known else measured


def _measured(view: Json) -> Kpi:
    """What the counters of its nodes said."""
    name, how = "energy at its nodes", "counters of its nodes, by the system that ran it"
    if not view["measured_j"]:
        return Kpi(name, None, "Wh", how, (), (_NOBODY,))
    if view["measured_shared"]:
        how += OTHERS
    where = f"job {view['job']} on {', '.join(view['node_names'])}"
    return Kpi(name, view["measured_j"] / _J_PER_WH, "Wh", how, (where,))


def _modelled(view: Json) -> Iterator[Kpi]:
    """What it may have used by its placement, where that says so."""
    by_forecast = "its placement's forecast, for the part of the time that it ran"
    for name, amount, unit, how in (
        ("energy", view["modelled_wh"], "Wh", "what it may draw at the meter, times its time"),
        ("carbon", view["modelled_carbon_g"], "g CO2e", by_forecast),
        ("water", view["modelled_water_l"], "l", by_forecast),
    ):
        if amount is not None:
            yield Kpi(f"modelled {name}, at most", amount, unit, how, ("the log",))


def _print(made: JobReport) -> None:
    view, grid = made.view, made.grid
    pairs(
        [
            ("workload", f"{view['id']} {view['name']}, run {view['run']}"),
            ("ran", f"{instant(view['started_at_s'])} to {instant(view['ended_at_s'])}"),
            ("at", f"{view['site']}/{view['pool']}"),
            ("held", f"{short(made.hours)} accelerator-hours"),
            ("meters", f"{instant_text(grid.start_s)} to {instant_text(grid.end_s)}"),
            *([("part by", made.told_by)] if made.told_by else ()),
        ]
    )
    out()
    table(_FIGURES, (_row(made, figure) for figure in made.figures), none="nothing is known")
    meters(made.evidence)


def _row(made: JobReport, figure: Kpi) -> tuple[object, ...]:
    value = "-" if figure.value is None else short(figure.value)
    each = "-" if figure.value is None or not made.hours else short(figure.value / made.hours)
    why = "; ".join(figure.missing or figure.inputs)
    return figure.name, value, figure.unit, each, figure.method, why


def _json(made: JobReport) -> Json:
    view = made.view
    return {
        "workload": view["id"],
        "run": view["run"],
        "site": view["site"],
        "pool": view["pool"],
        "started_at_s": view["started_at_s"],
        "ended_at_s": view["ended_at_s"],
        "accelerator_hours": made.hours,
        "meters_from_s": made.grid.start_s,
        "meters_to_s": made.grid.end_s,
        "step_s": made.grid.step_s,
        "shared_nodes": view["measured_shared"],
        "part_by": made.told_by,
        "figures": [
            {
                "name": figure.name,
                "value": figure.value,
                "unit": figure.unit,
                "method": figure.method,
                "inputs": list(figure.inputs),
                "missing": list(figure.missing),
            }
            for figure in made.figures
        ],
        "meters": [meter_json(item) for item in made.evidence],
    }
