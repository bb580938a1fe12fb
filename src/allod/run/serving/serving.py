"""Serving: services in a running node, put together: manager, probes, table and the link."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allod.errors import AllodError, Unavailable
from allod.run.clock import Clock
from allod.run.log import ViewReads, WorkloadRow
from allod.run.ports import Cluster, Located, OutputPart, Runner, StartOrder
from allod.run.serving import link, metering
from allod.run.serving.engine_keys import LOOPBACK, EngineKeys
from allod.run.serving.free_ports import FreePorts
from allod.run.serving.link import LoadTold, ReplicaFailed
from allod.run.serving.link_server import LinkServer
from allod.run.serving.loads import Loads
from allod.run.serving.loop import Loop
from allod.run.serving.manager import Asking, Manager
from allod.run.serving.meter_look import look_of
from allod.run.serving.metering import Metering
from allod.run.serving.parts import PartMaker, Rates
from allod.run.serving.picture import Picture
from allod.run.serving.probes import Health, Probes, Target
from allod.run.serving.replicas import Live
from allod.run.serving.service_views import ServiceView
from allod.run.serving.shown import views_of
from allod.run.serving.spot import Spot
from allod.run.serving.table import Replica
from allod.run.serving.tables import Parts, Tables

_log = logging.getLogger(__name__)

_WORDS_BYTES = 2000
_WORDS_LINES = 12
_PART_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Means:
    """What services need beside what the node has."""

    folder: Path  #: Where the socket of the link lies.
    secret: bytes  #: Engines' keys are made of it.
    first_port: int = 21_000  #: Of those that replicas listen at.
    last_port: int = 21_999
    metering: metering.Means | None = None  #: None: what calls draw is not metered.
    home_site: str = ""  #: Where this node and its gateways stand; '' if nobody has said.


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What services need of the node."""

    controller: Asking
    reads: ViewReads
    runners: Mapping[str, Runner]
    away_since_s: Callable[[str], int | None]  #: Since when a runner does not answer.
    output: Callable[[str, int], OutputPart]  #: Of a workload's standard error, from there on.
    clock: Clock


#: The manager's last look, and what it knows of each service at each site.
_Shown = tuple[Picture, dict[tuple[str, str], Spot]]


def _nothing_metered(model: str, accelerator: str) -> None:
    """Nobody meters."""


