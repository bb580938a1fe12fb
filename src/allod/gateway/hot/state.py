"""What all calls of a worker share: the table, the pools, the limits, the books."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from email.utils import formatdate
from itertools import count
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from allod.gateway.flight import FlightBook
from allod.gateway.hot import balance, errors
from allod.gateway.hot.call import Call
from allod.gateway.hot.errors import Refused, unavailable
from allod.gateway.hot.keys import Keys
from allod.gateway.hot.ledger import Ledger
from allod.gateway.hot.models import Models
from allod.gateway.hot.outbox import Outbox
from allod.gateway.hot.pool import Pool
from allod.gateway.hot.room import Room
from allod.gateway.hot.routes import Route
from allod.gateway.hot.spool import Spool
from allod.gateway.hot.upstream import Engine
from allod.gateway.inside import Begin, Message, flight_path
from allod.run.serving.link import LoadTold, ReplicaFailed
from allod.run.serving.table import ServiceEntry, Table

if TYPE_CHECKING:
    from allod.gateway.hot.server import Caller

#: An engine that says nothing for so long before its first byte, or after it, is given up. [s]
FIRST_BYTE_S = 600
IDLE_S = 300


class State:
    """The worker's; everything happens on its loop."""

    def __init__(
        self, begin: Begin, loop: asyncio.AbstractEventLoop, send: Callable[[Message], None]
    ) -> None:
        self.begin, self.loop, self.send = begin, loop, send
        self.folder = Path(begin.folder)
        self.book = FlightBook(flight_path(self.folder, begin.number))
        self.spool = Spool(self.folder, begin.number, self.book, loop)
        self.outbox = Outbox(loop)
        self.room = Room(begin.bodies_bytes_max)
        self.ledger = Ledger(begin.workers, send)
        self.table: Table | None = None
        self.generation = 0  #: Of the table; rises with each one that says something else.
        self.heard_at_s = 0.0
        self.keys = Keys((), begin.secret)
        self.models: Models | None = None
        self.pools: dict[str, Pool] = {}  #: By model.
        self.active: set[Call] = set()  #: Calls at engines.
        self.callers: set[Caller] = set()
        self.draining = False
        self.date = b""
        self._id_begin = b"req_%b" % os.urandom(8).hex().encode()
        self._ids = count()
        self._told = False
        self.tick_date()

    # ------------------------------------------------------------ the table

    def heard(self) -> None:
        """The node says that the table still holds."""
        self.heard_at_s = monotonic()

    def renew(self, table: Table) -> None:
        """Go by `table` from here on, also with the calls that wait."""
        self.generation += 1
        self.table = table
        self.heard()
        self.keys = Keys(table.keys, self.begin.secret)
        self.models = Models(table)
        self.ledger.renew(table.keys)
        for known in self.pools.values():
            known.routes.clear()
        gone = {pool.entry.name: pool for pool in self.pools.values()}
        self.pools = {}
        for entry in table.services:
            pool = gone.pop(entry.name, None) or Pool(entry)
            self._renew_pool(pool, entry, table)
            self.pools[entry.model] = pool
        for pool in gone.values():
            self._close_pool(pool)
        for pool in self.pools.values():
            self._permit_anew(pool)
            self._refuse_cold(pool)
            self.pump(pool)
        for call in tuple(self.active):
            call.recall()

    def check_fresh(self) -> None:
        """Refuse if nobody knows what law permits now.

        Raises:
            Refused: There is no table, or it is too old.
        """
        table = self.table
        if table is None or monotonic() - self.heard_at_s > table.good_for_s:
            raise unavailable(
                "The gateway has not heard from its node for too long to know where calls may "
                "go; ask again soon.",
                "gateway_without_node",
            )

    def route(self, rule: str, pool: Pool) -> Route:
        """Where calls of `rule` to a service may go, by the table of now.

        Raises:
            Refused: The service has gone; one that is there under its name by now is another.
        """
        if self.pools.get(pool.entry.model) is not pool:
            raise errors.taken_away()
        route = pool.routes.get(rule)
        if route is None:
            assert self.table is not None
            route = pool.routes[rule] = Route(self.table, rule, pool.entry)
        return route

    # ------------------------------------------------------------ engines

    def failed(self, pool: Pool, engine: Engine, why: str) -> None:
        """`engine` does not answer; it gets no calls until a later table says that it is ready."""
        if pool.failed.get(engine.id) != self.generation:
            pool.failed[engine.id] = self.generation
            pool.refresh(self.generation)
            self.send(ReplicaFailed(replica=engine.id, why=why[:500]))

    def pump(self, pool: Pool) -> None:
        """There may be room: whoever waits and may go, goes."""
        while pool.queue.count:
            turn = pool.queue.next(
                lambda call: balance.choose(pool, call.route, call.tried, call.alike)
            )
            if turn is None:
                return
            turn[0].send(turn[1])

    def _renew_pool(self, pool: Pool, entry: ServiceEntry, table: Table) -> None:
        pool.entry = entry
        engines: dict[str, Engine] = {}
        for replica in entry.replicas:
            old = pool.engines.pop(replica.id, None)
            if old is not None and (old.told.host, old.told.port, old.told.key, old.site) != (
                replica.host,
                replica.port,
                replica.key,
                replica.site,
            ):
                old.close()
                old = None
            engine = old or Engine(replica, self.loop)
            estimate, site = entry.estimates.get(engine.site), table.sites.get(engine.site)
            engine.renew(replica.state, entry.engine, (estimate, site))
            engines[replica.id] = engine
        for engine in pool.engines.values():
            engine.close()
        pool.engines = engines
        pool.failed = {name: at for name, at in pool.failed.items() if name in engines}
        pool.refresh(self.generation)

    def _permit_anew(self, pool: Pool) -> None:
        """The table changed: who waits goes by what law permits now."""
        refusals: list[tuple[Call, Refused]] = []
        for call in pool.queue.calls():
            try:
                call.permit(pool)
            except Refused as refused:
                refusals.append((call, refused))
        _refuse(pool, refusals)

    def _refuse_cold(self, pool: Pool) -> None:
        """Who waits where the new table leaves no engine hears so at once, if nobody is kept."""
        if pool.queue.count and not pool.entry.hold_s:
            cold = errors.starting(pool.entry.model)
            waiting = pool.queue.calls()
            _refuse(pool, [(call, cold) for call in waiting if balance.is_cold(pool, call.route)])

    def _close_pool(self, pool: Pool) -> None:
        # Calls that are on their way know it still.
        pool.ready, pool.slots = [], {}
        _refuse(pool, [(call, errors.taken_away()) for call in pool.queue.calls()])
        for engine in pool.engines.values():
            engine.close()

    # ------------------------------------------------------------ time

    def second(self) -> None:
        """Each second: loads are told, what is silent for too long is given up."""
        self.tick_date()
        self.tell_loads()
        self.spool.turn()
        self.ledger.second()
        self._refuse_stale()
        for caller in list(self.callers):
            caller.tick()
        for call in list(self.active):
            call.quiet_s += 1
            if call.quiet_s > (IDLE_S if call.given else FIRST_BYTE_S):
                call.silent()

    def _refuse_stale(self) -> None:
        """Who waits is refused too once nobody knows any more what law permits."""
        try:
            self.check_fresh()
        except Refused as refused:
            for pool in self.pools.values():
                _refuse(pool, [(call, refused) for call in pool.queue.calls()])

    def tick_date(self) -> None:
        """The header `date`."""
        self.date = formatdate(usegmt=True).encode()

    def tell_loads(self) -> None:
        """Say now how many calls there are."""
        self._told = False
        loads = [load for pool in self.pools.values() for load in pool.loads()]
        self.send(LoadTold(loads=tuple(loads)))

    def tell_loads_soon(self) -> None:
        """Say it before the next second: somebody waits for an engine to be started."""
        if not self._told:
            self._told = True
            self.loop.call_later(0.01, self.tell_loads)

    def new_id(self) -> bytes:
        """An id that no other call has or had."""
        return b"%b%x" % (self._id_begin, next(self._ids))


def _refuse(pool: Pool, refusals: list[tuple[Call, Refused]]) -> None:
    """Of those who wait, these hear why they may not go.

    All of them leave the queue first: the end of one lets another go, by the law of now.
    """
    for call, _ in refusals:
        pool.queue.remove(call)
    for call, refused in refusals:
        call.refuse(refused)
