"""Power now: what the newest readings of an energy meter come to in watts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from allod.domain.meters import UNITS, Meter
from allod.energy.readings import ROLL_OVER_SHARE
from allod.errors import InvalidInput

#: A register is looked at over so long at least: it may count whole kWh only. [s]
_LOOK_BACK_MIN_S: Final = 300
#: More is no power of a site, and no whole number in JSON. [W]
_POWER_MAX_W: Final = 2**53


@dataclass(frozen=True, slots=True)
class Point:
    """A reading in the meter's unit, and when it was read. [epoch s]"""

    value: float
    read_s: float


@dataclass(frozen=True, slots=True)
class PowerReading:
    """What a meter says of power."""

    power_w: int
    at_s: int  #: When it was read. [epoch s]


def look_back_s(meter: Meter) -> int:
    """How long before the newest reading another one is needed; 0: it stands alone. [s]"""
    return max(_LOOK_BACK_MIN_S, 2 * meter.every_s) if meter.reads == "register" else 0


def power_now(meter: Meter, newest: Point, before: Point | None = None) -> PowerReading | None:
    """The power by a gauge, in an interval, or as the mean since `before` of a register.

    None where that is not known: a register was reset, or has no second reading.

    Raises:
        InvalidInput: The reading cannot be a power.
    """
    factor = UNITS[meter.unit][1]
    match meter.reads:
        case "gauge":
            power_w = newest.value * factor
        case "interval":
            power_w = newest.value * factor * 3600 / meter.every_s
        case "register":
            counted = _counted(meter, newest, before) if before else None
            if before is None or counted is None or newest.read_s <= before.read_s:
                return None
            power_w = counted * factor * 3600 / (newest.read_s - before.read_s)
    if not (math.isfinite(power_w) and 0 <= power_w <= _POWER_MAX_W):
        raise InvalidInput(
            f"meter '{meter.name}' reads {newest.value} {meter.unit}, which is no power of a site",
            mend="check the meter's 'query' and 'unit'",
        )
    return PowerReading(round(power_w), int(newest.read_s))


def _counted(meter: Meter, newest: Point, before: Point) -> float | None:
    """What a register counted; it rolls over or was reset as in `energy.readings`."""
    counted = newest.value - before.value
    if counted >= 0:
        return counted
    whole = meter.rolls_over_at
    if whole is None or counted + whole > ROLL_OVER_SHARE * whole:
        return None
    return counted + whole
