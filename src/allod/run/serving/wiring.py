"""Which counters of a site count a replica, and how they are asked.

Counters of jobs count it alone. Counters of nodes do if it has all accelerators of its nodes; else
it gets its part of them by accelerators, as whoever runs beside it does. A node that counts
everything gives a replica what its accelerators do not count, by the same parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from allod.domain.counters import Counter
from allod.energy.counted import Host, Wiring


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Accelerators of a replica on a node."""

    node: str  #: As the system that runs it calls it.
    accelerators: int
    of: int  #: How many the node has; 0: nobody said. [1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A replica that holds accelerators."""

    replica: str
    service: str
    model: str
    site: str
    accelerator: str  #: Model of its accelerators.
    job: str
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A counter, and of what it is asked."""

    source: str
    counter: str  #: By its name in the site's document.
    node: str
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """A replica with its counters."""

    replica: str
    service: str
    model: str
    site: str
    accelerator: str
    wiring: Wiring
    asked: tuple[Asked, ...]
    slots: tuple[tuple[str, tuple[int, ...]], ...]  #: (node, its parts there), by node.

    def encode(self) -> str:
        """As JSON; the same for the same."""
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS).decode()

    @classmethod
    def decode(cls, text: str) -> Metered:
        """What `encode` wrote."""
        plain: dict[str, Any] = orjson.loads(text)
        hosts = tuple(
            Host(
                source=host["source"],
                accelerators=tuple(host["accelerators"]),
                slots=tuple(host["slots"]),
                count=host["count"],
                is_accelerators=host["is_accelerators"],
            )
            for host in plain["wiring"]["hosts"]
        )
        return cls(
            **{
                **plain,
                "wiring": Wiring(own=tuple(plain["wiring"]["own"]), hosts=hosts),
                "asked": tuple(Asked(**one) for one in plain["asked"]),
                "slots": tuple((node, tuple(slots)) for node, slots in plain["slots"]),
            }
        )


def wire(
    running: Running, counters: Iterable[Counter], taken: Mapping[str, frozenset[int]]
) -> Metered | None:
    """The counters of a replica; None where none of the site's counts it.

    Args:
        running: The replica.
        counters: Of its site; of several that count the same the first is taken.
        taken: Parts of each node that other replicas have.
    """
    registers = [one for one in counters if one.reads == "register"]
    by_job: dict[str, Counter] = {
        one.counts: one for one in reversed(registers) if one.by_job and running.job
    }
    by_node: dict[str, Counter] = {one.counts: one for one in reversed(registers) if not one.by_job}
    asked: dict[str, Asked] = {}
    slots = {
        held.node: _free(taken.get(held.node, frozenset()), held.accelerators, held.of)
        for held in running.held
    }

    def source(counter: Counter, node: str) -> str:
        name = f"{running.site}/{counter.name}/{running.job if counter.by_job else node}"
        asked[name] = Asked(source=name, counter=counter.name, node=node, job=running.job)
        return name

    if "nodes" in by_job:
        wiring = Wiring(own=(source(by_job["nodes"], ""),))
    else:
        own: tuple[str, ...] = ()
        if "accelerators" in by_job and ("nodes" not in by_node or _is_alone(running)):
            own = (source(by_job["accelerators"], ""),)
        parts = [
            part
            for held in running.held
            for part in _at_node(held, slots[held.node], by_node, own, source)
        ]
        wiring = Wiring(own=own, hosts=tuple(sorted(parts, key=lambda part: part.source)))
    if not wiring.sources:
        return None
    return Metered(
        replica=running.replica,
        service=running.service,
        model=running.model,
        site=running.site,
        accelerator=running.accelerator,
        wiring=wiring,
        asked=tuple(asked[name] for name in sorted(asked)),
        slots=tuple(sorted(slots.items())),
    )


def _is_alone(running: Running) -> bool:
    """True if what its one node counts beside its accelerators is the replica's."""
    return len(running.held) == 1 and running.held[0].accelerators >= running.held[0].of > 0


def _at_node(
    held: Held,
    slots: tuple[int, ...],
    by_node: Mapping[str, Counter],
    own: tuple[str, ...],
    source: Callable[[Counter, str], str],
) -> Iterator[Host]:
    """The parts of a node that a replica gets by its accelerators."""
    if not held.of:
        return
    inside = own
    if "accelerators" in by_node and not own:
        inside = (source(by_node["accelerators"], held.node),)
        yield Host(
            source=inside[0], accelerators=(), slots=slots, count=held.of, is_accelerators=True
        )
    if "nodes" in by_node:
        name = source(by_node["nodes"], held.node)
        yield Host(source=name, accelerators=inside, slots=slots, count=held.of)
    elif "hosts" in by_node:
        name = source(by_node["hosts"], held.node)
        yield Host(source=name, accelerators=(), slots=slots, count=held.of)


def _free(taken: frozenset[int], wanted: int, count: int) -> tuple[int, ...]:
    """The lowest parts that nobody has; as many as are left, should they not be enough."""
    return tuple(sorted(set(range(count)) - taken))[:wanted]
