"""What answers about the catalogue look like, for the OpenAPI document alone; see `shapes.py`."""

from __future__ import annotations

from datetime import date as Date
from typing import Any

from pydantic import Field

from allod.api.shapes import Shape
from allod.domain.revision import ChangeKind
from allod.domain.said import Said
from allod.energy.verdict import Standing as Verdict
from allod.plan.concentration import Layer, Loss
from allod.plan.find import AntennaAnswer, ModeAnswer, SiteFit
from allod.plan.roadmap import PhaseStep, Year


class AnnouncedDocument(Shape):
    """A document of the catalogue as it was known at a day."""

    at: Date
    """At the end of that day."""
    kind: str
    """Such as 'Site'."""
    name: str
    """What it is called by."""
    spec: dict[str, Any]
    """What its kind may say, without defaults; each value has its source and date."""
    unknown: list[str]
    """Paths of what is not known."""


class AnnouncedValue(Shape):
    """A value with where it is from."""

    value: Any
    """As the document has it."""
    standing: str
    """How well it stands, such as 'declared'."""
    source: str
    """Who says so."""
    date: Date | None
    """When it was said."""
    note: str
    """More in words."""


class AnnouncedChange(Shape):
    """One value that is not what it was."""

    path: str
    """Where in the document, such as 'phases.first.power_w'."""
    kind: ChangeKind
    """What became of it."""
    before: AnnouncedValue | None
    """Null: it was not known, or not there."""
    after: AnnouncedValue | None
    """Null: it is not there any more."""


class AnnouncedChanges(Shape):
    """What changed in what was announced between the ends of two days."""

    kind: str
    """Such as 'Site'."""
    name: str
    """What the document is called by."""
    begin: Date = Field(alias="from")
    """The earlier day."""
    to: Date
    """The later day."""
    changes: list[AnnouncedChange]
    """In the order of the document; then what is no longer there."""


class RoadmapAnswer(Shape):
    """Power and accelerators over time; what is not known is in no sum."""

    at: Date
    """As known at the end of that day."""
    region: str
    """The region that was asked for; empty: all sites."""
    target_w: int | None
    """What a cluster is to have; null: not known, or no cluster. [W]"""
    steps: list[PhaseStep]
    """Every phase, and what of a site no phase holds."""
    years: list[Year]
    """What is to be there by the end of each, all years before it included."""
    undated_w: dict[str, int]
    """By stage: promised for no year. [W]"""
    undated_accelerators: dict[str, int]
    """By stage: promised for no year. [1]"""
    by_maturity_w: dict[str, int]
    """Announced power of whole sites by how far they are, the cancelled too. [W]"""
    by_maturity_sites: dict[str, int]
    """The same as a number of sites. [1]"""
    without_power: list[str]
    """Sites of which no power is known."""
    cancelled: list[str]
    """Sites that were given up."""


class InControl(Shape):
    """A party that is in control of another."""

    party: str
    """Name."""
    seat: str | None
    """ISO 3166-1; null: not known."""
    standing: str
    """How well it stands that it is in control."""
    chain: list[str]
    """From the party that is controlled to this one."""


class HeldShare(Shape):
    """A share on the way up."""

    of: str
    """The party that is held."""
    owner: str | None
    """Who holds it; '?' not known, null: many small holders."""
    share_bp: int | None
    """Null: not known. [basis points]"""
    standing: str
    """How well it stands."""
    source: str
    """Who says so."""


class ForeignBp(Shape):
    """A share in foreign hands."""

    known: int
    """At least. [basis points]"""
    possible: int
    """At most. [basis points]"""


class ControlGap(Shape):
    """What is not known of control."""

    path: str
    """Where it would stand."""
    why: str
    """Why it matters."""
    says: Said | None
    """The same by code, where it has one."""


class SiteParty(Shape):
    """A party of a site, and who is in control of it."""

    party: str
    """Name."""
    title: str
    """In full."""
    seat: str
    """ISO 3166-1, '?' if it is not known."""
    roles: list[str]
    """What it is to the site."""
    controllers: list[InControl]
    """Who is known to be in control, itself included."""
    laws: list[str]
    """Their seats."""
    foreign_bp: ForeignBp
    """How much of it is in foreign hands."""
    owners: list[HeldShare]
    """All shares on the way up, nearest first."""
    unknown: list[ControlGap]
    """What keeps us from being sure."""


class ControlAnswer(Shape):
    """Who owns and controls the parties of a site."""

    site: str
    """Name."""
    at: Date
    """As known at the end of that day."""
    home: list[str]
    """Countries that are not foreign."""
    operator: str | None
    """Who runs it; null: not known."""
    parties: list[SiteParty]
    """Those that own, run, build or fill it."""


class NetworkControlAnswer(Shape):
    """Who owns and controls the parties of each site of a region."""

    at: Date
    """As known at the end of that day."""
    region: str
    """Its title."""
    sites: list[ControlAnswer]
    """By name."""


class DependenciesAnswer(Shape):
    """Suppliers by layer, each site with the same weight."""

    at: Date
    """As known at the end of that day."""
    sites: list[str]
    """Those that were looked at."""
    layers: list[Layer]
    """From the chip to the owner and the energy."""
    without: Loss | None
    """What a loss would take away; null if none was asked about."""


class JudgedClaim(Shape):
    """A claim, and what became of it."""

    claim: dict[str, Any]
    """As the site's document has it: words, maker, date, baseline."""
    known: str
    """What is known of its subject, in words."""
    source: str
    """Where that is from."""
    verdict: Verdict
    """What became of it."""
    why: list[str]
    """Why it is open, changed or cannot be tested."""


class ClaimsAnswer(Shape):
    """What was claimed of sites."""

    at: Date
    """As known at the end of that day."""
    sites: dict[str, list[JudgedClaim]]
    """By site, in the order of its document."""


class FindAnswer(Shape):
    """Where a project may turn."""

    at: Date
    """As known at the end of that day, on which it would apply."""
    project: str
    """Name."""
    country: str
    """Its own, or the seat of its party; ISO 3166-1, or 'unknown'."""
    modes: list[ModeAnswer]
    """Every access mode."""
    antennas: list[AntennaAnswer]
    """Desks at home."""
    sites: list[SiteFit]
    """Every site: those that fit first, near ones before others."""
