"""What a node shows of its services: plain frozen values, as `run.node_views`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: `waiting`: its workload waits for room. `starting`: it is placed and does not take calls yet, or
#: no longer answers. `ready`: it takes calls. `draining`: it ends those it has, and then itself.
ReplicaStage = Literal["waiting", "starting", "ready", "draining"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaView:
    """One replica; its story and its output are those of its workload."""

    workload_id: str
    stage: ReplicaStage
    port: int
    host: str = ""  #: Where it is called; '' while that is not known.
    in_flight: int = 0  #: Calls that it works on, as gateways last said.
    why: tuple[str, ...] = ()  #: Of one that waits: what for. Of one that drains: why it does.


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSiteView:
    """A service at one of its sites."""

    site: str
    wanted: int  #: Replicas that the calls ask for, within the limits of its document.
    ready: int
    starting: int
    draining: int
    held: int  #: Replicas that wait for room.
    in_flight: int  #: Calls at engines.
    waiting: int  #: Calls at gateways.
    why: tuple[str, ...] = ()  #: What keeps it from having as many replicas as it wants.
    last_failure: str = ""  #: How a replica last failed, or why none was accepted, in a line.
    failed_replica: str = ""  #: Which one it was; '' if none was accepted.
    failed_words: str = ""  #: The last lines that it wrote.
    failed_at_s: int | None = None
    again_at_s: int | None = None  #: When the next one is tried, if that has to wait.
    replicas: tuple[ReplicaView, ...] = ()  #: By port.


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceView:
    """A service now."""

    name: str
    project: str
    title: str
    model: str
    engine: str
    operations: tuple[str, ...]
    replicas_min: int
    replicas_max: int
    gateways: int  #: Gateways that are connected; without one nobody's calls are known.
    sites: tuple[ServiceSiteView, ...]

    @property
    def ready(self) -> int:
        """Replicas that take calls, at all sites."""
        return sum(site.ready for site in self.sites)
