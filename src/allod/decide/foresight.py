"""What is told of the time to come: is it possible, and does the site know what to make of it."""

from __future__ import annotations

from collections.abc import Mapping

from allod.decide.outlook import Outlook
from allod.decide.world import World, meant
from allod.domain.event import CurtailmentCalled, ForecastGiven
from allod.domain.site import Site
from allod.domain.units import NEVER_S, instant_text
from allod.errors import InvalidInput, NotFound

STEPS_MAX = 4_096  #: Of one forecast; more windows would make every search longer.
CALLS_MAX = 256  #: In force or to come at one site; each adds windows to every search there.
_LAST_S = 253_402_300_799  #: The end of the year 9999, the last that a date can tell. [epoch s]
_INSTANTS = range(_LAST_S + 1)
_STEP_S = range(300, 86_401)  #: Lengths that a step of a forecast may have. [s]
_TEMP_MILLI_C = range(-90_000, 70_001)
_MARGIN_MILLI_C = range(30_001)
_WATTS = range(10**12 + 1)
_CARBON_G_PER_KWH = range(10_001)


def told(event: ForecastGiven | CurtailmentCalled, world: World, outlook: Outlook) -> Outlook:
    """`outlook` once `event` is told.

    Raises:
        NotFound: It is about what there is not.
        InvalidInput: It says what cannot be.
    """
    if isinstance(event, CurtailmentCalled):
        _check_call(event, world, outlook)
        return outlook.with_call(event)
    outlook = outlook.with_forecast(event)
    _check_forecast(event, world, outlook)
    return outlook


def _check_forecast(event: ForecastGiven, world: World, outlook: Outlook) -> None:
    """Refuse a forecast that cannot be, or says too little for the cooling of the site."""
    site = _site(event.site, world)
    steps = len(event.temp_milli_c)
    _within(event, "step_s", (event.step_s,), _STEP_S)
    if not 1 <= steps <= STEPS_MAX:
        raise _wrong(event, "temp_milli_c", f"{steps} values", f"give 1 to {STEPS_MAX}")
    _within(event, "start_s", (event.start_s,), _INSTANTS)
    _within(event, "margin_w", (event.margin_w,), _WATTS)
    _within(event, "margin_milli_c", (event.margin_milli_c,), _MARGIN_MILLI_C)
    ends_s = event.start_s + steps * event.step_s
    if not event.at_s < ends_s <= _LAST_S:
        mend = "give a start and steps that reach past now, and not past the year 9999"
        raise _wrong(event, "its end", f"{ends_s} (now is {event.at_s})", mend)
    _within(event, "temp_milli_c", event.temp_milli_c, _TEMP_MILLI_C)
    _within(event, "design_temp_milli_c", (event.design_temp_milli_c,), _TEMP_MILLI_C)
    if event.design_wet_bulb_milli_c is not None:
        _within(event, "design_wet_bulb_milli_c", (event.design_wet_bulb_milli_c,), _TEMP_MILLI_C)
    for name, valid in (
        ("wet_bulb_milli_c", _TEMP_MILLI_C),
        ("base_load_w", _WATTS),
        ("clean_w", _WATTS),
        ("carbon_g_per_kwh", _CARBON_G_PER_KWH),
    ):
        values = getattr(event, name)
        if values and len(values) != steps:
            raise _wrong(event, name, f"{len(values)} values", f"give {steps}, as temp_milli_c has")
        _within(event, name, values, valid)
    thermal = outlook.thermal(event.site, site)
    if thermal is not None and not thermal.can_tell:
        raise _wrong(
            event,
            "wet_bulb_milli_c",
            "not known",
            "the cooling of the site asks for it: give it and design_wet_bulb_milli_c",
        )


