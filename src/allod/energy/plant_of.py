"""From a site's document to its plant; what the document leaves open is assumed, and listed."""

from __future__ import annotations

from allod.domain.accelerator import ACCELERATORS
from allod.domain.constant import Constant, Grade
from allod.domain.cooling import Cooling, PlantKind
from allod.domain.fact import Fact, Standing
from allod.domain.site import PhaseState, Pool, Site
from allod.energy import constants
from allod.energy.air_cooled import AirCooled
from allod.energy.constant_pue import ConstantPue
from allod.energy.dry_cooler import DryCooled
from allod.energy.plant import CoolingPlant, Plant
from allod.energy.tower import TowerCooled
from allod.errors import InvalidInput

#: Supply, return [°C] and approach [K] where a site does not tell, and why.
_TEMPERATURES = {
    PlantKind.DRY_COOLER: (40, 50, 7, "warm water for cold plates: 45 °C in, 55 °C out at most"),
    PlantKind.AIR: (20, 35, 3, "supply of the economiser's source; return of hot aisles"),
    PlantKind.TOWER: (18, 28, 4, "chilled water for air handlers; towers reach 3 to 5 K"),
}


def plant_of(site: Site, *, design_it_w: float | None = None) -> Plant:
    """The plant of `site`; one of constant PUE if it is not known how it cools.

    `design_it_w` stands in for the document's, as for a phase of the build-out. [W]

    Raises:
        InvalidInput: Neither cooling nor PUE is known, or nothing tells the design IT power.
    """
    cooling = cooling_of(site)
    if cooling is None:
        return _of_pue(site)
    told = {name: constant.value for name, constant in settings(site, cooling).items()}
    design_w = float(design_it_w or told["design_it_w"])
    if design_w <= 0:
        raise InvalidInput(
            f"cooling of site '{site.title}': the IT power it is built for is not known",
            mend="write cooling.design_it_w, or accelerators into the phases",
        )
    return Plant(
        cooling=_made(_kind(cooling), design_w, told),
        design_it_w=design_w,
        loss_share=told["electrical_loss_milli"] / 1000,
        misc_w=told["misc_milli"] / 1000 * design_w,
        return_c=told["return_c"],
    )


def cooling_of(site: Site) -> Cooling | None:
    """The cooling of `site`, if it is known of which kind it is."""
    cooling = site.cooling
    return None if cooling is None or cooling.plant.value is None else cooling


def settings(site: Site, cooling: Cooling) -> dict[str, Constant]:
    """What the plant is made from, by field of `cooling`: the document's, or what is assumed.

    Each says where it is from, so that a report can show on what its figures rest.

    Raises:
        InvalidInput: It is not known of which kind the plant is.
    """
    supply_c, return_c, approach_k, why = _TEMPERATURES[_kind(cooling)]
    rest = constants.MISC_SHARE
    return {
        "design_it_w": _told(
            cooling.design_it_w, installed_it_w(site), "W", "accelerators of all phases"
        ),
        "capture_milli": _told(cooling.capture_milli, *_capture_milli(site, _kind(cooling))),
        "supply_c": _told(cooling.supply_c, supply_c, "°C", why),
        "return_c": _told(cooling.return_c, return_c, "°C", why),
        "approach_k": _told(cooling.approach_k, approach_k, "K", why),
        "electrical_loss_milli": _told(
            cooling.electrical_loss_milli, chain_loss_milli(), "1/1000", "UPS, transformer, PDU"
        ),
        "misc_milli": _told(cooling.misc_milli, rest.value * 1000, "1/1000", rest.source),
    }


def chain_loss_milli() -> int:
    """Losses of transformer, UPS and PDU in a row, in thousandths of what arrives. [1/1000]"""
    chain = (
        constants.UPS_EFFICIENCY.value
        * constants.TRANSFORMER_EFFICIENCY.value
        * constants.PDU_EFFICIENCY.value
    )
    return round(1000 / chain - 1000)


def installed_it_w(site: Site) -> int:
    """IT power of all accelerators that phases name and nobody has cancelled. [W]"""
    pools = {pool.name: power_w(pool) for pool in site.pools}
    return sum(
        (count.value or 0) * pools[name]
        for phase in site.phases
        if phase.state.value is not PhaseState.CANCELLED
        for name, count in phase.accelerators.items()
    )


def power_w(pool: Pool) -> int:
    """IT power of one busy accelerator of `pool`, or 0 if nothing tells it. [W]"""
    own = pool.power_per_accelerator_w.value
    model = ACCELERATORS.get(pool.accelerator.value or "")
    return own if own is not None else model.power_w if model else 0


def _kind(cooling: Cooling) -> PlantKind:
    if cooling.plant.value is None:
        raise InvalidInput("cooling.plant is unknown", mend="write it, or let a scenario assume it")
    return cooling.plant.value


def _made(kind: PlantKind, design_w: float, told: dict[str, float]) -> CoolingPlant:
    supply_c, return_c, approach_k = told["supply_c"], told["return_c"], told["approach_k"]
    capture = told["capture_milli"] / 1000
    match kind:
        case PlantKind.DRY_COOLER:
            return DryCooled(
                design_it_w=design_w,
                capture_share=capture,
                supply_c=supply_c,
                return_c=return_c,
                approach_k=approach_k,
            )
        case PlantKind.AIR:
            return AirCooled(design_it_w=design_w, supply_c=supply_c, return_c=return_c)
        case PlantKind.TOWER:
            return TowerCooled(
                design_it_w=design_w,
                capture_share=capture,
                supply_c=supply_c,
                return_c=return_c,
                approach_k=approach_k,
            )


def _capture_milli(site: Site, kind: PlantKind) -> tuple[float, str, str]:
    """The least share of heat that liquid takes from any of the site's accelerators."""
    if kind is not PlantKind.DRY_COOLER:
        return 0, "1/1000", "no liquid to the racks unless the site says so"
    models = [ACCELERATORS.get(pool.accelerator.value or "") for pool in site.pools]
    shares = [model.liquid_share for model in models if model and model.liquid_share]
    least = min(shares, key=lambda share: share.value, default=constants.CAPTURE_SHARE)
    return round(least.value * 1000), "1/1000", least.source


def _told(fact: Fact[int], otherwise: float, unit: str, why: str) -> Constant:
    if fact.value is None:
        return Constant(float(otherwise), unit, why, "assumed")
    grade: Grade = "assumed" if fact.standing is Standing.ASSUMED else "declared"
    return Constant(float(fact.value), unit, fact.source, grade)


def _of_pue(site: Site) -> Plant:
    if site.pue_milli.value is None:
        raise InvalidInput(
            f"site '{site.title}': neither cooling nor pue_milli is known",
            mend="write the plant into cooling, or pue_milli",
        )
    return Plant(
        cooling=ConstantPue(site.pue_milli.value / 1000),
        design_it_w=1.0,
        loss_share=0.0,
        misc_w=0.0,
        return_c=float("nan"),
    )
