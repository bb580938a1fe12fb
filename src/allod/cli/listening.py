"""Where a node listens: a socket of its own, opened before all else so that a taken port is told
at once.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from allod.adapters.listening import bound, first_free

if TYPE_CHECKING:
    from allod.config import Config

PORT_DEFAULT = 7700


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the caller of `allod up` asked for; the rest is in the data folder's settings."""

    data: Path
    database: str = ""
    host: str = ""
    port: int | None = None

    def config(self) -> Config:
        """The settings of the node: what was asked for goes before its file.

        Raises:
            InvalidInput: A setting is wrong.
        """
        from allod.config import read_config

        return read_config(
            self.data,
            database=self.database or None,
            host=self.host or None,
            port=self.port,
            # An address on the command line is meant; one in a file is doubted unless it says so.
            public=True if self.host else None,
        )


def listen(config: Config) -> socket.socket:
    """A socket that listens where the settings say.

    Raises:
        Conflict: The port is taken.
        Forbidden: Ports below 1024 are the system's.
        InvalidInput: There is no such address on this machine.
    """
    if config.port is None:
        return first_free(config.host, PORT_DEFAULT)
    return bound(
        config.host, config.port, f"choose another, e.g. `allod up --port {config.port + 1}`"
    )
