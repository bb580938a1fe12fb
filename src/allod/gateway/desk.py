"""Being the desk: the process beside the workers of a gateway, one for each data folder.

`allod up` starts it as `python -m allod.gateway.desk`. It owns the public port and goes on when the
node is stopped or killed, so that calls in flight come to their end and a new node finds it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path

import uvloop

from allod import __version__
from allod.adapters.address_file import Address
from allod.adapters.listening import bound, first_free, url_of
from allod.adapters.postgres import GatewayStore
from allod.config import Config, read_config
from allod.errors import AllodError, Conflict
from allod.gateway import compiled
from allod.gateway.batch.caller import Caller
from allod.gateway.batch.window import Window
from allod.gateway.batches import Batches
from allod.gateway.cold.app import create_app
from allod.gateway.cold.server import ColdServer
from allod.gateway.cold.state import ColdState
from allod.gateway.database import Database
from allod.gateway.inside import Begin, LeaseReturned, LeaseWanted, Message
from allod.gateway.kept_files import KeptFiles
from allod.gateway.known import Known
from allod.gateway.leases import Leases
from allod.gateway.loads import Loads
from allod.gateway.memory import keep_freed
from allod.gateway.metrics import Metrics
from allod.gateway.node_link import NodeLink
from allod.gateway.place import GatewayPlace
from allod.gateway.settling import settle_dead
from allod.gateway.shipping import Shipping
from allod.gateway.spools import Shipper
from allod.gateway.workers import Workers
from allod.run.serving.link import EVERY_S, LoadTold, ReplicaFailed
from allod.run.serving.table import Table

_log = logging.getLogger("allod.gateway.desk")
PORT_DEFAULT = 7800
#: Workers of a desk that was killed let go of the port as soon as they see that. [s]
_PORT_PATIENCE_S = 10.0
#: A few times the largest piece of a spool.
_KEPT_BYTES = 32 << 20
#: Loads are told no sooner after they were told. [s]
_TOLD_AGAIN_S = 0.1
#: When it is to end, calls in flight have so long to come to theirs; a worker cuts off those that
#: do not a little sooner, and counts them. [s]
_DRAIN_S = 40.0


class Desk:
    """All parts of one desk, joined."""

    def __init__(self, place: GatewayPlace, config: Config, public: socket.socket) -> None:
        self._place, self._public = place, public
        self._secret = secrets.token_urlsafe(32)
        self._database = Database(config)
        self._known, self._leases, self._loads = Known(), Leases(), Loads()
        self._loads_changed = asyncio.Event()
        self._unsettled = ""
        metrics = Metrics(self._loads)
        self._shipping = Shipping(
            Shipper(place, metrics.count), lambda: self._database.store("shipping")
        )
        self._link = NodeLink(place.data, self._hear_table)
        files = KeptFiles(place.files, self._store)
        self._batches = Batches(
            self._store,
            files,
            Caller(url_of(public), self._secret),
            Window(self._loads.anyone_waits),
        )
        self._cold = ColdServer(
            create_app(
                ColdState(
                    config=config,
                    url=url_of(public),
                    secret=self._secret,
                    known=self._known,
                    store=self._store,
                    files=files,
                    metrics=metrics,
                )
            )
        )
        self._workers = Workers(
            place,
            public,
            Begin(
                number=0,
                workers=config.gateway_workers,
                folder=str(place.folder),
                desk_host=self._cold.host,
                desk_port=self._cold.port,
                secret=self._secret,
                bodies_bytes_max=config.gateway_bodies_bytes_max,
            ),
            self._hear_worker,
            table=self._known.line,
            gone=self._forget_worker,
        )

    async def run(self, ending: asyncio.Event) -> None:
        """Be the desk until `ending` is set, then end in order."""
        self._settle()
        _log.info("the desk answers at http://%s:%d", self._cold.host, self._cold.port)
        if compiled.folder().exists():
            _log.info("workers run the compiled hot path")
        else:
            _log.info("workers run uncompiled: `%s -m allod.gateway.compiling`", sys.executable)
        self._shipping.start()
        self._workers.start()
        busy = [
            asyncio.create_task(work)
            for work in (
                self._link.keep(),
                self._cold.run_here(),
                self._tell_loads(),
                self._settle_late(),
            )
        ]
        batches = asyncio.create_task(self._batches.run())
        asked = asyncio.create_task(self._asked(ending))
        # None of the others ends but by an error, and then the desk is of no use.
        await asyncio.wait([*busy, batches, asked], return_when=asyncio.FIRST_COMPLETED)
        self._public.close()
        # Its calls are made again by the next desk; those of others come to their end now.
        batches.cancel()
        await asyncio.wait([batches])
        await self._workers.end(_DRAIN_S)
        for task in (*busy, asked):
            task.cancel()
        ends = await asyncio.gather(*busy, batches, return_exceptions=True)
        await asyncio.to_thread(self._shipping.end)
        self._database.close()
        for end in ends:
            if isinstance(end, Exception):
                raise end

    @staticmethod
    async def _asked(ending: asyncio.Event) -> None:
        await ending.wait()

    def _store(self) -> GatewayStore:
        return self._database.store("gateway")

    # ------------------------------------------------------------ what it hears

    def _hear_table(self, table: Table, line: bytes) -> None:
        self._known.hear(table)
        self._leases.set_limits(table.keys)
        self._workers.tell_all(line)

    def _hear_worker(self, worker: int, message: Message) -> None:
        match message:
            case LoadTold():
                self._loads.hear(worker, message)
                self._loads_changed.set()
            case ReplicaFailed():
                self._link.tell(message)
            case LeaseWanted():
                self._workers.tell(worker, self._leases.lease(message, time.monotonic()))
            case LeaseReturned():
                self._leases.give_back(message)
            case _:
                _log.error("worker %d said what only a desk says", worker)

    def _forget_worker(self, worker: int) -> None:
        self._loads.forget(worker)
        self._loads_changed.set()

    async def _tell_loads(self) -> None:
        """Tell the node the loads: at once when workers say theirs, and every second."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S - _TOLD_AGAIN_S):
                    await self._loads_changed.wait()
            self._loads_changed.clear()
            self._link.tell(self._loads.summed())
            await asyncio.sleep(_TOLD_AGAIN_S)

    async def _settle_late(self) -> None:
        """Settle the workers of a desk that was killed, once the last of their calls has ended."""
        while True:
            await asyncio.sleep(EVERY_S)
            await asyncio.to_thread(self._settle)

    def _settle(self) -> None:
        fault = ""
        try:
            settle_dead(self._place, _now_ms())
        except OSError as error:  # A full disk ends no call; it is tried again.
            fault = str(error)
        if fault and fault != self._unsettled:
            _log.error("calls of a worker that is gone cannot be counted yet: %s", fault)
        self._unsettled = fault


