"""What is around a site while a trace is replayed: weather, own clean power, the public grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from allod.domain.site import Site
from allod.energy.contracts import Delivery, deliveries, known
from allod.energy.grid import Grid, Values
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.supplyyear import Signals, clean_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Series of one site, on the grid of its weather file; all are (steps,) and known throughout.

    A replay at another time than the file's takes the same days of the calendar; one that is longer
    begins anew.
    """

    site: str
    grid: Grid
    air: OutdoorAir
    available: Mapping[str, Values] = field(default_factory=dict)
    """Share of its capacity that each piece of supply delivers, by its name. [1]"""
    grid_g_per_kwh: Values | None = None  #: Carbon of the public grid; None: not known. [g/kWh]
    source: str = ""  #: Of the weather, in words.

    def steps_of(self, grid: Grid, world_s: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The step of each series that stands for each step of `grid`; (steps,).

        `world_s` is when the replay begins: it says which years stand for each other.
        """
        origin_s = self.grid.start_s
        if not origin_s <= world_s < self.grid.end_s:
            origin_s += _new_year_s(world_s) - _new_year_s(origin_s)
        found: np.ndarray[tuple[int], np.dtype[np.int64]] = (
            (grid.times_s() - origin_s) // self.grid.step_s % self.grid.steps
        )
        return found

    def on(self, grid: Grid, world_s: int) -> Surroundings:
        """These series on another grid of the same steps."""
        at = self.steps_of(grid, world_s)
        carbon = self.grid_g_per_kwh
        return Surroundings(
            site=self.site,
            grid=grid,
            air=OutdoorAir(self.air.temp_c[at], self.air.wet_bulb_c[at]),
            available={name: share[at] for name, share in self.available.items()},
            grid_g_per_kwh=None if carbon is None else carbon[at],
            source=self.source,
        )

    def signals(self) -> Signals:
        """What is known of the public grid."""
        return Signals(grid_g_per_kwh=self.grid_g_per_kwh)

    def clean_w(self, site: Site) -> Values | None:
        """Own clean power that is there for `site`; (steps,). None: no supply is known. [W]

        Raises:
            InvalidInput: A fact of its supply is needed and not known, or a series is missing.
        """
        if site.supply is None:
            return None
        sources = deliveries(self.grid, site.supply, self.available)
        own, bought = clean_in(sources, known(site.supply.grid.zone, "supply.grid.zone"))
        return _sum_w(self.grid, [*own, *bought])


def _sum_w(grid: Grid, sources: list[Delivery]) -> Values:
    total = np.zeros(grid.steps)
    for source in sources:
        total = total + source.energy_wh / grid.step_h
    return total


def _new_year_s(at_s: int) -> int:
    """When the year of `at_s` began. [epoch s]"""
    return int(datetime(datetime.fromtimestamp(at_s, UTC).year, 1, 1, tzinfo=UTC).timestamp())
