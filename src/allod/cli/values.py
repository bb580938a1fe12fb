"""Values of documents in words: what a path says of the unit, a table shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allod.cli.words import instant, power

#: By the end of the last word of a path.
_UNITS: dict[str, Callable[[Any], str]] = {
    "_w": power,
    "_bp": lambda bp: f"{bp / 100:g} %",
    "_microdeg": lambda value: f"{value / 1e6:.2f} deg",
    "_mg_per_kwh": lambda value: f"{value / 1000:g} g/kWh",
    "_milli": lambda value: f"{value / 1000:g}",
    "_ha": lambda value: f"{value:,} ha",
    "starts": lambda at_s: instant(at_s)[:10] if isinstance(at_s, int) else str(at_s),
    "ends": lambda at_s: instant(at_s)[:10] if isinstance(at_s, int) else str(at_s),
}


def shown(path: str, value: Any) -> str:
    """The value at `path` of a document as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    last = path.rsplit(".", 1)[-1]
    for ending, words in _UNITS.items():
        if last.endswith(ending) and isinstance(value, int):
            return words(value)
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(shown(path, item) for item in value)
    if isinstance(value, int):
        return f"{value:,}"
    return str(getattr(value, "value", value))
