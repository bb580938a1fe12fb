"""What someone who wrote a name that is not known may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

#: How alike two names must be: a slip of the pen is, another name is not.
_ALIKE = 0.5


def nearest(written: str, known: Iterable[str], alike: float = _ALIKE) -> str:
    """The known name that is most like what was `written`; '' if none is `alike`, 0 to 1."""
    near = get_close_matches(written, list(known), 1, alike)
    return near[0] if near else ""


def mend_of(written: str, known: Iterable[str], otherwise: str = "") -> str:
    """The mend for a name that is not known: the nearest one, else `otherwise`, else all known."""
    names = list(known)
    near = nearest(written, names)
    return f"write '{near}'" if near else otherwise or f"known: {', '.join(names)}"
