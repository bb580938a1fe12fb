"""Where a node listens: a socket of its own, opened before all else so that a taken port is told
at once.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from allod.errors import Conflict, Forbidden, InvalidInput

if TYPE_CHECKING:
    from allod.config import Config

PORT_DEFAULT = 7700
#: From the default port on, so many are tried.
_PORTS_TRIED = 20


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
    if config.port is not None:
        return _bound(config.host, config.port)
    for port in range(PORT_DEFAULT, PORT_DEFAULT + _PORTS_TRIED):
        try:
            return _bound(config.host, port)
        except Conflict:
            continue
    return _bound(config.host, 0)


def url_of(bound: socket.socket) -> str:
    """How this machine reaches the socket."""
    host, port = bound.getsockname()[:2]
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def _bound(host: str, port: int) -> socket.socket:
    try:
        families = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise InvalidInput(
            f"host '{host}' is no address of this machine: {error.strerror}",
            mend="write 127.0.0.1, or 0.0.0.0 to be reached from elsewhere",
        ) from error
    family, kind, protocol, _, address = families[0]
    opened = socket.socket(family, kind, protocol)
    try:
        # A port whose last owner has only just gone may be taken again; one in use may not.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(1024)
    except OSError as error:
        opened.close()
        raise _refused(host, port, error) from error
    except OverflowError as error:
        opened.close()
        raise InvalidInput(f"port {port} is no port", mend="write 0 to 65535") from error
    return opened


def _refused(host: str, port: int, error: OSError) -> Conflict | Forbidden | InvalidInput:
    if error.errno == errno.EADDRINUSE:
        return Conflict(
            f"port {port} is taken by another program",
            mend=f"choose another, e.g. `allod up --port {port + 1}`",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return Forbidden(f"port {port} is not ours to take", mend="choose one from 1024 on")
    return InvalidInput(
        f"cannot listen on '{host}', port {port}: {(error.strerror or '').lower()}",
        mend="write --host 127.0.0.1, or an address of this machine",
    )
