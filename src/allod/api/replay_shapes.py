"""Shapes of replays: what is asked, what one came to, and two side by side."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from allod.api.shapes import Shape
from allod.domain.said import Said
from allod.domain.scenario import Mapping
from allod.domain.units import InstantS, parse_duration_s, parse_instant_s


def _time_s(value: Any) -> Any:
    """A time on the trace's clock: 3600, '2d', or a date."""
    if not isinstance(value, str):
        return value
    for read in (parse_duration_s, parse_instant_s):
        try:
            return read(value)
        except ValueError:
            continue
    raise ValueError("is no time; write seconds, e.g. '2d' or '36h', or a date")


TraceTime = Annotated[int, BeforeValidator(_time_s), Field(ge=0, le=10**12)]


class ReplayWanted(BaseModel):
    """A replay that is asked for."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, populate_by_name=True)

    trace: str = Field(max_length=64)
    """Id of a trace, or `log`: the work that this node has recorded (the latest 200,000), with its
    data and its rules."""
    name: str = Field(default="", max_length=200)
    """What you call it, such as 'wider floor for research'."""
    documents: list[dict[str, Any]] | str = Field(default=[], max_length=1 << 20)
    """Documents that take the place of the node's own of the same kind and name, or stand beside
    them: a list of objects, or one YAML text. A Scenario among them is the replay's own."""
    without: list[Annotated[str, Field(max_length=200)]] = Field(default=[], max_length=1_000)
    """Documents of the node that are left out, such as `Charter/narvik`."""
    policy: Literal["charter", "easy", "fcfs"] | None = None
    """Default: that of the Scenario, or charter; easy with `pool`."""
    pool: int | None = Field(default=None, ge=1, le=10_000_000)
    """In place of the node's world: one site of so many equal accelerators, without law, charter or
    power. [1]"""
    mapping: Mapping | None = None
    """Whose the jobs of the trace are, as in a Scenario; needed where the world has several
    projects and the trace names none."""
    starts: InstantS | None = None
    """World time at which the trace's time 0 lies. Default: the begin of the day on which it runs,
    or 0 for a trace that counts from 1970. [epoch s]"""
    from_s: TraceTime | None = Field(default=None, alias="from")
    """Only jobs asked for from then on: seconds of the trace's clock, '2d', or a date. [s]"""
    to_s: TraceTime | None = Field(default=None, alias="to")
    """Only jobs asked for before then. [s]"""
    seed: int = Field(default=0, ge=0, le=2**53)
    """Deals the trace's users out to projects."""
    strict: bool = False
    """True: stop at a broken line; otherwise broken lines are counted."""


class Figure(Shape):
    """One figure of a replay."""

    name: str
    """Such as `wait_p95_s`; the same in every replay."""
    scope: Literal["all", "site", "class", "project"]
    """What it is of."""
    site: str
    """Of a site or class: which site; else empty."""
    of: str
    """The class, after those around it, or the project; else empty."""
    value: float | None
    """null: not known, or nothing is there that it could be of."""
    unit: str
    """`1` for numbers of things and shares."""
    basis: str
    """What it rests on."""


class Series(Shape):
    """A figure over time, in at most 1,000 steps."""

    name: Literal["utilisation", "running", "waiting", "power"]
    site: str
    """Empty: all sites together."""
    unit: str
    basis: str
    start_s: int
    """When the first step begins, in the replay's world. [epoch s]"""
    step_s: int
    """How long each step is. [s]"""
    values: list[float | None]
    """Mean of each step; null: nothing was live."""


class ReplayTable(Shape):
    """A table as `allod replay` prints it."""

    title: str
    columns: list[str]
    """Headings, with units."""
    rows: list[list[str | int | float | None]]


class ReplayedTrace(Shape):
    """What was replayed."""

    name: str
    format: str
    estimates: str
    """Wall times: given, synthesised or mixed."""
    jobs: int
    """Usable jobs in all of it. [1]"""
    broken: int
    """Lines that could not be understood. [1]"""
    broken_first: list[dict[str, Any]]
    unusable: int
    """Jobs without run time or accelerators. [1]"""
    notes: list[str]
    """What had to be assumed, and what was left out."""


class ReplayOutcome(Shape):
    """What a replay came to."""

    id: str
    name: str
    title: str
    """Of its world."""
    policy: str
    allod: str
    """Version that decided."""
    trace: ReplayedTrace
    assumed: list[str]
    """Facts that it rests on though nobody states them."""
    starts_at_s: int
    """World time of the trace's time 0. [epoch s]"""
    first_submit_at_s: int
    """First submission of what ran, in its world. [epoch s]"""
    last_end_at_s: int
    """Last end. [epoch s]"""
    read_s: float
    """Reading the trace. [s]"""
    loop_s: float
    """Deciding. [s]"""
    percentiles_too_low_by_max: float
    """By how much of itself a percentile may be too low. [1]"""
    figures: list[Figure]
    series: list[Series]
    refusals: list[dict[str, Any]]
    """Jobs by `site` and `code` (a reason); one job may have several."""
    waits_for: list[dict[str, Any]]
    """Who never came to run, by `project`, with the `reasons`."""
    floors: list[dict[str, Any]]
    """Of each class with a floor: how often and how soon lent room came back to it."""
    power: list[dict[str, Any]]
    """Of each node of an envelope: how near the work came to it. [W]"""
    energy: list[dict[str, Any]]
    """Of sites with calls for less power: how those were met, and who gave way."""
    tables: list[ReplayTable]


class ReplayHead(Shape):
    """One of two replays that are compared."""

    id: str
    name: str
    title: str
    policy: str
    allod: str
    trace: str
    """What its sender calls it."""
    trace_says: Said | None
    """The same by code, of the node's own work; null: it is a trace."""
    assumed: list[str]


class InputDifference(Shape):
    """What was asked otherwise."""

    input: str
    """Such as `policy`; a field of `inputs`."""
    a: Any
    b: Any


class DocumentDifference(Shape):
    """A place at which two worlds differ."""

    document: str
    """Such as `Charter/narvik`."""
    path: str
    """Place in its spec, entries of lists by their names; empty: only one world has it."""
    a: Any
    b: Any


class FigureCompared(Shape):
    """A figure of two replays."""

    name: str
    scope: Literal["all", "site", "class", "project"]
    site: str
    of: str
    unit: str
    basis: str
    a: float | None
    """null: not known, or only the other has it."""
    b: float | None
    difference: float | None
    """`b` less `a`; null unless both are known."""


class Points(Shape):
    """The steps of a series."""

    start_s: int
    step_s: int
    values: list[float | None]


class SeriesCompared(Shape):
    """A series of two replays; each has its own steps."""

    name: str
    site: str
    unit: str
    basis: str
    a: Points | None
    b: Points | None


class Comparison(Shape):
    """Two replays side by side."""

    a: ReplayHead
    b: ReplayHead
    same_inputs: bool
    """True if both were asked the same, of the same version."""
    inputs: list[InputDifference]
    documents: list[DocumentDifference]
    documents_left_out: int
    """Places that differ beyond those shown. [1]"""
    figures: list[FigureCompared]
    series: list[SeriesCompared]