def listen(place: GatewayPlace, config: Config) -> socket.socket:
    """The public socket: where the settings say, else where the last desk was, else what is free.

    Raises:
        Conflict: The port of the settings is taken.
    """
    left = place.address()
    if config.gateway_port:
        patience_s = _PORT_PATIENCE_S if left is not None else 0.0
        return _bound_within(config.host, config.gateway_port, patience_s)
    if left is not None:
        # Clients know this port; whoever holds it may be workers of a desk that was killed.
        with suppress(Conflict):
            return _bound_within(config.host, _port_of(left), _PORT_PATIENCE_S)
    return first_free(config.host, PORT_DEFAULT if config.gateway_port is None else 0)


def _bound_within(host: str, port: int, patience_s: float) -> socket.socket:
    until = time.monotonic() + patience_s
    while True:
        try:
            return bound(host, port, f"write another as gateway_port, e.g. {port + 1}")
        except Conflict:
            if time.monotonic() >= until:
                raise
        time.sleep(0.05)


def _port_of(address: Address) -> int:
    return int(address.url.rpartition(":")[2])


async def _be(place: GatewayPlace, config: Config, public: socket.socket) -> None:
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    desk = Desk(place, config, public)
    address = Address(url=url_of(public), pid=os.getpid(), version=__version__)
    place.write_address(address)
    _log.info("gateway of allod %s answers at %s", __version__, address.url)
    await desk.run(ending)
    if ending.is_set():
        place.note_end()
        place.remove_address()
    _log.info("gateway ended")


def main() -> int:
    """The process; it says in its log what it does, and never what was asked or answered."""
    parser = ArgumentParser(prog="allod.gateway.desk")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--host", default="")
    given = parser.parse_args()
    _log_to_stderr()
    keep_freed(_KEPT_BYTES)
    try:
        config = read_config(
            given.data,
            # Not an argument: it may hold a password, and arguments are for all to see.
            database=os.environ.get("ALLOD_DATABASE") or None,
            host=given.host or None,
            public=True if given.host else None,
        )
        place = GatewayPlace(given.data)
        signal.signal(signal.SIGTERM, _end_early)
        with place.hold():
            _live(place, config)
    except AllodError as error:
        _log.error("%s", error)
        return error.exit_code
    return 0


def _live(place: GatewayPlace, config: Config) -> None:
    """From here on it is found and may be asked to end, also while it waits for its port."""
    try:
        with listen(place, config) as public:
            uvloop.run(_be(place, config, public))
    except _AskedToEnd:
        place.note_end()
        place.remove_address()


class _AskedToEnd(BaseException):
    """It was asked to end before it had begun."""


def _end_early(*_: object) -> None:
    raise _AskedToEnd


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter(
        "%(asctime)sZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for noisy in ("httpx", "httpcore", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    sys.exit(main())
