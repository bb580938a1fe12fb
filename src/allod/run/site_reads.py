"""What else can be asked of a site: its power over time, machines, phases and parties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allod.decide.outlook import Outlook
from allod.domain.charter import Charter
from allod.domain.event import PoolReported
from allod.domain.party import Party
from allod.domain.site import Site
from allod.run.controller import Controller, World
from allod.run.document_requests import no_document
from allod.run.held import Held, held_at
from allod.run.log import ViewReads
from allod.run.node_map import NodeMapView, node_map
from allod.run.power_views import SitePowerView
from allod.run.site_meters import NoMeters, SiteMeters
from allod.run.site_parties import SiteParties
from allod.run.site_phases import SitePhases
from allod.run.site_power import SitePower
from allod.run.views import document_of


@dataclass(frozen=True, slots=True)
class _Here:
    """What is known of a site, taken while the controller rests."""

    site: Site
    said_at_s: int  #: When its document was applied. [epoch s]
    held: list[Held]
    reports: Mapping[tuple[str, str], PoolReported]
    outlook: Outlook
    at_s: int


class SiteReads:
    """Answers questions about one site; safe to use from several threads."""

    def __init__(self, controller: Controller, reads: ViewReads) -> None:
        self._controller, self._reads = controller, reads
        self.meters: SiteMeters = NoMeters()

    def power(self, name: str, hours: int) -> SitePowerView:
        """The envelope of a site as a tree, now and over the `hours` to come.

        Raises:
            NotFound: There is no such site; tells names that are near.
        """
        here = self._here(name)
        power = SitePower(
            name, here.site, here.said_at_s, here.outlook, here.held, here.reports, here.at_s
        )
        return power.view(hours, self.meters.power(name, here.site))

    def nodes(self, name: str, *, shared: bool = False) -> NodeMapView:
        """The machines of a site; with `shared`, also all who share one.

        Raises:
            NotFound: There is no such site; tells names that are near.
        """
        here = self._here(name)
        return node_map(name, here.site, here.held, here.reports, here.at_s, shared=shared)

    def phases(self, name: str) -> dict[str, Any]:
        """The build-out of a site: its phases, and how its document changed.

        Raises:
            NotFound: There is no such site; tells names that are near.
            Unavailable: The database cannot be reached.
        """
        here = self._here(name)
        revisions = self._reads.document_revisions("Site", name)
        return SitePhases(name, here.site, revisions, here.at_s).to_json()

    def parties(self, name: str) -> dict[str, Any]:
        """Roles and parties of a site, who is in control of it, and its charter in words.

        Raises:
            NotFound: There is no such site; tells names that are near.
        """
        with self._controller.at_rest() as world:
            site, documents = _site(world, name), dict(world.engine.documents)
            at_s = world.at_s
        parties = {d.name: d.spec for d in documents.values() if isinstance(d.spec, Party)}
        charters = {d.name: d.spec for d in documents.values() if isinstance(d.spec, Charter)}
        return SiteParties(name, site, parties, charters, at_s).to_json()

    def _here(self, name: str) -> _Here:
        with self._controller.at_rest() as world:
            site = _site(world, name)
            row = world.views.documents["Site", name]
            held = held_at(name, world.views.live.values())
            reports, outlook, at_s = dict(world.engine.reports), world.engine.outlook, world.at_s
        return _Here(site, int(document_of(row)["at_s"]), held, reports, outlook, at_s)


def _site(world: World, name: str) -> Site:
    found = world.engine.documents.get(f"Site/{name}")
    if found is None:
        raise no_document(world.views, "Site", name)
    assert isinstance(found.spec, Site)
    return found.spec
