"""The pictures of a replay: who ran, who waited, what was drawn, how long waits were."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from allod.replay import measures, plots
from allod.replay.curves import POWER_W, RUNNING, WAITING
from allod.replay.measures import Steps
from allod.replay.outcome import Bins
from allod.replay.plots import Line
from allod.replay.run import ReplayResult
from allod.replay.words import amount, power, span

POINTS = 400  #: Points of a curve at most.
_DRAWN = 7  #: Sites or classes with a colour of their own; the others share one.
_SMALL = (540, 150)
Floats = npt.NDArray[np.float64]


def running(result: ReplayResult) -> str:
    """Accelerators at work by site, one on the other, under what was live."""
    x, _, _ = _thinned(result, RUNNING, 0)
    sites = list(result.engine.world.sites[name] for name in result.engine.layout.sites)
    start_s, end_s = measures.span_s(result)
    live = _at(_sum([measures.live_steps(site, start_s, end_s) for site in sites]), x)
    return plots.plot(
        "Accelerators at work",
        "Accelerators at work over time by site, under the number that was live.",
        [*_by_site(result, RUNNING), Line("live", live, "cap", "step")],
        x,
        _time_axis(result),
        plots.amounts(max(live), amount),
    )


def waiting(result: ReplayResult) -> str:
    """Accelerators asked for by those who waited for their first run."""
    lines = _by_site(result, WAITING)
    x, _, _ = _thinned(result, WAITING, 0)
    most = max(sum(values) for values in zip(*(line.y for line in lines), strict=True))
    return plots.plot(
        "Accelerators waited for",
        "Accelerators asked for by waiting jobs, at the site where each later ran.",
        lines,
        x,
        _time_axis(result),
        plots.amounts(most, amount),
    )


def site_running(result: ReplayResult, site: str) -> str:
    """Accelerators at work at `site`, under what was live."""
    t = result.engine.layout.site_row[site]
    x, mean, (low, high) = _thinned(result, RUNNING, t)
    start_s, end_s = measures.span_s(result)
    live = _at(measures.live_steps(result.engine.world.sites[site], start_s, end_s), x)
    return plots.plot(
        "Accelerators at work",
        f"Accelerators at work at {site} over time: mean, and lowest to highest, under what was "
        "live.",
        [
            Line("at work", mean, "s0", "area", low=low, high=high),
            Line("live", live, "cap", "step"),
        ],
        x,
        _time_axis(result),
        plots.amounts(max(live), amount),
        size=_SMALL,
    )


def site_power(result: ReplayResult, site: str) -> str:
    """Power at the meter of `site` against its envelope; nothing if either is not known."""
    document = result.engine.world.sites[site]
    if document.envelope is None or not measures.has_known_power(result, site):
        return ""
    start_s, end_s = measures.span_s(result)
    steps = measures.envelope_steps(document.envelope.site, start_s, end_s)
    base_w = measures.base_load_w(document)
    if not steps or base_w is None:
        return ""
    x, mean, (low, high) = _thinned(result, POWER_W, result.engine.layout.site_row[site])
    envelope = _at(steps, x)
    return plots.plot(
        "Power at the meter",
        f"Power drawn at {site} over time with its base load, under its envelope.",
        [
            Line(
                "drawn",
                [value + base_w for value in mean],
                "power",
                "area",
                low=[value + base_w for value in low],
                high=[value + base_w for value in high],
            ),
            Line("envelope", envelope, "cap", "step"),
        ],
        x,
        _time_axis(result),
        plots.amounts(max(envelope), power),
        size=_SMALL,
    )


def waits(result: ReplayResult) -> str:
    """How long jobs waited: for each class the share that waited at most so long."""
    return _cumulative(
        result,
        "Share of jobs that waited at most so long",
        "For each class the share of its jobs whose wait was at most the time on the axis.",
        result.outcome.waits,
        plots.spans(int(result.outcome.tally.longest_s.max()), span),
    )


def slowdowns(result: ReplayResult) -> str:
    """By how much waits stretched jobs: for each class the share stretched at most so much."""
    everyone = list(range(result.outcome.tally.groups))
    most = (result.outcome.slowdowns.percentile(everyone, 1.0) or 1000) / 1000
    return _cumulative(
        result,
        "Share of jobs that were slowed down at most so much",
        "For each class the share of its jobs whose bounded slowdown was at most that on the axis.",
        result.outcome.slowdowns,
        plots.factors(most),
        scale=1000,
    )


def _cumulative(
    result: ReplayResult, title: str, about: str, bins: Bins, axis: plots.Axis, scale: int = 1
) -> str:
    """A cumulative distribution by class; `scale`: units of the bins in one of the axis."""
    placed = result.outcome.tally.placed
    classes = [c for c in np.argsort(-placed, kind="stable").tolist() if placed[c]]
    groups = [(_class_name(result, c), [c]) for c in classes[:_DRAWN]]
    if len(classes) > _DRAWN:
        groups.append(("all others", classes[_DRAWN:]))
    x = axis.even(POINTS)
    lines, least = [], 1.0
    for i, (name, rows) in enumerate(groups):
        values, counts = bins.cumulative(rows)
        reached = np.searchsorted(values, np.array(x) * scale, side="right")
        share = np.concatenate([[0], counts])[reached] / counts[-1]
        least = min(least, float(share[0]))
        lines.append(Line(name, share.tolist(), f"s{i if i < _DRAWN else 8}"))
    return plots.plot(title, about, lines, x, axis, plots.shares(least), size=(plots.WIDTH, 260))


def _class_name(result: ReplayResult, c: int) -> str:
    site = result.engine.layout.classes[c][0]
    path = measures.class_path(result, c)
    return f"{site}: {path}" if path else site


def _by_site(result: ReplayResult, curve: int) -> list[Line]:
    """One line per site, stacked; the smallest share one."""
    used_s = np.zeros(len(result.engine.layout.sites), np.int64)
    np.add.at(used_s, result.outcome.site_of_class, result.outcome.tally.used_s)
    order = np.argsort(-used_s, kind="stable").tolist()
    lines = [
        Line(
            result.engine.layout.sites[t],
            _thinned(result, curve, t)[1],
            f"s{i}",
            "stack",
        )
        for i, t in enumerate(order[:_DRAWN])
    ]
    if len(order) > _DRAWN:
        rest = np.sum([_thinned(result, curve, t)[1] for t in order[_DRAWN:]], axis=0)
        lines.append(Line(f"{len(order) - _DRAWN} others", rest.tolist(), "s8", "stack"))
    return lines


def _thinned(
    result: ReplayResult, curve: int, site: int
) -> tuple[list[float], list[float], tuple[list[float], list[float]]]:
    """Times, means, and the lowest and highest cell behind each point of a curve."""
    curves = result.outcome.curves
    cells = curves.means(curve)[site].astype(np.float64)
    first = max(0, (measures.span_s(result)[0] - curves.origin_s) // curves.cell_s)
    cells = cells[first:]
    width = max(1, -(-len(cells) // POINTS))
    starts = np.arange(0, len(cells), width)
    counts = np.diff(np.append(starts, len(cells)))
    mean = np.add.reduceat(cells, starts) / counts
    low, high = np.minimum.reduceat(cells, starts), np.maximum.reduceat(cells, starts)
    x = curves.origin_s + (first + starts + counts / 2) * curves.cell_s
    return x.tolist(), mean.tolist(), (low.tolist(), high.tolist())


def _time_axis(result: ReplayResult) -> plots.Axis:
    start_s, end_s = measures.span_s(result)
    return plots.times(start_s, end_s, dated=result.world.starts_s > 0)


def _at(steps: Steps, x: list[float]) -> list[float]:
    """The value of `steps` at each time."""
    starts = np.array([start for start, _ in steps])
    values = np.array([value for _, value in steps], np.float64)
    places = np.searchsorted(starts, np.array(x), side="right") - 1
    found: list[float] = values[np.maximum(places, 0)].tolist()
    return found


def _sum(many: list[Steps]) -> Steps:
    """The sum of steps that all begin together."""
    dates = sorted({start for steps in many for start, _ in steps})
    return [
        (date, sum([value for start, value in steps if start <= date][-1] for steps in many))
        for date in dates
    ]
