"""Sockets that listen, with an error that says how to mend it where they cannot."""

from __future__ import annotations

import errno
import socket

from allod.errors import Conflict, Forbidden, InvalidInput

#: From the first port on, so many are tried.
_PORTS_TRIED = 20
_BACKLOG = 4096


def bound(host: str, port: int, taken_mend: str) -> socket.socket:
    """A socket that listens there.

    Raises:
        Conflict: The port is taken; `taken_mend` says what to do.
        Forbidden: Ports below 1024 are the system's.
        InvalidInput: There is no such address on this machine.
    """
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
        opened.listen(_BACKLOG)
    except OSError as error:
        opened.close()
        raise _refused(host, port, error, taken_mend) from error
    except OverflowError as error:
        opened.close()
        raise InvalidInput(f"port {port} is no port", mend="write 0 to 65535") from error
    return opened


def first_free(host: str, port: int) -> socket.socket:
    """A socket that listens at that port or the next that is free, or at any if many are taken.

    Raises as `bound` does.
    """
    for each in range(port, port + _PORTS_TRIED) if port else ():
        try:
            return bound(host, each, "")
        except Conflict:
            continue
    return bound(host, 0, "")


def url_of(listening: socket.socket) -> str:
    """How this machine reaches the socket."""
    host, port = listening.getsockname()[:2]
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def _refused(
    host: str, port: int, error: OSError, taken_mend: str
) -> Conflict | Forbidden | InvalidInput:
    if error.errno == errno.EADDRINUSE:
        return Conflict(f"port {port} is taken by another program", mend=taken_mend)
    if error.errno in (errno.EACCES, errno.EPERM):
        return Forbidden(f"port {port} is not ours to take", mend="choose one from 1024 on")
    return InvalidInput(
        f"cannot listen on '{host}', port {port}: {(error.strerror or '').lower()}",
        mend="write --host 127.0.0.1, or an address of this machine",
    )
