"""Room for the bodies of requests that callers are still sending, or that wait for their answer."""

from __future__ import annotations

from allod.gateway.hot.errors import Refused, unavailable


class Room:
    """Of one worker. What came whole in one piece is not counted: it is small."""

    __slots__ = ("_free_bytes",)

    def __init__(self, most_bytes: int) -> None:
        self._free_bytes = most_bytes

    def take(self, count: int) -> bool:
        """Take so many bytes; False, and none are taken, if there are not so many."""
        if count > self._free_bytes:
            return False
        self._free_bytes -= count
        return True

    def give_back(self, count: int) -> None:
        """They are no longer held."""
        self._free_bytes += count


def no_room() -> Refused:
    """Others' bodies take all of it now."""
    return unavailable("Too many long requests are being read here; ask again.", "overloaded", 1)
