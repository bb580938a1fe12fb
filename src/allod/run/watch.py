"""The watch: looks at the runners and tells the controller what has started and what has ended.

A runner that does not answer is out of reach (X3): its work keeps its room and its state, and only
the node's own view says that nobody knows. A run ends only when a runner that does answer says so,
or says that it does not know the run at all.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, Protocol

from allod.domain.event import Outcome
from allod.errors import AllodError, InvalidInput, Unavailable
from allod.run.clock import Clock
from allod.run.controller import World
from allod.run.metrics import Metrics
from allod.run.outbox import Outbox
from allod.run.ports import Cluster, PoolReport, RunKey, Runner, RunReport
from allod.run.reports import Begun, Ended, PoolSeen, is_news
from allod.run.requests import Request
from allod.run.standing import Standing

_log = logging.getLogger(__name__)


class Decider(Protocol):
    """The controller, as far as the watch needs it."""

    def ask(self, request: Request) -> Future[Any]:
        """Put `request` in the queue."""
        ...

    def at_rest(self) -> AbstractContextManager[World]:
        """The world between two batches."""
        ...


class Watch:
    """One thread that looks at one runner."""

    def __init__(
        self,
        name: str,
        runner: Runner,
        outbox: Outbox,
        decider: Decider,
        clock: Clock,
        metrics: Metrics,
        *,
        poll_s: float = 0.1,
        observe_s: float = 5.0,
    ) -> None:
        self._strays: frozenset[RunKey] = frozenset()
        self._pools: dict[str, PoolReport] = {}  #: The last told of each pool.
        self._name, self._runner, self._outbox, self._decider = name, runner, outbox, decider
        self._clock, self._metrics = clock, metrics
        self._poll_s, self._observe_s = poll_s, observe_s
        self._closing = threading.Event()
        self._since_s: int | None = None
        self._thread = threading.Thread(target=self._run, name=f"watch {name}", daemon=True)

    @property
    def out_of_reach_since_s(self) -> int | None:
        """Since when the runner does not answer; None if it does. [epoch s]"""
        return self._since_s

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more; what runs goes on."""
        self.let_go()
        if self._thread.is_alive():
            self._thread.join()

    def let_go(self) -> None:
        """As `close`, without waiting for a look that is under way."""
        self._closing.set()

    def _run(self) -> None:
        observed_s = -self._observe_s
        while not self._closing.is_set():
            now_s = self._clock.monotonic_s()
            whole = now_s - observed_s >= self._observe_s
            try:
                if self.look(whole=whole) and whole:
                    observed_s = now_s
            except Unavailable as error:
                _log.debug("watch of %s waits: %s", self._name, error)
            except AllodError as error:
                # Whatever is wrong with one report, the others are still to be heard.
                _log.error("watch of %s goes on after: %s", self._name, error)
            except Exception as error:  # noqa: BLE001  (the edge: a mistake of ours blinds no site)
                _log.exception("watch of %s goes on after a mistake", self._name)
                self._lost_sight(error)
            self._closing.wait(self._poll_s if self._since_s is None else self._observe_s)

    def look(self, *, whole: bool) -> bool:
        """Look once, at all that is placed or only at what has just ended; False: out of reach.

        Raises:
            Unavailable: The controller takes nothing now.
        """
        placed: dict[RunKey, Standing] = {}
        starting: frozenset[RunKey] = frozenset()
        if whole:
            # In this order: a run that is placed by now is in `starting` until its start is
            # answered, and from then on the runner knows it.
            placed = self._placed()
            starting = self._outbox.starting()
        try:
            ended = self._runner.ended()
            keys = {*placed, *ended}
            if isinstance(self._runner, Cluster):
                # The outbox learns how they stand; to look for what is not there yet costs much.
                keys -= starting - set(ended)
            reports = self._runner.observe(sorted(keys)) if keys else {}
            # After the runs: of a node that failed with its work both are known, or neither.
            pools = self._runner.pools() if isinstance(self._runner, Cluster) else ()
        except (AllodError, OSError) as error:
            self._lost_sight(error)
            return False
        self._in_sight()
        self._tell_pools(pools, whole=whole)
        self._tell(reports, placed, starting)
        if isinstance(self._runner, Cluster) and whole:
            self._stop_strays(self._runner.unended() - placed.keys() - starting)
        return True

    def _tell_pools(self, pools: tuple[PoolReport, ...], *, whole: bool) -> None:
        """Say what has changed in the pools, before the ends of runs that failed with their node.

        Else their work would be placed on that very node again.
        """
        for pool in pools:
            if whole or self._pools.get(pool.pool) != pool:
                try:
                    self._decider.ask(PoolSeen(pool)).result()
                except InvalidInput as error:
                    _log.error(
                        "%s: pool %s is not as the cluster says: %s", self._name, pool.pool, error
                    )
                self._pools[pool.pool] = pool

    def _stop_strays(self, unknown: frozenset[RunKey]) -> None:
        """Stop runs of this node that hold no room: those of an answer that came too late.

        One that was placed while we looked is unknown only once.
        """
        for key in sorted(unknown & self._strays):
            _log.warning("%s: run %s.%d holds no room here; it is stopped", self._name, *key)
            try:
                self._runner.stop(*key, 0, "it holds no room")
            except AllodError as error:
                _log.warning("%s: %s", self._name, error)
        self._strays = unknown

    def _placed(self) -> dict[RunKey, Standing]:
        """Runs that hold room at this runner."""
        with self._decider.at_rest() as world:
            return {
                (standing.workload_id, standing.run): standing
                for standing in world.views.holders(self._name)
            }

    def _tell(
        self,
        reports: Mapping[RunKey, RunReport],
        placed: Mapping[RunKey, Standing],
        starting: frozenset[RunKey],
    ) -> None:
        """Ask all first and wait then, so that they become durable together."""
        asked: list[tuple[RunKey, Future[Any]]] = []
        for key, report in reports.items():
            match report.state:
                case "ended":
                    if report.started_at_s is not None:
                        # It may have ended before anybody told that it began.
                        self._decider.ask(Begun(*key, report.seen))
                    asked.append((key, self._decider.ask(Ended.of(report))))
                case "running":
                    standing = placed.get(key)
                    if standing is not None and is_news(standing, report.seen):
                        self._decider.ask(Begun(*key, report.seen))
                case "absent":
                    if key in placed and key not in starting:
                        lost = Ended(*key, Outcome.LOST, None, "its runner does not know it")
                        self._decider.ask(lost).result()
                case "starting" | "queued":
                    pass
        for key, future in asked:
            future.result()
            self._acknowledge(key)

    def _acknowledge(self, key: RunKey) -> None:
        try:
            self._runner.acknowledge(*key)
        except (AllodError, OSError) as error:
            self._lost_sight(error)

    def _lost_sight(self, error: Exception) -> None:
        if self._since_s is None:
            self._since_s = self._clock.now_s()
            self._metrics.out_of_reach.labels(self._name).set(1)
            _log.warning(
                "runner %s is out of reach; its work keeps its room: %s", self._name, error
            )

    def _in_sight(self) -> None:
        if self._since_s is not None:
            _log.warning("runner %s is in reach again", self._name)
        self._since_s = None
        self._metrics.out_of_reach.labels(self._name).set(0)
