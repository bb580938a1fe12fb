"""The cooling of a site as the engine asks for it: IT power to the meter, and back."""

from __future__ import annotations

from typing import Protocol

from allod.domain.site import Site
from allod.energy import plant_of as plants
from allod.energy.grid import Values
from allod.energy.outdoor_air import OutdoorAir


class Plant(Protocol):
    """What turns IT power into power at the meter, base load left out; see `energy.plant`.

    It takes arrays of one length. NaN: the plant cannot tell, such as without a wet bulb.
    """

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
