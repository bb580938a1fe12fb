"""Starting a node: in the background, from where it tells once that it is there, or right here."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from allod.adapters.address_file import Address
from allod.cli.client import NodeClient, kind_of
from allod.cli.gateway import home_fault
from allod.cli.listening import Wanted
from allod.cli.output import note, out, out_json, waiting
from allod.cli.place import Place
from allod.errors import AllodError, Conflict, Unavailable

#: A new node compiles its rules and makes its database; one with a long past reads it back. [s]
_PATIENCE_S = 300.0
_POLL_S = 0.05
_LOG_BYTES_MAX = 16 << 20


def in_background(
    wanted: Wanted, *, example: bool, world: Path | None = None, as_json: bool
) -> None:
    """Start a node in a process of its own, wait until it takes work, say where it is.

    A node that is already there is left as it is, and that is no error.
    """
    place = Place(wanted.data)
    started = False
    with waiting("starting the node"):
        if not place.is_held():
            try:
                _spawn(wanted, place)
                started = True
            except Conflict:
                # Another `up` was quicker: then that node is the one to speak of.
                if not place.is_held():
                    raise
        address = _await_ready(place)
    if not as_json:
        out(f"allod is {'' if started else 'already '}running at {address.url}")
        out(f"its log is {place.log}, its token {place.token_file}")
        if gateway := place.gateway_url():
            out(f"its gateway answers calls of AI services at {gateway}/v1")
    # Said only now: should the example go wrong, the node is there all the same.
    example_told = _example(place, address, world) if example else ""
    with NodeClient(address.url, place.token()) as node:
        if fault := home_fault(node):
            note(f"warning: {fault}")
    if as_json:
        out_json(
            {
                "url": address.url,
                "pid": address.pid,
                "data": str(place.folder),
                "log": str(place.log),
                "already_running": not started,
                "gateway": place.gateway_url() or None,
            }
        )
        return
    _tell_next(example_told)


def _tell_next(example_told: str) -> None:
    if example_told:
        out(example_told)
    out()
    out("next:")
    out("  (a browser)             the control room, at the address above")
    if example_told:
        out("  allod queue             what runs, and what each of the others waits for")
        out("  allod site list         the sites, their room and their power")
    else:
        out("  allod apply FILE...     give it sites, projects and datasets")
        out("  allod submit FILE...    ask for work to run")


def in_foreground(wanted: Wanted, *, example: bool, world: Path | None = None) -> None:
    """Be the node until interrupted; the log goes to standard error.

    Raises:
        Conflict: A node runs already on the data folder.
    """
    from allod.cli.serve import serve

    place = Place(wanted.data)

    def begun(address: Address) -> None:
        note(f"allod is running at {address.url}; Ctrl-C stops it")
        if example:
            _example_beside(place, address, world)

    serve(wanted, begun)
    _end_gateway(wanted.data)


def _end_gateway(folder: Path) -> None:
    """A node in the foreground leaves nothing behind."""
    from allod.gateway.keeper import end_desk
    from allod.gateway.place import GatewayPlace

    end_desk(GatewayPlace(folder))


def _example_beside(place: Place, address: Address, world: Path | None) -> None:
    """Give the example from a thread: the node that takes it is this very process."""
    from threading import Thread

    def give() -> None:
        try:
            _await_ready(place)
            note(_example(place, address, world))
        except AllodError as error:
            note(f"error: the example was not given: {error}")

    Thread(target=give, name="example", daemon=True).start()


def _example(place: Place, address: Address, world: Path | None) -> str:
    from allod.cli.example import give_once

    with NodeClient(address.url, place.token()) as node:
        return give_once(node, world)


@dataclass(slots=True)
class _Spawned:
    """A process that becomes a node, and what it tells until then."""

    process: subprocess.Popen[bytes]
    told: IO[bytes]


def _spawn(wanted: Wanted, place: Place) -> None:
    """Start the process and return once it is a node; raises what it says if it cannot be one."""
    place.make()
    _make_room_in_log(place.log)
    ours, theirs = os.pipe()
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    command = [sys.executable, "-m", "allod.cli.serve", "--data", str(wanted.data)]
    command += ["--host", wanted.host, "--tell", str(theirs)]
    if wanted.port is not None:
        command += ["--port", str(wanted.port)]
    try:
        process = subprocess.Popen(
            command,
            env=os.environ | {"ALLOD_DATABASE": wanted.database},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(theirs,),
            # Of no terminal: closing that, or Ctrl-C in it, is not meant for the node.
            start_new_session=True,
        )
    finally:
        os.close(log)
        os.close(theirs)
    try:
        with os.fdopen(ours, "rb") as told:
            _heed(_Spawned(process, told), place)
    except KeyboardInterrupt:
        process.terminate()
        raise
    # It lives on without us, so nobody is to wait for it.
    process.returncode = 0


def _heed(spawned: _Spawned, place: Place) -> None:
    """Wait for the word of the process: 'up', or the error for which it is none."""
    until = time.monotonic() + _PATIENCE_S
    word = b""
    while not word.endswith(b"\n"):
        readable, _, _ = select.select([spawned.told], [], [], max(0.0, until - time.monotonic()))
        if not readable:
            raise Unavailable(
                f"the node has not started in {_PATIENCE_S:.0f} s",
                mend=f"it goes on trying: see {place.log}; `allod down` stops it",
            )
        piece = os.read(spawned.told.fileno(), 65_536)
        if not piece:
            status = spawned.process.wait()
            raise Unavailable(
                f"the node ended while it started (exit status {status}): {_last_line(place.log)}",
                mend=f"see {place.log}",
            )
        word += piece
    message = json.loads(word)
    if "error" in message:
        spawned.process.wait()
        raise _error(message)


def _error(message: dict[str, str]) -> AllodError:
    """The error that the process ended with, as the class that it was."""
    return kind_of(message["code"])(message["error"], mend=message["mend"])


def _await_ready(place: Place) -> Address:
    """The address of the node, once it takes work."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        address = place.address()
        if address is not None:
            with NodeClient(address.url) as node:
                if node.is_ready():
                    return address
        if not place.is_held():
            raise Unavailable(
                f"the node ended while it started: {_last_line(place.log)}", mend=f"see {place.log}"
            )
        time.sleep(_POLL_S)
    raise Unavailable(f"a node runs on {place.folder}, and takes no work", mend=f"see {place.log}")


def _make_room_in_log(log: Path) -> None:
    """Begin a new log where the old one has grown large; the old one is kept once."""
    if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
        log.replace(log.with_name(log.name + ".1"))


def _last_line(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return "it said nothing"
    return lines[-1] if lines else "it said nothing"
