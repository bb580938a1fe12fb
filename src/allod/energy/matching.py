"""Matching: which part of a load is covered by clean supply, over a year, an hour, a quarter-hour.

What counts is energy in the same interval and, in every method but the plain annual one, in the
same bidding zone. The CFE score follows Google, '24/7 Carbon-Free Energy: Methodologies and
Metrics' (2021). NaN in a series makes the score NaN: what is not known is not matched by guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from allod.energy.grid import HOUR_S, Grid, Values, sums
from allod.errors import InvalidInput

QUARTER_S = 900


class Method(StrEnum):
    """Over which time, and where, supply may cover a load."""

    ANNUAL = "annual"  #: Over the whole time, from any zone.
    ANNUAL_SAME_ZONE = "annual-same-zone"  #: Over the whole time, from the zone of the load.
    HOURLY = "hourly"  #: In the same hour and zone.
    QUARTER_HOURLY = "quarter-hourly"  #: In the same 15 minutes and zone.


#: Length of the interval in which supply may cover load; None is the whole time. [s]
INTERVAL_S: dict[Method, int | None] = {
    Method.ANNUAL: None,
    Method.ANNUAL_SAME_ZONE: None,
    Method.HOURLY: HOUR_S,
    Method.QUARTER_HOURLY: QUARTER_S,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Clean energy of one plant or contract."""

    name: str
    zone: str  #: Bidding zone in which it feeds in.
    energy_wh: Values  #: (..., steps). [Wh per step]


def matched_wh(
    grid: Grid, load_wh: Values, zone: str, sources: Sequence[Source], method: Method
) -> Values:
    """Load that is covered, by interval; (..., intervals). [Wh]

    Args:
        grid: The time; its steps must be no longer than the method's interval.
        load_wh: What was consumed; (..., steps). [Wh per step]
        zone: Bidding zone of the load.
        sources: Clean energy, each unit of it named once.
        method: Over which time, and where, it may cover the load.

    Raises:
        InvalidInput: The steps are too long for the method, or do not fill its intervals.
    """
    grid.check("load_wh", load_wh)
    clean = np.zeros(grid.steps)
    for source in sources:
        if method is Method.ANNUAL or source.zone == zone:
            clean = clean + grid.check(source.name, source.energy_wh)
    many = steps_in(grid, method)
    return np.minimum(sums(load_wh, many), sums(clean, many))


def steps_in(grid: Grid, method: Method) -> int:
    """Steps of `grid` in one interval of `method`.

    Raises:
        InvalidInput: The steps are longer than the interval, or do not fill it.
    """
    interval_s = INTERVAL_S[method]
    if interval_s is None:
        return grid.steps
    if grid.step_s > interval_s:
        raise InvalidInput(
            f"{method} matching of steps of {grid.step_s} s",
            mend=f"give series with steps of {interval_s} s or less; a longer one hides the misses",
        )
    whole = grid.start_s % interval_s == 0 and grid.end_s % interval_s == 0
    if interval_s % grid.step_s or not whole:
        raise InvalidInput(
            f"steps of {grid.step_s} s from {grid.start_s} s do not fill whole intervals of "
            f"{interval_s} s"
        )
    return interval_s // grid.step_s


def match_share(
    grid: Grid, load_wh: Values, zone: str, sources: Sequence[Source], method: Method
) -> Values:
    """Share of the load that is covered; (...,), 0 to 1, NaN where something is not known. [1]

    Raises:
        InvalidInput: As `matched_wh`.
    """
    return share(matched_wh(grid, load_wh, zone, sources, method).sum(axis=-1), load_wh)


def grid_cfe(
    clean_wh: Values,
    all_wh: Values,
    import_wh: Values | None = None,
    import_cfe: Values | float = 0.0,
) -> Values:
    """Carbon-free share of what the public grid delivers in a zone, imports included; (...). [1]

    Google (2021): (clean in zone + imports * their clean share) / (all in zone + imports).

    Args:
        clean_wh: Carbon-free generation in the zone. [Wh]
        all_wh: All generation in the zone. [Wh]
        import_wh: Net import into the zone; default: none. [Wh]
        import_cfe: Carbon-free share of the import. [1]
    """
    into = np.zeros_like(all_wh) if import_wh is None else import_wh
    there = all_wh + into
    covered = clean_wh + into * import_cfe
    unknown = np.full(np.shape(there), np.nan)
    return np.asarray(np.divide(covered, there, out=unknown, where=there != 0))


def cfe_wh(load_wh: Values, clean_wh: Values, grid_share: Values) -> Values:
    """Carbon-free energy in each step: contracted, and the grid's share of the rest; (...). [Wh]

    min(L, C + max(L - C, 0) * g), Google (2021): what is contracted beyond the load of an hour
    counts for nothing.
    """
    rest = np.maximum(load_wh - clean_wh, 0.0)
    return np.minimum(load_wh, clean_wh + rest * grid_share)


def cfe_score(load_wh: Values, clean_wh: Values, grid_share: Values) -> Values:
    """CFE score over all steps; (..., steps) to (...,). [1]

    Args:
        load_wh: What was consumed. [Wh per step]
        clean_wh: Contracted and own carbon-free energy in the zone of the load. [Wh per step]
        grid_share: Carbon-free share of the public grid. [1]
    """
    return share(cfe_wh(load_wh, clean_wh, grid_share).sum(axis=-1), load_wh)


def share(covered_wh: Values, load_wh: Values) -> Values:
    """`covered_wh` over the sum of the load; NaN where there is no load. [1]"""
    total = np.asarray(load_wh.sum(axis=-1))
    unknown = np.full(total.shape, np.nan)
    return np.asarray(np.divide(covered_wh, total, out=unknown, where=total != 0))
