"""Scenario: assumptions that fill unknowns, and how a trace's users become projects."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from allod.domain.base import Name, Part, Text
from allod.domain.units import InstantS


class Assumption(Part):
    """One unknown filled in; what is computed from it says so."""

    document: Text
    """Kind and name, such as 'Site/narvik'."""
    path: Text
    """Where in its spec, such as 'phases.initial.starts' (list entries by their name)."""
    value: Any
    why: Text = ""


class Portion(Part):
    """A project and its part of the trace's users."""

    project: Name
    weight: int = Field(default=1, ge=1, le=1_000_000)


class Mapping(Part):
    """How the jobs of a trace become workloads of projects."""

    by: Literal["job", "user", "group", "partition"] = "user"
    """What is kept together: all jobs of one user (group, partition) go to one project."""
    portions: tuple[Portion, ...] = ()
    """Users are dealt out by weight with the seed; none named: one project of the whole world."""
    site_by_partition: bool = False
    """Each partition of the trace is a site of its own and its jobs stay there."""


class Scenario(Part):
    """Assumptions and a mapping over a set of documents."""

    title: Text
    catalogue: tuple[Name, ...] = ()
    """Known sites to load from the catalogue, with their charters and parties."""
    starts: InstantS = 0
    """World time at which the trace's time 0 lies. [epoch s]"""
    assumptions: tuple[Assumption, ...] = ()
    mapping: Mapping = Mapping()
    policy: Literal["charter", "easy", "fcfs"] = "charter"
