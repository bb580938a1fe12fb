"""Decisions, from placement to power cap; each carries all its reasons (L6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Step(IntEnum):
    """The order in which a workload is judged (L5): who fails early is not told to wait."""

    LAW = 1
    CLASS = 2
    HARDWARE = 3
    POWER = 4
    ROOM = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that stands between a workload and a site, or that spoke for the site."""

    site: str  #: Site it is about; empty if it is about the workload everywhere.
    step: Step
    code: str  #: Stable name such as 'storage-not-permitted'; docs/reference lists them.
    message: str  #: The same in words.
    forever: bool = False  #: True if waiting cannot change it, only new facts or documents.
    pool: str = ""
    needed: str = ""
    actual: str = ""
    origin: str = ""  #: The rule, document or fact that it comes from.


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What a run is expected to use if it goes on to its latest end, by the forecast.

    Its share at full load: energy and water of the site at its limit, for each watt of IT. When the
    site is less busy, the meter shows more for each of those who run.
    """

    # In the order of their names, as the canonical encoding has them.
    carbon_g: int | None  #: Of what comes from the grid; None: its carbon is not forecast. [g]
    energy_wh: int  #: At the meter of the site. [Wh]
    water_l: int | None  #: Drawn from outside; None: the site has no cooling model. [l]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """It runs here, from now on."""

    at_s: int
    workload_id: str
    run: int  #: 1 for the first run, one more after each reclaim or failure of a node.
    site: str
    pool: str
    access_class: str  #: Empty where the site has no charter.
    accelerators: int
    #: (node of the pool, accelerators on it); empty for equal units.
    nodes: tuple[tuple[int, int], ...]
    power_w: int  #: What it may draw at the meter of the site: its share at full load. [W]
    ends_at_s: int  #: When its wall time runs out.
    lent: bool  #: True if it runs on room beyond its class's floor, which can be reclaimed.
    notice_s: int  #: Notice it would get, if lent. [s]
    reasons: tuple[Reason, ...] = ()
    footprint: Footprint | None = None  #: None, and left out of records: nothing is forecast.


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """It waits; `reasons` says for every site what for."""

    at_s: int
    workload_id: str
    reasons: tuple[Reason, ...]
    expected_at_s: int | None = None  #: Expected start, if one can be told.
    basis: str = ""  #: What the expectation rests on.


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """It will never run as it was asked for."""

    at_s: int
    workload_id: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclaim:
    """Its lent room is taken back; it is to have stopped by `stop_at_s` plus the stop time."""

    at_s: int
    workload_id: str
    run: int
    site: str
    pool: str
    for_workload_id: str  #: Empty if an envelope shrank.
    stop_at_s: int
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShedPlan:
    """What gives way because a node of an envelope may draw less than is committed (P2).

    First what has not begun starts later, then lent work is slowed by power caps, then lent room is
    taken back; floors are kept.
    """

    at_s: int
    site: str
    path: str  #: Node of the envelope: 'site', 'halls.NAME' or 'pools.NAME'.
    starts_s: int  #: When more is committed than it may draw, for the first time.
    ends_s: int  #: When that would have been over.
    #: What is committed beyond its limit at worst; IT power where the weather bounds the site. [W]
    over_w: int
    delayed: tuple[str, ...]  #: Who was about to start and waits on; of the first 64 who wait.
    reclaimed: tuple[tuple[str, int], ...]  #: (workload, what it gives back [W]), in order.
    left_w: int  #: What is left over, for floors are kept. [W]
    reasons: tuple[Reason, ...] = ()
    #: (workload, what its cap takes off its draw [W]), in order; left out of records if empty.
    capped: tuple[tuple[str, int], ...] = ()

    @property
    def workload_id(self) -> str:
        """It is about no single workload; its reclaims say whom they are about."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerCap:
    """The accelerators of a run get a lower power limit; it goes on, more slowly.

    Until its runner has confirmed that, it counts in full; if that has not come by `confirm_by_s`,
    it is reclaimed.
    """

    at_s: int
    workload_id: str
    run: int
    number: int  #: Of the caps of the workload, from 1; one that lasts longer is the same.
    site: str
    pool: str
    nodes: tuple[tuple[int, int], ...]  #: (node of the pool, accelerators on it): whole nodes.
    limit_w: int  #: Power limit of each accelerator, as its driver counts. [W]
    saved_w: int  #: What that takes off its draw at most, as the limits count it. [W]
    #: Its speed under the cap at full load, of that without; None: its model has no known curve.
    speed_milli: int | None
    order_at_s: int  #: When the runner is told.
    confirm_by_s: int  #: When the runner must have confirmed it.
    starts_s: int  #: When the envelope counts on it.
    ends_s: int  #: When it is taken off again.
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerUncap:
    """The accelerators of a run get their usual power limit back: the cap, or the run, is over."""

    at_s: int
    workload_id: str
    run: int
    site: str
    pool: str
    accelerators: int
    nodes: tuple[tuple[int, int], ...]
    limit_w: int  #: As in `PowerCap`: the usual one. [W]
    reasons: tuple[Reason, ...] = ()


Decision = Placement | Hold | Refusal | Reclaim | ShedPlan | PowerCap | PowerUncap

DECISIONS: dict[str, type[Decision]] = {
    cls.__name__: cls for cls in (Placement, Hold, Refusal, Reclaim, ShedPlan, PowerCap, PowerUncap)
}
