"""The picture: what a manager sees of the node's world in one look, while the controller rests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from allod.domain.document import Document
from allod.domain.service import Service
from allod.domain.site import Site
from allod.run.controller import World
from allod.run.log import KeyRow
from allod.run.serving.replicas import Live, lives_of
from allod.run.serving.site_entries import site_entry
from allod.run.serving.table import SiteEntry
from allod.run.views import document_of


class Resting(Protocol):
    """The controller, as far as a look needs it."""

    def at_rest(self) -> AbstractContextManager[World]:
        """The world between two batches."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """A service as its document has it now."""

    service: Service
    since_s: int  #: When the document came or last changed. [epoch s]


@dataclass(frozen=True, slots=True)
class Picture:
    """What was there."""

    documents: Mapping[str, Document] = field(default_factory=dict)  #: By 'Kind/name'.
    services: Mapping[str, Known] = field(default_factory=dict)
    sites: Mapping[str, Site] = field(default_factory=dict)
    keys: Mapping[str, KeyRow] = field(default_factory=dict)  #: Of projects, revoked ones too.
    entries: Mapping[str, SiteEntry] = field(default_factory=dict)  #: Of the services' sites.
    lives: tuple[Live, ...] = ()
    ordinal: int = 0  #: Of the latest workload.
    at_s: int = 0

    def at(self, service: str, site: str) -> tuple[Live, ...]:
        """The replicas of a service at a site."""
        return tuple(one for one in self.lives if (one.service, one.site) == (service, site))

    def spots(self) -> Iterator[tuple[str, str]]:
        """Every service with each site that it is to be at."""
        for name, known in sorted(self.services.items()):
            for site in known.service.sites:
                yield name, site


def look(resting: Resting, before: Picture, *, documents: bool) -> Picture:
    """What is there now; `documents`: they may have changed since `before`.

    Raises:
        Unavailable: The controller takes nothing now.
    """
    with resting.at_rest() as world:
        held, services, sites = before.documents, before.services, before.sites
        if documents:
            held, services = dict(world.engine.documents), _services(world)
            sites = dict(world.views.sites)
        named = sorted({site for known in services.values() for site in known.service.sites})
        outlook = world.engine.outlook
        return Picture(
            documents=held,
            services=services,
            sites=sites,
            keys=world.views.keys,
            entries={
                name: site_entry(name, sites[name], outlook, world.at_s)
                for name in named
                if name in sites
            },
            lives=lives_of(world.views.replicas.values()),
            ordinal=world.views.ordinal,
            at_s=world.at_s,
        )


def _services(world: World) -> dict[str, Known]:
    found = {}
    for row in world.views.documents.values():
        if row.kind == "Service" and row.current:
            spec = world.engine.documents[f"Service/{row.name}"].spec
            assert isinstance(spec, Service)
            found[row.name] = Known(spec, document_of(row)["at_s"])
    return found
