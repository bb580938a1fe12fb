"""Services as they are shown, made of the manager's last look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from allod.decide.scaling import Calls
from allod.run.log import WorkloadRow
from allod.run.serving.loads import Loads
from allod.run.serving.picture import Known, Picture
from allod.run.serving.probes import Health
from allod.run.serving.replicas import Live
from allod.run.serving.service_views import (
    ReplicaStage,
    ReplicaView,
    ServiceSiteView,
    ServiceView,
)
from allod.run.serving.spot import Spot
from allod.run.standing import workload_view

Spots = Mapping[tuple[str, str], Spot]


class Beside(Protocol):
    """What is to be known of replicas beside the look."""

    @property
    def gateways(self) -> int:
        """How many are connected."""
        ...

    def health(self, lives: Iterable[Live]) -> dict[str, Health]:
        """How they are, by id."""
        ...

    def host_of(self, live: Live) -> str:
        """Where one is reached."""
        ...

    def row(self, workload_id: str) -> WorkloadRow | None:
        """The durable row of a workload."""
        ...


def views_of(
    picture: Picture, spots: Spots, loads: Loads, beside: Beside
) -> tuple[ServiceView, ...]:
    """All services, by name."""
    return tuple(
        _view(name, known, [spots[key] for key in sorted(spots) if key[0] == name], loads, beside)
        for name, known in sorted(picture.services.items())
    )


def _view(
    name: str, known: Known, spots: Iterable[Spot], loads: Loads, beside: Beside
) -> ServiceView:
    service = known.service
    return ServiceView(
        name=name,
        project=service.project,
        title=service.title,
        model=service.model,
        engine=service.engine.value,
        operations=tuple(operation.value for operation in service.serves),
        replicas_min=service.replicas.min,
        replicas_max=service.replicas.max,
        gateways=beside.gateways,
        sites=tuple(_site_view(spot, loads, beside) for spot in spots),
    )


def _site_view(spot: Spot, loads: Loads, beside: Beside) -> ServiceSiteView:
    health = beside.health(spot.lives)
    replicas = tuple(
        _replica(live, spot, health.get(live.id), loads, beside) for live in spot.lives
    )
    calls = loads.calls(spot.name, spot.site) or Calls()
    failures = spot.failures
    counts = {stage: 0 for stage in ("waiting", "starting", "ready", "draining")}
    for one in replicas:
        counts[one.stage] += 1
    held = [reason for one in replicas if one.stage == "waiting" for reason in one.why]
    return ServiceSiteView(
        site=spot.site,
        wanted=spot.scale.wanted if spot.scale is not None else spot.service.replicas.min,
        ready=counts["ready"],
        starting=counts["starting"],
        draining=counts["draining"],
        held=counts["waiting"],
        in_flight=calls.in_flight,
        waiting=calls.waiting,
        why=tuple(dict.fromkeys([spot.closed, *held] if spot.closed else held)),
        last_failure=failures.said,
        failed_replica=failures.replica,
        failed_words=failures.wrote,
        failed_at_s=failures.at_s,
        again_at_s=failures.again_at_s,
        replicas=replicas,
    )


def _replica(
    live: Live, spot: Spot, health: Health | None, loads: Loads, beside: Beside
) -> ReplicaView:
    drain = spot.drains.get(live.id)
    why: tuple[str, ...] = ()
    stage: ReplicaStage = "starting"
    if live.held:
        stage, why = "waiting", _held_by(live, beside)
    elif drain is not None:
        stage, why = "draining", (drain.why,)
    elif live.stopping:
        stage, why = "draining", ("its room is taken back",) if live.reclaimed else ()
    elif health is not None and health.ready:
        stage = "ready"
    elif health is not None:
        why = (health.said,)
    return ReplicaView(
        workload_id=live.id,
        stage=stage,
        port=live.port,
        host=beside.host_of(live),
        in_flight=loads.in_flight(live.id),
        why=why,
    )


def _held_by(live: Live, beside: Beside) -> tuple[str, ...]:
    """What a replica waits for at its site, in words."""
    row = beside.row(live.id)
    reasons = workload_view(row).reasons if row is not None else ()
    return tuple(one.message for one in reasons if one.site in ("", live.site))
