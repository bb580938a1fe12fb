"""What answers about phases and parties look like, for the OpenAPI document alone."""

from __future__ import annotations

from datetime import date as Date
from typing import Literal

from allod.api.catalogue_shapes import (
    AnnouncedChange,
    AnnouncedValue,
    ControlGap,
    InControl,
    SiteParty,
)
from allod.api.shapes import Shape
from allod.domain.said import Said
from allod.domain.site import Role, Withdrawal
from allod.plan.roadmap import Year


class FactHistory(AnnouncedValue):
    """A value with where it is from, and what was said before and by others."""

    earlier: list[AnnouncedValue]
    """What was said before, oldest first."""
    others: list[AnnouncedValue]
    """What other sources say of the same."""


class DeliveryHistory(Shape):
    """How far the accelerators of a phase have come."""

    delivered: FactHistory
    """To the site. [1]"""
    accepted: FactHistory
    """By who ordered them. [1]"""
    live: FactHistory
    """In service. [1]"""


class PhaseHistory(Shape):
    """A dated step of build-out, with all that was said of it."""

    name: str
    """What it is called by."""
    plan: str
    """The version of the plan that it is of; '' if not said."""
    stage: Literal["announced", "granted", "live", "cancelled"]
    """How far it has come as a whole, its grid connection counted in."""
    is_live: bool | None
    """True if it holds work now; null for what was only announced."""
    state: FactHistory
    """announced, reserved, granted, built, live or cancelled."""
    starts: FactHistory
    """When it reaches, or reached, that state. [epoch s]"""
    power_w: FactHistory
    """What it adds. [W]"""
    power_is: Literal["facility", "it", "unknown"]
    """Of what that is the power."""
    accelerators: dict[str, FactHistory]
    """What it adds, by pool: promised until it is live. [1]"""
    delivery: dict[str, DeliveryHistory]
    """How far they have come, by pool."""
    grid: FactHistory
    """How far its grid connection has come."""
    works: FactHistory
    """When works begin or began, such as '2026-Q3'."""
    due: FactHistory
    """When it is promised to be in service, such as '2027'."""
    needs: list[str]
    """Phases that must come first."""
    announced: Date | None
    """When it was first made public."""
    withdrawn: Withdrawal | None
    """Set if a later plan gave it up."""


class LiveStep(Shape):
    """From a date on, the live phases hold so many accelerators."""

    starts_s: int
    """[epoch s]"""
    accelerators: int
    """Of all pools. [1]"""


class SiteRevision(Shape):
    """A revision of the node's own document that changed the build-out."""

    seq: int
    """Its leaf in the log."""
    at_s: int
    """When it was applied. [epoch s]"""
    actor: str
    """Who applied it."""
    removed: bool
    """True if the document was taken away."""
    changes: list[AnnouncedChange]
    """Each value of phases, pools and envelope that is not what it was."""


class AnnouncedPhases(Shape):
    """What the catalogue knows of a site of that name; no work is placed by it."""

    name: str
    """What the catalogue calls it."""
    at: Date
    """As known at the end of that day."""
    maturity: str
    """How far it has come as a whole, or 'unknown'."""
    power_w: int | None
    """Announced of the whole site, or what its phases add; null: not known. [W]"""
    capacity_w: FactHistory | None
    """What was announced of the whole site. [W]"""
    capacity_is: Literal["facility", "it", "unknown"]
    """Of what that is the power."""
    phases: list[PhaseHistory]
    """In the order of the catalogue."""
    years: list[Year]
    """What is to be there by the end of each, by stage."""


class SitePhasesAnswer(Shape):
    """Build-out of a site over time."""

    site: str
    """Name."""
    at_s: int
    """Now. [epoch s]"""
    phases: list[PhaseHistory]
    """By the node's own document, in its order."""
    live: list[LiveStep]
    """What the live phases hold, from each of their dates on."""
    revisions: list[SiteRevision]
    """How the node's document changed, oldest first."""
    announced: AnnouncedPhases | None
    """What was announced; null: the catalogue has no such site."""


