"""Many years of a site: percentiles over weather years and utilisation that chance has drawn.

The dice are rolled by whoever asks; here the draws are only lived through, a few members at a time,
so that memory does not grow with how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allod.domain.site import Site
from allod.energy.grid import Grid, Values
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.simulation import figures_of, simulate_site, utilised_w
from allod.errors import InvalidInput

AT_ONCE = 8  #: Members that are lived through together: their arrays fit the processor's cache.
PERCENTILES = (10, 50, 90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """What chance has drawn for each member; all (members,)."""

    weather: NDArray[np.int64]  #: Which of the weather years.
    utilisation: Values  #: Mean over the time, 0 to 1. [1]


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over all members."""

    name: str
    unit: str
    method: str
    percentiles: tuple[float, ...]  #: P10, P50 and P90; NaN where it is not known.


def spread(
    site: Site,
    grid: Grid,
    airs: Sequence[OutdoorAir],
    shape: Values,
    draws: Draws,
    told: Callable[[int], None] = lambda done: None,
) -> tuple[Spread, ...]:
    """Percentiles of all figures over the members that were drawn.

    Args:
        site: The document; its supply is left out, for it would need a series for each weather.
        grid: The time.
        airs: Weather years, each on the grid.
        shape: Utilisation over time, 1 at its mean; (steps,). [1]
        draws: What chance has drawn.
        told: Is told how many members are done.

    Raises:
        InvalidInput: Nothing was drawn, or a fact that is needed is not known.
    """
    if not len(draws.weather):
        raise InvalidInput("a sample of no members", mend="draw at least one")
    alone = site.model_copy(update={"supply": None})
    rows: dict[str, list[Values]] = {}
    about: dict[str, tuple[str, str]] = {}
    for first in range(0, len(draws.weather), AT_ONCE):
        chosen = slice(first, first + AT_ONCE)
        which = draws.weather[chosen].tolist()
        air = OutdoorAir(
            np.stack([airs[year].temp_c for year in which]),
            np.stack([airs[year].wet_bulb_c for year in which]),
        )
        load = np.minimum(draws.utilisation[chosen, None] * shape, 1.0)
        made = simulate_site(alone, grid, utilised_w(site, load), air)
        for name, (values, unit, method) in figures_of(made).items():
            rows.setdefault(name, []).append(np.atleast_1d(values))
            about[name] = (unit, method)
        told(min(first + AT_ONCE, len(draws.weather)))
    return tuple(_spread(name, *about[name], np.concatenate(parts)) for name, parts in rows.items())


def _spread(name: str, unit: str, method: str, values: Values) -> Spread:
    found = np.percentile(values, PERCENTILES)
    return Spread(name, unit, method, tuple(float(value) for value in found))
