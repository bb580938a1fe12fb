"""The clock that a node is told the time by; the real one is an adapter, tests bring their own."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time, as the node knows it."""

    def now_s(self) -> int:
        """Seconds since 1970-01-01 UTC; may go back a little, the controller does not. [epoch s]"""
        ...

    def monotonic_s(self) -> float:
        """Seconds from an unknown start, never going back; for measuring and back-off. [s]"""
        ...
