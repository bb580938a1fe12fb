"""What a replay came to over time, as series of few points, however long it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from allod.replay import measures
from allod.replay.curves import POWER_W, RUNNING, WAITING
from allod.replay.report import Json
from allod.replay.run import ReplayResult

POINTS_MAX = 1_000  #: Of one series.
_NUMBERS_MAX = 60_000  #: Of all together: with many sites each has fewer points.
_POINTS_LEAST = 50
Floats = npt.NDArray[np.float64]


def series(result: ReplayResult) -> list[Json]:
    """Use, waiting and power of each site and of all, each value the mean of its step.

    All have the same steps, from the first submission on.
    """
    curves, sites = result.outcome.curves, result.engine.layout.sites
    running = curves.means(RUNNING).astype(np.float64)
    if not running.shape[1]:
        return []
    most = max(_POINTS_LEAST, min(POINTS_MAX, _NUMBERS_MAX // (4 * (len(sites) + 1))))
    joined = -(-running.shape[1] // most)
    step_s = joined * curves.cell_s
    running = _joined(running, joined)
    waiting = _joined(curves.means(WAITING).astype(np.float64), joined)
    power_w = _joined(curves.means(POWER_W).astype(np.float64), joined)
    live = np.array(
        [_live(result, site, curves.origin_s, step_s, running.shape[1]) for site in sites]
    ).reshape(len(sites), -1)
    rows = [([row], site) for row, site in enumerate(sites)]
    if len(sites) != 1:
        rows.insert(0, (list(range(len(sites))), ""))
    head = {"start_s": curves.origin_s, "step_s": step_s}
    return [
        {**told, "site": site, **head}
        for which, site in rows
        for told in _told(
            running[which].sum(axis=0),
            live[which].sum(axis=0),
            waiting[which].sum(axis=0),
            power_w[which].sum(axis=0)
            if all(measures.has_known_power(result, sites[row]) for row in which)
            else None,
        )
    ]


def _told(running: Floats, live: Floats, waiting: Floats, power_w: Floats | None) -> Iterator[Json]:
    used = np.divide(running, live, out=np.full(len(live), np.nan), where=live > 0)
    yield {
        "name": "utilisation",
        "unit": "1",
        "basis": "accelerators at work over those that were live, mean of each step",
        "values": [None if np.isnan(value) else round(value, 4) for value in used.tolist()],
    }
    yield {
        "name": "running",
        "unit": "accelerators",
        "basis": "at work, with runs that were reclaimed later, mean of each step",
        "values": [round(value, 1) for value in running.tolist()],
    }
    yield {
        "name": "waiting",
        "unit": "accelerators",
        "basis": "asked for by jobs that ran later, at the site where each ran first",
        "values": [round(value, 1) for value in waiting.tolist()],
    }
    if power_w is not None:
        yield {
            "name": "power",
            "unit": "W",
            "basis": "work at full load at the meter, without base load, mean of each step",
            "values": [round(value) for value in power_w.tolist()],
        }


def _joined(cells: Floats, joined: int) -> Floats:
    """The means of so many cells together; (site, step). Nothing is at work past the last."""
    rest = -cells.shape[1] % joined
    padded = np.pad(cells, ((0, 0), (0, rest)))
    return np.asarray(padded.reshape(len(cells), -1, joined).mean(axis=2))


def _live(result: ReplayResult, site: str, start_s: int, step_s: int, steps: int) -> Floats:
    """Live accelerators of `site`, mean of each step; (steps,)."""
    end_s = start_s + steps * step_s
    document = result.engine.world.sites[site]
    found = np.zeros(steps)
    changes = measures.live_steps(document, start_s, end_s)
    ends = [*(at_s for at_s, _ in changes[1:]), end_s]
    edges = start_s + step_s * np.arange(steps + 1)
    for (from_s, units), to_s in zip(changes, ends, strict=True):
        inside_s = np.minimum(edges[1:], to_s) - np.maximum(edges[:-1], from_s)
        found += units * np.clip(inside_s, 0, step_s) / step_s
    return found
