"""Replicas as workloads: what is asked for when one more is wanted, and what the log says of them.

Nothing else remembers a replica. The workload says whose it is and where it listens, so a node
that was killed finds all of them in its log and starts none twice (X2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from allod.domain.document import API_VERSION, Document, from_json
from allod.domain.service import Service
from allod.domain.workload import OnNodeFailure, OnReclaim, WorkloadKind
from allod.run.node_views import State
from allod.run.standing import Standing

_NAME_MAX = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A replica that waits or holds room, as the log has it."""

    id: str
    ordinal: int
    service: str
    site: str
    port: int
    pool: str  #: '' while it waits.
    state: State
    spec: dict[str, Any]
    ends_at_s: int | None  #: When its wall time runs out.
    started_at_s: int | None
    cancelled: bool  #: True if somebody asked for its end.
    reclaimed: bool  #: True if its room is taken back.
    node_names: tuple[str, ...]  #: Where the system that runs it says that it runs.
    job: str = ""  #: What that system calls it.
    accelerators: int = 0
    nodes: tuple[tuple[int, int], ...] = ()  #: (node of its pool, accelerators on it).

    @property
    def held(self) -> bool:
        """True while it waits for room."""
        return self.state is State.WAITING

    @property
    def stopping(self) -> bool:
        """True if it is to end, at once or when its notice is over."""
        return self.state is State.STOPPING


def lives_of(standings: Iterable[Standing]) -> tuple[Live, ...]:
    """The replicas among `standings`, by port."""
    return tuple(sorted((live_of(standing) for standing in standings), key=lambda one: one.port))


def live_of(standing: Standing) -> Live:
    """The replica that `standing` is the workload of."""
    of, placed = standing.spec["replica_of"], standing.placed
    return Live(
        id=standing.workload_id,
        ordinal=standing.ordinal,
        service=of["service"],
        site=standing.spec["sites"][0],
        port=of["port"],
        pool=standing.pool,
        state=standing.state,
        spec=standing.spec,
        ends_at_s=placed.ends_at_s,
        started_at_s=standing.started_at_s,
        cancelled=placed.cancelled_by is not None,
        reclaimed=placed.reclaimed,
        node_names=tuple(placed.node_names),
        job=placed.job,
        accelerators=standing.accelerators,
        nodes=tuple((node, count) for node, count in placed.nodes),
    )


def replica_document(name: str, service: Service, site: str, port: int) -> Document:
    """The workload of one replica of the service `name`.

    Host and key of the engine are not in it: they are filled in when it is started, so that no
    log holds the key.
    """

    def filled(text: str) -> str:
        return text.replace("{port}", str(port)).replace("{model}", service.model)

    spec: dict[str, Any] = {
        "project": service.project,
        "kind": WorkloadKind.SERVICE,
        "accelerators": service.accelerators,
        "models": service.models,
        "topology": service.topology,
        "wall_time_s": service.wall_time_s,
        "access_class": service.access_class,
        "sites": (site,),
        "residency": service.residency and service.residency.model_dump(exclude_defaults=True),
        "command": tuple(filled(part) for part in service.command),
        "environment": {key: filled(text) for key, text in service.environment.items()},
        "container": service.container,
        # Whether there is to be another one, and where it listens, is decided anew each time.
        "on_reclaim": OnReclaim.CANCEL,
        "on_node_failure": OnNodeFailure.FAIL,
        "replica_of": {"service": name, "port": port},
    }
    called = {"name": workload_name(name, port)}
    item = {"apiVersion": API_VERSION, "kind": "Workload", "metadata": called}
    return from_json({**item, "spec": spec})


def workload_name(service: str, port: int) -> str:
    """What the workload of a replica of `service` is called."""
    ending = f"-{port}"
    return f"{service[: _NAME_MAX - len(ending)].rstrip('-.')}{ending}"


def is_current(live: Live, service: Service) -> bool:
    """True if `live` is what the service's present document asks for."""
    wanted = replica_document(live.service, service, live.site, live.port).spec
    return bool(wanted.model_dump(mode="json", exclude_defaults=True) == live.spec)
