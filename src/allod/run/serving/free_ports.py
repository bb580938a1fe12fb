"""Ports for replicas: each of those that live has its own, whatever machine it runs on."""

from __future__ import annotations

import socket
from collections.abc import Collection

from allod.errors import InvalidInput


class FreePorts:
    """Gives the ports of a range in turn, so that one that was just given up is tried last."""

    def __init__(self, first: int, last: int) -> None:
        self._first, self._count = first, last - first + 1
        self._next = 0

    def take(self, used: Collection[int], *, here: bool) -> int:
        """A port that is not among `used`; `here`: on this machine nobody else has it either.

        Raises:
            InvalidInput: There is none.
        """
        for step in range(self._count):
            place = (self._next + step) % self._count
            port = self._first + place
            if port not in used and not (here and _is_taken(port)):
                self._next = (place + 1) % self._count
                return port
        raise InvalidInput(
            f"all {self._count} ports for replicas are taken",
            mend="give 'service_ports' in config.yaml a wider range",
        )


def _is_taken(port: int) -> bool:
    """True if somebody listens there on this machine."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
