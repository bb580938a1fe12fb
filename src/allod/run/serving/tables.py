"""The table that gateways answer by, put together: services, replicas, keys, law, sites.

What changes seldom is given as `Parts`; the state of replicas changes with every probe. A table
that says the same as the one before is the one before, so that a revision is a change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from allod.domain.service import Service, WhenCold
from allod.run.serving import link
from allod.run.serving.table import (
    Access,
    ClassShare,
    Estimate,
    KeyEntry,
    Replica,
    ServiceEntry,
    SiteEntry,
    Table,
)

GOOD_FOR_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of a table but the replicas."""

    services: tuple[ServiceEntry, ...] = ()  #: Without their replicas.
    sites: Mapping[str, SiteEntry] = field(default_factory=dict)
    keys: tuple[KeyEntry, ...] = ()
    rules: Mapping[str, Mapping[str, Mapping[str, Access]]] = field(default_factory=dict)
    files_against: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Tables:
    """The newest table and its line; belongs to one thread."""

    def __init__(self, now_s: Callable[[], int]) -> None:
        self._now_s = now_s
        at_s = now_s()
        # A table of a life before has a lower revision, as long as tables change less often than
        # every millisecond.
        self._table = Table(
            revision=at_s * 1000,
            made_at_s=at_s,
            good_for_s=GOOD_FOR_S,
            keys=(),
            services=(),
            sites={},
            rules={},
            files_against={},
        )
        #: The newest one as a message; empty until one was made, for the one to begin with says
        #: that there are no keys, and gateways that live on would believe it.
        self.line = b""

    @property
    def table(self) -> Table:
        """The newest one."""
        return self._table

    def make(self, parts: Parts, replicas: Mapping[str, tuple[Replica, ...]]) -> bool:
        """Make the table of `parts` and the replicas of each service; True if it is another."""
        before = self._table
        made = replace(
            before,
            keys=parts.keys,
            services=tuple(
                replace(entry, replicas=replicas.get(entry.name, ())) for entry in parts.services
            ),
            sites=dict(parts.sites),
            rules={
                rule: {service: dict(sites) for service, sites in services.items()}
                for rule, services in parts.rules.items()
            },
            files_against=dict(parts.files_against),
        )
        if made == before and self.line:
            return False
        self._table = replace(made, revision=before.revision + 1, made_at_s=self._now_s())
        self.line = link.line_of(self._table)
        return True


def entry_of(
    name: str, service: Service, created_at_s: int, estimates: Mapping[str, Estimate]
) -> ServiceEntry:
    """A service as its document has it, without replicas."""
    return ServiceEntry(
        name=name,
        model=service.model,
        engine=service.engine.value,
        operations=tuple(operation.value for operation in service.serves),
        in_flight=service.replicas.in_flight,
        context_tokens=service.context_tokens,
        answer_tokens=service.answer_tokens,
        hold_s=service.cold_wait_s if service.when_cold is WhenCold.HOLD else 0,
        batches=service.batches,
        classes={
            access_class: ClassShare(
                in_flight_max_bp=share.in_flight_max_bp,
                waiting_max=share.waiting_max,
                wait_max_s=share.wait_max_s,
                free_min=share.free_min,
                replicas_spared=share.replicas_spared,
            )
            for access_class, share in sorted(service.classes.items())
        },
        replicas=(),
        estimates=dict(estimates),
        created_at_s=created_at_s,
    )
