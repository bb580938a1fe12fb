"""Site: a data centre at one place under one law: pools, phases, envelope, parties."""

from __future__ import annotations

from datetime import date as Date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from allod.domain.areas import Country
from allod.domain.base import Name, Part, Text
from allod.domain.capping import Capping
from allod.domain.claim import Claims
from allod.domain.cooling import Cooling
from allod.domain.counters import Counters
from allod.domain.declaration import Declaration
from allod.domain.dossier import Dossier
from allod.domain.fact import Fact, Standing
from allod.domain.heat import HeatOfftake
from allod.domain.meters import Meters
from allod.domain.period import Period
from allod.domain.reporting import ReportingFacts
from allod.domain.slurm import Slurm
from allod.domain.supply import Supply
from allod.domain.units import NEVER_S, Count, DurationS, InstantS, PowerW

#: Power usage effectiveness in thousandths.
PueMilli = Annotated[int, Field(ge=1000, le=10_000, strict=True)]


class PhaseState(StrEnum):
    """How far a phase has come."""

    ANNOUNCED = "announced"
    RESERVED = "reserved"
    GRANTED = "granted"
    BUILT = "built"
    LIVE = "live"
    CANCELLED = "cancelled"


class GridState(StrEnum):
    """How far the grid connection of a phase has come."""

    APPLIED = "applied"
    QUEUED = "queued"
    RESERVED = "reserved"
    GRANTED = "granted"
    LOST = "lost"  #: The place in the queue or the reservation is gone.


class Delivery(Part):
    """How far the accelerators of a phase have come, beside how many were promised."""

    delivered: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    accepted: Fact[Count] = Fact(standing=Standing.UNKNOWN)
    live: Fact[Count] = Fact(standing=Standing.UNKNOWN)


class Withdrawal(Part):
    """When and why something announced was given up."""

    date: Date
    reason: Text = ""
    source: Text


class Phase(Part):
    """A dated step of build-out; only what is live holds work (R3)."""

    name: Name
    state: Fact[PhaseState]
    starts: Fact[InstantS] = Fact(standing=Standing.UNKNOWN)
    """When the phase reaches (or reached) that state. [epoch s]"""
    power_w: Fact[PowerW] = Fact(standing=Standing.UNKNOWN)
    """Power of the phase; `power_is` says of what. [W]"""
    power_is: Literal["facility", "it", "unknown"] = "unknown"
    accelerators: dict[Name, Fact[Count]] = {}
    """Accelerators that the phase adds, by pool: promised until the phase is live. [1]"""
    plan: Text = ""
    """The version of the plan that it is of, such as '2025-07'."""
    announced: Date | None = None
    """When the phase was first made public."""
    withdrawn: Withdrawal | None = None
    """Set if a later plan gave the phase up."""
    grid: Fact[GridState] = Fact(standing=Standing.UNKNOWN)
    works: Fact[Period] = Fact(standing=Standing.UNKNOWN)
    """When works begin or began."""
    due: Fact[Period] = Fact(standing=Standing.UNKNOWN)
    """When it is promised to be in service."""
    needs: tuple[Name, ...] = ()
    """Phases that must come first."""
    delivery: dict[Name, Delivery] = {}
    """How far its accelerators have come, by pool."""


class Pool(Part):
    """Equal accelerators at a site."""

    name: Name
    accelerator: Fact[Name]
    """Model, a name of the accelerator catalogue such as 'gb300-nvl72'."""
    hall: Name | None = None
    accelerators_per_node: int = Field(default=1, ge=1, le=1024)
    """1: all units are equal and no node boundary is modelled."""
    nodes_per_nvlink_domain: int = Field(default=1, ge=1, le=1024)
    power_per_accelerator_w: Fact[PowerW] = Fact(standing=Standing.UNKNOWN)
    """IT power of one busy accelerator and its share of the node; default: the catalogue's. [W]"""
    capping: Capping | None = None
    """How its accelerators can be capped; needs nodes, for only whole nodes are."""

    @model_validator(mode="after")
    def _domains_need_nodes(self) -> Pool:
        if self.nodes_per_nvlink_domain > 1 and self.accelerators_per_node == 1:
            raise ValueError(
                "nodes_per_nvlink_domain is more than 1, but a pool with accelerators_per_node 1 "
                "models no nodes; write at least 2 accelerators per node, or leave it out"
            )
        if self.capping is not None and self.accelerators_per_node == 1:
            raise ValueError(
                "capping is given, but a pool with accelerators_per_node 1 models no nodes, so "
                "nobody knows whom a cap slows; write at least 2, or leave it out"
            )
        return self


class Window(Part):
    """A time span with another limit than usual, such as a curtailment."""

    starts: InstantS
    ends: InstantS = NEVER_S
    power_w: PowerW
    reason: Text = ""

    @model_validator(mode="after")
    def _forward(self) -> Window:
        if self.ends <= self.starts:
            raise ValueError("ends before it starts")
        return self


