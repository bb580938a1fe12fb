"""Numbers as a page shows them."""

from __future__ import annotations

from datetime import UTC, datetime

_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def number(value: float) -> str:
    """'1,234,567' or '12.5'."""
    return f"{value:,}"


def counted(value: int, noun: str) -> str:
    """'1 job', '8 jobs'."""
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


def percent(share: float) -> str:
    """A part of a whole with one decimal."""
    return f"{100 * share:.1f} %"


def span(duration_s: float) -> str:
    """A duration in its two largest units: '45 s', '3 min 20 s', '5 d 3 h'."""
    rest, parts = max(0, round(duration_s)), list[str]()
    for size, unit in _SPANS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count:,} {unit}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 s"


def power(watts: float) -> str:
    """A power with three digits that count."""
    return _scaled(watts, ((1e9, "GW"), (1e6, "MW"), (1e3, "kW")), "W")


def energy(watt_hours: float) -> str:
    """An energy with three digits that count."""
    return _scaled(watt_hours, ((1e12, "TWh"), (1e9, "GWh"), (1e6, "MWh"), (1e3, "kWh")), "Wh")


def amount(value: float) -> str:
    """A number of things that may be a mean: '1,200', '3.5'."""
    return f"{value:,.0f}" if value == round(value) or value >= 100 else f"{value:,.1f}"


def instant(at_s: float) -> str:
    """A time in UTC to the minute."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M")


def _scaled(value: float, units: tuple[tuple[float, str], ...], least: str) -> str:
    for size, unit in units:
        if value >= size:
            part = value / size
            return f"{part:.{2 if part < 10 else 1 if part < 100 else 0}f} {unit}"
    return f"{value:.0f} {least}"
