"""Stopping a node: it finishes what was begun, writes a snapshot, lets go."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from allod.cli.output import out, out_json, waiting
from allod.cli.place import Place
from allod.errors import Forbidden, Unavailable

#: It has so long to finish; after that it goes on by itself, and we say so. [s]
_PATIENCE_S = 90.0
_POLL_S = 0.05


def stop(folder: Path, *, as_json: bool) -> None:
    """Stop the node of `folder` and wait until it has gone; nothing to do is fine too.

    Raises:
        Unavailable: It has not ended in time.
        Forbidden: It is another user's.
    """
    place = Place(folder)
    # First, while the database is there, so that it can bring its records to it.
    gateway = _end_gateway(folder)
    pid = _holder(place)
    if pid is not None:
        _ask_to_end(pid)
        with waiting("stopping the node"):
            _await_end(place, pid)
    remains = _stop_database(folder)
    if as_json:
        out_json({"was_running": pid is not None, "pid": pid})
    elif pid is not None:
        who = "the node and its gateway have" if gateway else "the node has"
        out(f"{who} stopped; work that it runs goes on and is found again at the next `up`")
    elif gateway:
        out(f"no node runs on {folder}; the gateway it had left behind has stopped")
    elif remains:
        out(f"no node runs on {folder}; the database it had left behind has stopped")
    else:
        out(f"no node runs on {folder}")


def _end_gateway(folder: Path) -> bool:
    """End the desk, also one that a killed node left running; True if there was one."""
    if not (folder / "gateway").is_dir():
        return False
    from allod.gateway.keeper import end_desk
    from allod.gateway.place import GatewayPlace

    place = GatewayPlace(folder)
    if not place.is_held():
        return False
    with waiting("ending the calls at the gateway"):
        return end_desk(place)


def _holder(place: Place) -> int | None:
    """The process of the node; a node in its first instant has not written it yet."""
    for _ in range(20):
        pid = place.holder()
        if pid is not None or not place.is_held():
            return pid
        time.sleep(_POLL_S)
    raise Unavailable(
        f"{place.folder} is held by a process that does not say which it is",
        mend="ask again in a moment",
    )


def _ask_to_end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return  # It ended by itself in this instant.
    except PermissionError:
        raise Forbidden(
            f"the node is another user's (process {pid})", mend="stop it as that user"
        ) from None


def _await_end(place: Place, pid: int) -> None:
    until = time.monotonic() + _PATIENCE_S
    while place.is_held():
        if time.monotonic() > until:
            raise Unavailable(
                f"the node (process {pid}) has not ended in {_PATIENCE_S:.0f} s",
                mend=f"see {place.log}; ask again, or end it with `kill -9 {pid}`: nothing is lost",
            )
        time.sleep(_POLL_S)


def _stop_database(folder: Path) -> bool:
    """Shut down the embedded database that a killed node left running; True if there was one."""
    if not (folder / "postgres" / "postmaster.pid").exists():
        return False
    from allod.adapters.postgres.embedded import EmbeddedServer

    server = EmbeddedServer(folder)
    server.start()
    return server.stop()
