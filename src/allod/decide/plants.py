"""The cooling of a site as the engine asks for it: IT power to the meter, and back."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np

from allod.domain.site import PhaseState, Site
from allod.energy import plant_of as plants
from allod.energy.grid import Values
from allod.energy.outdoor_air import OutdoorAir
from allod.energy.plant_of import power_w

_COLDEST_C = -90.0  #: The coldest that may be forecast; cooling takes least there. [°C]
#: (watts left at the meter, (dry, wet bulb) in thousandths of °C)
Question = tuple[int, tuple[int, int | None]]
SOLUTIONS_MAX = 1 << 18  #: Kept of one part of one plant: thirty years of hours.


class Plant(Protocol):
    """What turns IT power into power at the meter, base load left out; see `energy.plant`.

    It takes arrays of one length. NaN: the plant cannot tell, such as without a wet bulb.
    """

    def __hash__(self) -> int:
        """Equal plants tell the same."""

    @property
    def design_it_w(self) -> float:
        """The IT power that it is built for. [W]"""

    def facility_w(self, it_w: Values, air: OutdoorAir) -> Values:
        """What `it_w` of IT power draws at the meter; rises with `it_w`. [W]"""

    def it_limit_w(self, limit_w: Values, air: OutdoorAir) -> Values:
        """The most IT power that draws no more than `limit_w` at the meter. [W]"""

    def water_l_per_h(self, it_w: Values, temp_c: Values, wet_bulb_c: Values) -> Values:
        """Water drawn from outside. [L/h]"""


def plant_of(site: Site) -> Plant | None:
    """The plant that cools `site`; None: only its constant PUE is known.

    Raises:
        InvalidInput: Nothing tells what its cooling is built for.
    """
    return None if plants.cooling_of(site) is None else plants.plant_of(site)


@lru_cache(maxsize=128)
def solutions(plant: Plant, share: float) -> dict[Question, int]:
    """What has been worked out of this `share` of `plant` before; forecasts ask the same again."""
    return {}


@lru_cache(maxsize=128)
def told_before(plant: Plant) -> set[Question]:
    """Questions that `plant` could answer, whatever the answer was."""
    return set()


@lru_cache(maxsize=1024)
def coldest_w(plant: Plant, share: float, left_w: int) -> float:
    """The most IT power of this `share` of `plant` in any weather; NaN: it cannot tell. [W]"""
    coldest = OutdoorAir(np.array([_COLDEST_C]), np.array([_COLDEST_C]))
    return share * float(plant.it_limit_w(np.array([left_w / share]), coldest)[0])


def shares_of(site: Site) -> dict[str, float]:
    """The part of the plant of each node of the envelope: that of the IT power under it."""
    by_pool = dict.fromkeys((pool.name for pool in site.pools), 0)
    each_w = {pool.name: power_w(pool) for pool in site.pools}
    for phase in site.phases:
        if phase.state.value is not PhaseState.CANCELLED:
            for name, count in phase.accelerators.items():
                by_pool[name] += (count.value or 0) * each_w[name]
    total = sum(by_pool.values())
    shares: dict[str, float] = {"site": 1.0}
    for pool in site.pools if total else ():
        hall = f"halls.{pool.hall}"
        shares[f"pools.{pool.name}"] = by_pool[pool.name] / total
        shares[hall] = shares.get(hall, 0.0) + by_pool[pool.name] / total
    return shares