class Serving:
    """Services of a node; safe to use from several threads."""

    def __init__(self, node: Surroundings, means: Means) -> None:
        self._node = node
        self._keys = EngineKeys(means.secret)
        self._loads = Loads(node.clock.monotonic_s)
        self._loop = Loop("serving")
        self._probes = Probes(self._refresh)
        self._tables = Tables(node.clock.now_s)
        self._link = LinkServer(
            means.folder / link.SOCKET,
            lambda: self._tables.line,
            self._told,
            self._failed,
            self._loads.gone,
        )
        self._manager = Manager(
            node.controller,
            node.clock,
            self._loads,
            FreePorts(means.first_port, means.last_port),
            self,
        )
        self._shown: _Shown = (Picture(), {})
        #: What is published, and its parts; of the loop's thread, that probes and these agree.
        self._published: tuple[_Shown, Parts] = (self._shown, Parts())
        #: What meters found of calls to a model on accelerators.
        self.rates: Rates = _nothing_metered
        self._maker = PartMaker(means.home_site)
        self._metering: Metering | None = None
        if (meters := means.metering) is not None:
            self._metering = Metering(meters, lambda: look_of(self._shown[0], meters.here))
            self.rates = self._metering.rates

    def start(self) -> None:
        """Listen for gateways, and begin to keep replicas.

        Raises:
            Unavailable: The socket of the link cannot be made.
        """
        self._loop.start()
        try:
            self._loop.done(self._link.open())
        except OSError as error:
            raise Unavailable(f"no socket for gateways can be made: {error}") from error
        self._manager.start()
        if self._metering is not None:
            self._metering.start()

    def close(self) -> None:
        """Keep no more; replicas and gateways go on."""
        if self._metering is not None:
            self._metering.close()
        self._manager.close()
        if self._loop.runs:
            self._loop.done(self._link.close())
        self._loop.close()

    def documents_changed(self) -> None:
        """Read the documents anew soon; returns at once."""
        self._manager.documents_changed()

    def keys_changed(self) -> None:
        """Tell gateways of keys that came or were revoked, soon; returns at once."""
        self._manager.wake(always=True)

    def services(self) -> tuple[ServiceView, ...]:
        """All services now, by name."""
        picture, spots = self._shown
        return views_of(picture, spots, self._loads, self)

    # ------------------------------------------------------------ for the outbox

    def prepare(self, order: StartOrder, body: dict[str, Any], runner: Runner) -> StartOrder:
        """The order of a replica with host and key of its engine."""
        here = not isinstance(runner, Cluster)
        return self._keys.prepared(order, body["replica_of"], here)

    # ------------------------------------------------------------ for the manager

    def health(self, lives: Iterable[Live]) -> dict[str, Health]:
        """See `manager.Around.health`."""
        found = {live.id: self._probes.health(live.id) for live in lives}
        return {name: health for name, health in found.items() if health is not None}

    def show(self, picture: Picture, spots: Mapping[tuple[str, str], Spot]) -> None:
        """See `manager.Around.show`."""
        self._shown = (picture, dict(spots))
        self._loop.soon(self._probes.watch, self._targets(picture))
        self._loop.soon(self._take, self._shown, self._maker.made(picture, self.rates))

    def in_reach(self, site: str) -> bool:
        """See `manager.Around.in_reach`."""
        return self._node.away_since_s(self._node.controller.views.runner(site)) is None

    def row(self, workload_id: str) -> WorkloadRow | None:
        """See `manager.Around.row`."""
        return self._node.reads.workload(workload_id)

    def last_words(self, workload_id: str) -> str:
        """See `manager.Around.last_words`."""
        kept, offset = b"", 0
        try:
            while (part := self._node.output(workload_id, offset)).data:
                kept, offset = (kept + part.data)[-_WORDS_BYTES:], part.next_offset
        except AllodError as error:
            _log.info("what %s wrote last cannot be read: %s", workload_id, error)
        lines = kept.decode(errors="replace").splitlines()
        return "\n".join(line.rstrip() for line in lines[-_WORDS_LINES:])

    @property
    def gateways(self) -> int:
        """How many are connected."""
        return self._link.gateways

    def host_of(self, live: Live) -> str:
        """Where a replica is reached; '' if that is not known yet."""
        runner = self._node.runners.get(self._node.controller.views.runner(live.site))
        if live.held or runner is None:
            return ""
        if not isinstance(runner, Cluster):
            return LOOPBACK
        if not live.node_names:
            return ""
        first = live.node_names[0]
        return runner.address_of(first) if isinstance(runner, Located) else first

    def _targets(self, picture: Picture) -> dict[str, Target]:
        found = {}
        for live in picture.lives:
            known, host = picture.services.get(live.service), self.host_of(live)
            if known is not None and host:
                path = known.service.readiness.path
                found[live.id] = Target(host, live.port, path, self._keys.key_of(live.id))
        return found

    # ------------------------------------------------------------ in the loop's thread

    def _take(self, shown: _Shown, parts: Parts) -> None:
        self._published = (shown, parts)
        self._publish()

    def _refresh(self) -> None:
        """A replica begins or ceases to be ready: gateways first, then the manager."""
        self._publish()
        self._manager.wake()

    def _publish(self) -> None:
        (picture, spots), parts = self._published
        if not self._tables.line and not self._is_known(picture):
            return  # Gateways that live on go by what they have until all of it is known.
        replicas: dict[str, list[Replica]] = {}
        for live in picture.lives:
            spot = spots.get((live.service, live.site))
            made = self._replica(live, live.stopping or bool(spot and live.id in spot.drains))
            if made is not None:
                replicas.setdefault(live.service, []).append(made)
        ordered = {
            name: tuple(sorted(found, key=lambda one: one.id)) for name, found in replicas.items()
        }
        if self._tables.make(parts, ordered):
            self._link.changed()

    def _is_known(self, picture: Picture) -> bool:
        """True once there was a look, and every replica that can be asked was asked."""
        known = (self._probes.health(live.id) for live in picture.lives)
        return picture.at_s > 0 and all(health is None or health.asked for health in known)

    def _replica(self, live: Live, leaving: bool) -> Replica | None:
        """The replica in the table; None if it is no use to a gateway."""
        health = self._probes.health(live.id)
        if live.held or (leaving and not (health and health.was_ready)):
            return None
        ready = health is not None and health.ready
        return Replica(
            id=live.id,
            site=live.site,
            host=self.host_of(live),
            port=live.port,
            key=self._keys.key_of(live.id),
            state="draining" if leaving else "ready" if ready else "starting",
        )

    def _told(self, gateway: int, load: LoadTold) -> None:
        self._loads.told(gateway, load)
        self._manager.wake()

    def _failed(self, failed: ReplicaFailed) -> None:
        self._probes.doubt(failed.replica, f"a gateway says: {failed.why}")
