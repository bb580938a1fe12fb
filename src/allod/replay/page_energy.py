"""What forecasts and calls came to, on a replay's page: power at the meter, counts and figures.

The same numbers as in the summary and the text; a site that was told of nothing has no part in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape

import numpy as np

from allod.energy.grid import Values
from allod.replay import plots
from allod.replay.energy import meter_of
from allod.replay.metered import Metered
from allod.replay.plots import Line
from allod.replay.report import Json
from allod.replay.run import ReplayResult
from allod.replay.tables import Table
from allod.replay.words import energy, number, power

_POINTS = 400  #: Of a curve at most.
_SITES_DRAWN = 8  #: The first have pictures of their own; all are in the tables.
_TITLES = ("Forecasts and shedding", "Calls for less power", "Energy")
#: Figures that stand beside the picture of a site, as `energy.simulation` names them.
_FIGURES = ("energy at the meter", "PUE", "carbon by location", "carbon by market")


def energy_section(
    result: ReplayResult, told: Json, made: Mapping[str, Table], card: Callable[[Table], str]
) -> str:
    """The section; nothing where no site was told of the time to come.

    Args:
        result: The replay.
        told: Its summary.
        made: Its tables by title.
        card: Makes a table into HTML.
    """
    sites = told.get("energy", [])
    if not sites:
        return ""
    drawn = "".join(_site(result, site) for site in sites[:_SITES_DRAWN]) if told["placed"] else ""
    tables = "".join(
        f"<h3>{title}</h3>{card(made[title])}"
        for title in _TITLES
        if title in made and made[title].rows
    )
    about = "power at the meter at the true weather, as P1 counts it; what was reclaimed for it"
    return (
        f'<section id="energy"><h2>Forecasts, calls and energy<small>{about}</small></h2>'
        f'<div class="pair">{drawn}</div>{tables}</section>'
    )


def _site(result: ReplayResult, site: Json) -> str:
    facts = [
        ("shed plans", number(site["shed_plans"])),
        ("delayed", number(site["delayed"])),
        ("reclaimed", number(site["reclaimed"])),
        ("moved", number(site["moved"])),
    ]
    if site["moved"]:
        facts.append(("saved from the grid", energy(site["saved_wh"])))
    if site["peak_w"] is not None:
        facts.append(("peak", power(site["peak_w"])))
    facts += [
        (one["name"], f"{one['value']:,.4g} {one['unit'].removeprefix('1')}".strip())
        for one in site["figures"]
        if one["name"] in _FIGURES and one["value"] is not None
    ]
    told = "".join(f"<span>{escape(name)} <b>{escape(value)}</b></span>" for name, value in facts)
    return (
        f'<article class="card site"><header><h3>{escape(site["site"])}</h3></header>'
        f'<p class="facts">{told}</p>{_picture(result, site["site"])}</article>'
    )


def _picture(result: ReplayResult, name: str) -> str:
    """Power at the meter of site `name` under what documents and calls allow."""
    meter = meter_of(result, name)
    if meter is None or not np.isfinite(meter.limit_w).all():
        return ""
    x, mean, low, high, limit = _thinned(meter)
    start_s, end_s = int(meter.times_s[0]), int(meter.times_s[-1])
    return plots.plot(
        "Power at the meter and what is allowed",
        f"Power at the meter of {name} over time at the true weather, under its envelope with "
        "the calls for less.",
        [
            Line("drawn", mean, "power", "area", low=low, high=high),
            Line("allowed", limit, "cap", "step"),
        ],
        x,
        plots.times(start_s, end_s, dated=result.world.starts_s > 0),
        plots.amounts(max(*limit, *high), power),
        size=(540, 150),
    )


def _thinned(meter: Metered) -> tuple[list[float], ...]:
    """Times; mean, least and most that was drawn around each; and the least that was allowed."""
    start_s, end_s = int(meter.times_s[0]), int(meter.times_s[-1])
    edges = np.unique(np.linspace(start_s, end_s, _POINTS + 1).astype(np.int64))
    times = np.union1d(edges, meter.times_s)
    held = np.searchsorted(meter.times_s, times[:-1], side="right") - 1
    first = np.searchsorted(times, edges[:-1])
    length_s = np.diff(times).astype(float)
    drawn: Values = meter.drawn_w[held]
    mean = np.add.reduceat(drawn * length_s, first) / np.diff(edges)
    series = (
        (edges[:-1] + edges[1:]) / 2,
        mean,
        np.minimum.reduceat(drawn, first),
        np.maximum.reduceat(drawn, first),
        np.minimum.reduceat(meter.limit_w[held], first),
    )
    return tuple(values.tolist() for values in series)
