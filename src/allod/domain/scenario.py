"""Scenario: assumptions that fill unknowns, and how a trace's users become projects."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from allod.domain.base import Name, Part, Text
from allod.domain.foretelling import Foretelling, NoticedCall
from allod.domain.units import DurationS, InstantS


def plain(value: Any) -> Any:
    """`value` as plain JSON: dates become ISO text, fractions are refused (ValueError)."""
    if isinstance(value, float):
        raise ValueError("is not a whole number; write it in the smaller unit, or '1.5 MW' as text")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


class Assumption(Part):
    """One unknown filled in; what is computed from it says so."""

    document: Text
    """Kind and name, such as 'Site/narvik'."""
    path: Text
    """Where in its spec, such as 'phases.initial.starts' (list entries by their name)."""
    value: Annotated[Any, AfterValidator(plain)]
    """What is assumed, written as in a document: 100000, '230 MW', 2027-01-01, [NO, SE]."""
    why: Text = ""
    """What speaks for it."""
    over_known: bool = False
    """True to put it in the place of a value that is known; without it that is refused."""


class Portion(Part):
    """A project and its part of the trace's users."""

    project: Name
    weight: int = Field(default=1, ge=1, le=1_000_000)
    flexibility_s: DurationS = 0
    """Its jobs may end so much later than they would if they started at once: they have a deadline
    and may wait for clean power. [s]"""


class Mapping(Part):
    """How the jobs of a trace become workloads of projects."""

    by: Literal["job", "user", "group", "partition"] = "user"
    """What is kept together: all jobs of one user (group, partition) go to one project."""
    portions: tuple[Portion, ...] = ()
    """Users are dealt out by weight with the seed; none named: all to the only project."""
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
    forecasts: Foretelling = Foretelling()
    """How sites are told of the weather that a replay is given."""
    calls: tuple[NoticedCall, ...] = ()
    """Calls for less power that come during a replay."""
