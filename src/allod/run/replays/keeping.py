"""What goes where too much is kept: nobody's work makes room for another's who keeps more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol, TypeVar


class Kept(Protocol):
    """A trace or a replay."""

    @property
    def actor(self) -> str:
        """Token whose it is."""

    @property
    def number(self) -> int:
        """The later, the higher."""


K = TypeVar("K", bound=Kept)


def to_go(kept: Iterable[Kept], free: Iterable[K], over: int) -> list[K]:
    """Those `free` ones that go, up to `over`: each the oldest of whoever has most `kept`."""
    held = Counter(one.actor for one in kept)
    left = sorted(free, key=lambda one: one.number)
    going: list[K] = []
    while left and len(going) < over:
        goes = max(left, key=lambda one: (held[one.actor], -one.number))
        left.remove(goes)
        held[goes.actor] -= 1
        going.append(goes)
    return going
