"""Quantities as whole numbers: '2h', '230 MW', '2026-12-31' become s, W and epoch seconds."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

#: A time so late that nothing plans past it; fits an int64 after any addition made here. [s]
NEVER_S = 1 << 53
#: A limit that is no limit, for units, watts and accelerator-seconds alike.
UNBOUNDED = 1 << 53

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_WATTS = {"w": 1, "kw": 1_000, "mw": 1_000_000, "gw": 1_000_000_000}
_PART = re.compile(r"(\d+)\s*([a-z]+)\s*")


def parse_duration_s(value: Any) -> Any:
    """Seconds from 90, '90s', '2h', '1h30m' or '2d'; other types pass on to the next check."""
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    if text.isdigit():
        return int(text)
    total, end = 0, 0
    for part in _PART.finditer(text):
        if part.start() != end or part[2] not in _SECONDS:
            break
        total, end = total + int(part[1]) * _SECONDS[part[2]], part.end()
    if not text or end != len(text):
        raise ValueError("is not a duration; write seconds or e.g. '90s', '2h', '1h30m', '2d'")
    return total


def parse_power_w(value: Any) -> Any:
    """Watts from 1200, '1200 W', '40 kW', '1.5 MW'; must come out whole."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d+)(?:\.(\d+))?\s*([kmg]?w)?", value.strip().lower())
    if match is None:
        raise ValueError("is not a power; write watts or e.g. '40 kW', '230 MW'")
    decimals = match[2] or ""
    scaled = int(match[1] + decimals) * _WATTS[match[3] or "w"]
    power_w, rest = divmod(scaled, 10 ** len(decimals))
    if rest:
        raise ValueError("is not a whole number of watts")
    return power_w


def parse_energy_wh(value: Any) -> Any:
    """Watt-hours from 1200, '1200 Wh', '40 kWh', '1.5 MWh'; must come out whole."""
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    try:
        return parse_power_w(text.removesuffix("h") if text.endswith("wh") else text + "w")
    except ValueError as error:
        raise ValueError(
            "is not a whole number of watt-hours; write e.g. 1200, '40 kWh', '230 MWh'"
        ) from error


def parse_instant_s(value: Any) -> Any:
    """Epoch seconds from a date, a datetime (UTC unless it says otherwise) or an ISO 8601 text."""
    if isinstance(value, str):
        text = value.strip()
        if text.isdigit():
            return int(text)
        try:
            value = datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError("is not a date; write e.g. 2026-12-31 or 2026-12-31T06:00Z") from error
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return int(aware.timestamp())
    if isinstance(value, date):
        return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp())
    return value


@lru_cache(maxsize=1024)  # A hold names the same few times over and over.
def instant_text(at_s: int) -> str:
    """`at_s` as ISO 8601 in UTC, or 'never'."""
    if at_s >= NEVER_S:
        return "never"
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


#: [s] of at least 0; reads '2h'.
DurationS = Annotated[int, BeforeValidator(parse_duration_s), Field(ge=0, le=NEVER_S)]
#: [W] of at least 0; reads '230 MW'.
PowerW = Annotated[int, BeforeValidator(parse_power_w), Field(ge=0, le=10**12)]
#: [Wh] of at least 0; reads '230 MWh'.
EnergyWh = Annotated[int, BeforeValidator(parse_energy_wh), Field(ge=0, le=10**15)]
#: Epoch seconds, UTC; reads ISO dates.
InstantS = Annotated[int, BeforeValidator(parse_instant_s), Field(ge=0, le=NEVER_S)]
#: A whole number of things, at least 0; true and false are not numbers.
Count = Annotated[int, Field(ge=0, le=10**9, strict=True)]