class Limit(Part):
    """What one node of the envelope tree may draw at the meter."""

    power_w: Fact[PowerW]
    base_load_w: Fact[PowerW] = Fact(value=0)
    """Load that is there without any work. [W]"""
    windows: tuple[Window, ...] = ()
    """Where windows overlap, the lowest limit holds."""


class Envelope(Part):
    """The power that a site may draw at the meter over time, as a tree: site, halls, pools (P1)."""

    site: Limit
    halls: dict[Name, Limit] = {}
    pools: dict[Name, Limit] = {}


class Role(StrEnum):
    """What a party does at a site."""

    DEVELOPER = "developer"
    OWNER = "owner"
    OPERATOR = "operator"
    VENDOR = "vendor"
    ENERGY_SELLER = "energy-seller"
    ANCHOR_TENANT = "anchor-tenant"
    INVESTOR = "investor"  #: Puts money in; what it owns stands with the parties.


class PartyRole(Part):
    """A party in a role, dated."""

    party: Name
    role: Role
    starts: InstantS = 0
    ends: InstantS = NEVER_S
    source: Text = "this document"
    note: Text = ""


class Site(Part):
    """A data centre at one place under one law."""

    title: Text
    country: Fact[Country]
    """Where it stands: the law of storage and processing."""
    operator: Fact[Name]
    """The party that runs it; its chain of owners is whose control it is under."""
    management: Fact[tuple[Country, ...]]
    """Countries from which operator and administrators manage it."""
    metadata: Fact[tuple[Country, ...]]
    """Countries in which logs, metadata and telemetry are kept."""
    parties: tuple[PartyRole, ...] = ()
    pools: tuple[Pool, ...] = ()
    """None where it is not known what will stand there; nothing is placed there then."""
    phases: tuple[Phase, ...] = ()
    envelope: Envelope | None = None
    pue_milli: Fact[PueMilli] = Fact(value=1000)
    """Power usage effectiveness in thousandths; 1100 is PUE 1.10."""
    cooling: Cooling | None = None
    """The cooling plant, from which PUE follows by weather and load; without it PUE is constant."""
    heat: tuple[HeatOfftake, ...] = ()
    """Contracts by which heat is handed over."""
    supply: Supply | None = None
    """Where its electricity comes from: contracts, plant of its own, battery, grid."""
    runner: Literal["local", "slurm", "none"] = "local"
    """What carries placements out; 'none' is for sites that are only planned or replayed."""
    slurm: Slurm | None = None
    """The cluster, where `runner` is 'slurm'."""
    stop_time_s: DurationS = 30
    """How long the runner may take to stop a workload after its notice ran out. [s]"""
    declarations: tuple[Declaration, ...] = ()
    """What else the site says of itself; the sovereignty statement reads it."""
    meters: Meters = ()
    """What measures its energy, water, heat and traffic."""
    counters: Counters = ()
    """What counts the energy of single nodes or jobs, for reports on workloads."""
    reporting: ReportingFacts | None = None
    """What its yearly report declares beside what is metered."""
    claims: Claims = ()
    """What was announced of it in public."""
    dossier: Dossier | None = None
    """What else was announced of it: place, money, jobs, objections; the catalogue fills it."""

    @model_validator(mode="after")
    def _caps_can_be_set(self) -> Site:
        capped = any(pool.capping for pool in self.pools)
        if capped and self.slurm is not None and self.slurm.command is None:
            raise ValueError("capping is run where Slurm's commands are; give slurm.command")
        return self

    @model_validator(mode="after")
    def _names_fit(self) -> Site:
        pools = [pool.name for pool in self.pools]
        if len(set(pools)) != len(pools):
            raise ValueError("two pools have the same name")
        declared = [item.fact for item in self.declarations]
        twice = next((name for name in declared if declared.count(name) > 1), None)
        if twice:
            raise ValueError(f"declarations answer '{twice}' twice; remove one of them")
        halls = {pool.hall for pool in self.pools if pool.hall}
        for phase in self.phases:
            for name in (*phase.accelerators, *phase.delivery):
                if name not in pools:
                    raise ValueError(
                        f"phase '{phase.name}' names pool '{name}', which is not in pools"
                    )
            for name in phase.needs:
                if name not in [other.name for other in self.phases if other is not phase]:
                    raise ValueError(f"phase '{phase.name}' needs '{name}', which is no phase")
        if (self.runner == "slurm") != (self.slurm is not None):
            raise ValueError("runner 'slurm' and a 'slurm' section go together; write both or none")
        known = set(self.slurm.pools) if self.slurm else set(pools)
        for name in sorted(set(pools) - known):
            raise ValueError(f"slurm names no partition for pool '{name}'; add it to its pools")
        for name in sorted(known - set(pools)):
            raise ValueError(f"slurm names pool '{name}', which is not in pools")
        if self.envelope:
            for hall in self.envelope.halls:
                if hall not in halls:
                    raise ValueError(f"envelope names hall '{hall}', in which no pool stands")
            for name in self.envelope.pools:
                if name not in pools:
                    raise ValueError(f"envelope names pool '{name}', which is not in pools")
        return self