class TitledController(InControl):
    """A party that is in control of the operator."""

    title: str
    """In full."""


class SiteControlNow(Shape):
    """Who is in control of a site through the chain of shares of its operator."""

    sure: bool
    """False if a fact that is not known could put another hand in control."""
    controllers: list[TitledController]
    """The operator itself, and all who are in control of it."""
    laws: list[str]
    """Their seats; '?' for one that is not known."""
    unknown: list[ControlGap]
    """What keeps us from being sure."""


class DatedRole(Shape):
    """A party in a role."""

    party: str
    """Name."""
    title: str
    """In full."""
    seat: str | None
    """ISO 3166-1; null: not known."""
    role: Role
    """What it is to the site."""
    starts_s: int
    """[epoch s]"""
    ends_s: int | None
    """Null: no end is said. [epoch s]"""
    holds: bool
    """True if it holds now."""
    source: str
    """Who says so."""
    note: str
    """More in words."""


class EligibleShape(Shape):
    """Who may use a class; every list that is given must hold, each by any of its entries."""

    countries: list[str]
    """Countries or areas in which a project is seated."""
    sectors: list[str]
    """Sectors of projects."""
    parties: list[str]
    """Parties behind projects."""
    projects: list[str]
    """Projects by name."""


class ClassStep(Shape):
    """From a date on, floor and ceiling are these."""

    starts_s: int
    """[epoch s]"""
    floor: int
    """Accelerators. [1]"""
    ceiling: int | None
    """Accelerators; null: no ceiling of its own. [1]"""


class AnchorShape(Shape):
    """An anchor contract; its ramp is in `steps`."""

    party: str
    """With whom."""
    take_min_bp: int
    """Share of the floor that is paid for in any case. [basis points]"""
    ends_s: int | None
    """When it ends; null: no end is said. [epoch s]"""


class CharterClass(Shape):
    """An access class, as it is promised."""

    name: str
    """What it is called by."""
    title: str
    """In full."""
    parent: str | None
    """The class around it."""
    depth: int
    """How many classes are around it."""
    words: str
    """All of it in sentences."""
    says: list[Said]
    """The same by code, in parts."""
    eligible: EligibleShape
    """Who may use it."""
    floor: int
    """Accelerators that are its own now, whenever it asks. [1]"""
    ceiling: int | None
    """Most that it may hold now; null: no ceiling of its own. [1]"""
    priority: int
    """Who goes first; higher before lower."""
    reclaim_notice_s: int
    """The notice that a borrower of its floor gets. [s]"""
    stop_time_s: int
    """How long the runner may then take. [s]"""
    run_time_min_s: int
    """How long its own work runs before it is taken, while other work can be. [s]"""
    steps: list[ClassStep]
    """Floor and ceiling over time."""
    anchor: AnchorShape | None
    """Set if it is a contract."""


class CharterAnswer(Shape):
    """A site's promise."""

    name: str
    """Of its document."""
    title: str
    """In full."""
    words: str
    """All of it in a sentence."""
    says: list[Said]
    """The same by code, in parts."""
    use_half_life_s: int
    """After this time past use counts half in fair share. [s]"""
    classes: list[CharterClass]
    """Parents before those inside them."""


class SitePartiesAnswer(Shape):
    """Parties of a site, who is in control of it, and what it promises to whom."""

    site: str
    """Name."""
    at_s: int
    """Now. [epoch s]"""
    country: str | None
    """Where it stands; null: not known."""
    home: list[str]
    """Countries that are not foreign: its own."""
    operator: str | None
    """Who runs it; null: not known."""
    control: SiteControlNow
    """Who is in control of it."""
    roles: list[DatedRole]
    """In the order of the document."""
    parties: list[SiteParty]
    """Those that own, run, build or fill it, with their chains of owners."""
    charter: CharterAnswer | None
    """Null: the site has none."""
