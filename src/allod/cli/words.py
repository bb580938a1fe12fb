"""Words for numbers and times, as tables and sentences show them; JSON has them raw."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Any

_STEPS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
#: No plan reaches beyond it; the domain's NEVER_S, whose module would load pydantic for `--help`.
_NEVER_S = 1 << 53


def printable(text: object) -> str:
    """`text` on one line, without signs that would steer a terminal: it may be a stranger's."""
    line = " ".join(str(text).split())
    return "".join("?" if unicodedata.category(sign) in _STEERING else sign for sign in line)


#: Control signs, invisible marks such as 'write right to left', halves of pairs.
_STEERING = frozenset({"Cc", "Cf", "Cs"})


def span(duration_s: int) -> str:
    """A duration in its two largest units: '45s', '3m20s', '2h', '5d3h'."""
    rest, parts = max(0, duration_s), list[str]()
    for size, unit in _STEPS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count}{unit}" if count else "")
        if len(parts) == 2:
            break
    return "".join(parts) or "0s"


def instant(at_s: int | None) -> str:
    """A time in UTC to the second; '-' if there is none."""
    if at_s is None:
        return "-"
    if at_s >= _NEVER_S:
        return "never"
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def from_now(at_s: int, now_s: int) -> str:
    """A time to come with its distance: '2026-11-21 20:00:00 UTC (in 35m)'."""
    if at_s >= _NEVER_S:
        return "never"
    away = f"in {span(at_s - now_s)}" if at_s > now_s else "now"
    return f"{instant(at_s)} ({away})"


def power(power_w: int | None) -> str:
    """A power with three digits that count: '1.20 MW', '850 W'; '-' if there is none."""
    if power_w is None:
        return "-"
    for size, unit in ((10**9, "GW"), (10**6, "MW"), (10**3, "kW")):
        if power_w >= size:
            value = power_w / size
            return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}"
    return f"{power_w} W"


def counted(number: int, noun: str) -> str:
    """'1 accelerator', '8 accelerators'."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def value(of: Any) -> str:
    """A value of a document or fact in a few words; '-' if there is none."""
    if of is None or of in ("", [], {}):
        return "-"
    if isinstance(of, bool):
        return "yes" if of else "no"
    if isinstance(of, list):
        return ", ".join(value(item) for item in of)
    if isinstance(of, dict):
        if "standing" in of or "value" in of:
            return value(of["value"]) if of.get("value") is not None else "unknown"
        return ", ".join(f"{key} {value(item)}" for key, item in of.items())
    return printable(of)
