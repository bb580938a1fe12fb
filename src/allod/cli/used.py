"""What a workload uses in words: expected, modelled and measured, each said which."""

from __future__ import annotations

from collections.abc import Iterator

from allod.cli.client import Json

_J_PER_WH = 3600


def used(view: Json) -> Iterator[tuple[str, str]]:
    """Lines of `allod show`: what was measured comes first, and what was expected while it runs."""
    if view["ended_at_s"] is None:
        yield "expects", _expected(view["expected"])
        return
    yield "energy", _measured(view)
    yield "modelled", _modelled(view)


def _expected(footprint: Json | None) -> str:
    if footprint is None:
        return ""
    parts = [energy(footprint["energy_wh"])]
    parts += [f"{footprint['carbon_g']:,} g CO2e"] if footprint["carbon_g"] is not None else []
    parts += [f"{footprint['water_l']:,} l of water"] if footprint["water_l"] is not None else []
    return f"{', '.join(parts)} at the meter, if it runs to its limit"


def _measured(view: Json) -> str:
    """What was counted at its nodes."""
    if not view["measured_j"]:
        return ""
    used_wh = view["measured_j"] / _J_PER_WH
    others = ", with what others drew there meanwhile" if view["measured_shared"] else ""
    return f"{energy(used_wh)} measured at its nodes{others}{_each(view, used_wh, 'Wh')}"


def _modelled(view: Json) -> str:
    """What it may have used at the meter."""
    used_wh = view["modelled_wh"]
    if not used_wh:
        return ""
    told = f"{energy(used_wh)} at most at the meter: its power over its time"
    told += _each(view, used_wh, "Wh")
    for amount, unit in ((view["modelled_carbon_g"], "g CO2e"), (view["modelled_water_l"], "l")):
        if amount is not None:
            told += f"; {amount:,} {unit} by the forecast{_each(view, amount, unit)}"
    return told


def _each(view: Json, amount: float, unit: str) -> str:
    """The same for each accelerator-hour; nothing if it ran for no time."""
    if view["started_at_s"] is None or view["ended_at_s"] is None:
        return ""
    hours = view["accelerators"] * (view["ended_at_s"] - view["started_at_s"]) / 3600
    return f", {short(amount / hours)} {unit} per accelerator-hour" if hours > 0 else ""


def energy(amount_wh: float) -> str:
    """An energy with three digits that count, or whole watt-hours: '0.564 Wh', '5,000 Wh'."""
    return f"{short(amount_wh)} Wh"


def short(number: float) -> str:
    """A number with three digits that count, or whole."""
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:.3g}"
