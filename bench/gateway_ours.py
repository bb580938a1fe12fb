"""Our gateway as it is measured beside others: one worker and the desk, everything on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from allod.run.serving.table import Access, ClassShare, Table
from bench import gateway_node
from bench.cpu_of_tree import cpu_s
from bench.gateway_figures import OURS
from bench.gateway_load import PROXY_CORE, Target
from bench.gateway_peers import free_port
from bench.gateway_up import GatewayUp

_SHARE = ClassShare(in_flight_max_bp=10_000, waiting_max=1_000, wait_max_s=60)
#: So high that nobody meets them; what they cost is measured, not what they refuse.
_PER_MIN = 1_000_000_000


@dataclass(slots=True)
class Ours:
    """The gateway while it is measured."""

    up: GatewayUp
    answered: int = 0  #: Calls that must have their record.

    @property
    def target(self) -> Target:
        """What is loaded."""
        return Target(
            name=OURS,
            port=self.up.port,
            processes=(self.up.desk_pid,),
            beside=(self.up.postgres_pid(),),
            key=gateway_node.SECRET,
            settle=self._settle,
        )

    def postgres_cpu_s(self) -> float:
        """What its database has used. [s]"""
        return cpu_s(self.up.postgres_pid())

    def _settle(self, answers: int) -> None:
        """The work for a call is done once its record is durable."""
        self.answered += answers
        found = self.up.drained(self.answered)
        if found < self.answered:
            raise RuntimeError(f"{self.answered} calls were answered, {found} have a record")


@contextmanager
def running(folder: Path, upstream: int) -> Iterator[Ours]:
    """The gateway before an upstream at a port, pinned to the core of proxies."""
    own = folder / "allod"
    own.mkdir()
    prefix = ("taskset", "-c", str(PROXY_CORE))
    with GatewayUp(own, free_port(), _table(upstream), prefix) as up:
        yield Ours(up)


def _table(upstream: int) -> Table:
    """Two models of one engine; the law permits one site of two, for a key with limits."""
    services = [
        gateway_node.service(
            name,
            [gateway_node.replica(f"{name}-here", "here", upstream)],
            in_flight=1_024,
            classes={"floor": _SHARE, "surplus": _SHARE},
        )
        for name in ("fake", "paced")
    ]
    said = {
        "here": Access(access_class="floor", priority=10),
        "there": Access(against=("processing is permitted in NO only",)),
    }
    key = gateway_node.key(
        "bench",
        gateway_node.SECRET,
        "rule",
        requests_per_min=_PER_MIN,
        tokens_per_min=_PER_MIN,
        in_flight_max=100_000,
    )
    rules = {"rule": {"fake": said, "paced": said}}
    return gateway_node.table([key], services, rules, ("here", "there"))