def _check_call(event: CurtailmentCalled, world: World, outlook: Outlook) -> None:
    """Refuse a call that cannot be, or is for a node that the envelope has not."""
    site = _site(event.site, world)
    nodes = _nodes(site)
    if event.path not in nodes:
        raise NotFound(
            f"the envelope of site '{event.site}' has no node '{event.path}'",
            mend=meant(event.path, dict.fromkeys(nodes)) if nodes else "give it an envelope",
        )
    if not event.name:
        raise InvalidInput(f"call at site '{event.site}': name is empty", mend="name the call")
    for name, value in (("starts_s", event.starts_s), ("ends_s", event.ends_s)):
        if not (_is_in(value, _INSTANTS) or value == NEVER_S):
            raise _wrong_call(event, name, value, "give a whole instant up to the year 9999")
    if not _is_in(event.power_w, _WATTS):
        mend = f"give whole watts from 0 to {_WATTS.stop - 1}"
        raise _wrong_call(event, "power_w", event.power_w, mend)
    if event.ends_s > event.at_s:
        _check_new_call(event, outlook)


def _check_new_call(event: CurtailmentCalled, outlook: Outlook) -> None:
    """Refuse a call, other than one that takes back, that holds at no time or is one too many."""
    if event.ends_s <= event.starts_s:
        mend = (
            f"give an end after its start ({instant_text(event.starts_s)}), or one that is not "
            f"after now ({instant_text(event.at_s)}) to take the call of this name back"
        )
        raise _wrong_call(event, "ends_s", instant_text(event.ends_s), mend)
    others = [
        call
        for (site, name), call in outlook.calls.items()
        if site == event.site and name != event.name and call.ends_s > event.at_s
    ]
    if len(others) >= CALLS_MAX:
        raise InvalidInput(
            f"call '{event.name}' at site '{event.site}': {len(others)} calls are in force or to "
            "come, and each makes every search for room longer",
            mend="take one back, or give a call that holds the name that it replaces",
        )


def kept(outlook: Outlook, world: World) -> Outlook:
    """What of `outlook` still has a site, and an envelope node, that it is about."""
    if not outlook.forecasts and not outlook.calls:
        return outlook
    forecasts = {name: told for name, told in outlook.forecasts.items() if name in world.sites}
    calls = {
        key: call
        for key, call in outlook.calls.items()
        if call.site in world.sites and call.path in _nodes(world.sites[call.site])
    }
    if len(forecasts) == len(outlook.forecasts) and len(calls) == len(outlook.calls):
        return outlook
    return Outlook(forecasts, calls)


def check_still_told(outlook: Outlook, world: World) -> None:
    """Refuse documents whose cooling asks for more than the forecast of their site says.

    Raises:
        InvalidInput: They do.
    """
    for name in sorted(outlook.forecasts):
        thermal = outlook.thermal(name, world.sites[name])
        if thermal is not None and not thermal.can_tell:
            raise InvalidInput(
                f"the cooling of site '{name}' asks for the wet bulb; its forecast leaves it out",
                mend="give a forecast with wet_bulb_milli_c and design_wet_bulb_milli_c first",
            )


def _site(name: str, world: World) -> Site:
    if name not in world.sites:
        raise NotFound(f"there is no site '{name}'", mend=meant(name, world.sites))
    return world.sites[name]


def _nodes(site: Site) -> Mapping[str, None]:
    """The paths of the nodes of the envelope of `site`."""
    if site.envelope is None:
        return {}
    halls = (f"halls.{hall}" for hall in site.envelope.halls)
    pools = (f"pools.{pool}" for pool in site.envelope.pools)
    return dict.fromkeys(("site", *halls, *pools))


def _within(event: ForecastGiven, name: str, values: tuple[int, ...], valid: range) -> None:
    for i, value in enumerate(values):
        if not _is_in(value, valid):
            mend = f"give {valid.start} to {valid.stop - 1}"
            raise _wrong(event, f"{name}[{i}]" if len(values) > 1 else name, str(value), mend)


def _is_in(value: int, valid: range) -> bool:
    """True if `value` is a whole number in `valid`; True is none, nor is 1.0."""
    return type(value) is int and value in valid


def _wrong_call(event: CurtailmentCalled, name: str, value: object, mend: str) -> InvalidInput:
    return InvalidInput(f"call '{event.name}' at site '{event.site}': {name} is {value}", mend=mend)


def _wrong(event: ForecastGiven, name: str, value: str, mend: str) -> InvalidInput:
    return InvalidInput(f"forecast for site '{event.site}': {name} is {value}", mend=mend)
