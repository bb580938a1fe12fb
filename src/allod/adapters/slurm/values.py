"""Values as Slurm's JSON has them: plain up to v0.0.38, in structures with 'set' from then on."""

from __future__ import annotations

from typing import Any

#: Slurm's marks for 'no value' and 'infinite' in 16, 32 and 64 bits.
_NONE = frozenset(mark for bits in (16, 32, 64) for mark in ((1 << bits) - 1, (1 << bits) - 2))

Json = dict[str, Any]


def number(value: object) -> int | None:
    """The whole number that `value` is, however it is wrapped; None if there is none."""
    if isinstance(value, dict):
        if value.get("infinite") or not value.get("set", True):
            return None
        value = value.get("number")
    if isinstance(value, bool) or not isinstance(value, int | float) or value in _NONE:
        return None
    return int(value)


def instant_s(value: object) -> int | None:
    """A time; Slurm writes 0 where there is none. [epoch s]"""
    return number(value) or None


def words(value: object) -> tuple[str, ...]:
    """One word, or a list of them from v0.0.40 on; upper case."""
    if isinstance(value, str):
        return (value.upper(),) if value else ()
    return tuple(str(word).upper() for word in value) if isinstance(value, list) else ()


def text(value: object) -> str:
    """A string, '' if there is none."""
    return value if isinstance(value, str) else ""
