"""What a site's power comes to over time: values only. Series are columns over one axis of time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from allod.domain.said import Said


class Basis(StrEnum):
    """What a number rests on."""

    MEASURED = "measured"  #: A meter counted it.
    COMPUTED = "computed"  #: It follows from other numbers by the rules that decide.
    DECLARED = "declared"  #: A document or a call says so.
    FORECAST = "forecast"  #: The last forecast says so.
    ASSUMED = "assumed"  #: A scenario filled it in, or it is the worst case beyond a forecast.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityView:
    """A number of now with what it rests on."""

    value_w: int | None  #: Null: not known, or there is none. [W]
    basis: Basis
    at_s: int | None  #: When it was measured, computed or said. [epoch s]
    source: str  #: Who says so, or the rule by which it follows.
    says: tuple[Said, ...] = ()  #: The same by code; none where it is in words of a document.


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerNowView:
    """What a node of the envelope has now."""

    envelope: QuantityView  #: What may be drawn at the meter.
    base_load: QuantityView  #: Load that is there without any work, at the meter.
    work_limit: QuantityView  #: What work may take of it; as in `limits_are`.
    work: QuantityView  #: What placed work, and work of others, takes of that.
    committed: QuantityView  #: What placed work and base load draw at the meter.
    others: QuantityView  #: What work that Allod did not place draws at the meter, in the above.
    measured: QuantityView  #: What is drawn at the meter by the meter itself; known of 'site' only.


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerNodeView:
    """A node of the envelope: the site, a hall or a pool.

    Each series has one number for each step of `starts_s`, with the basis that it has in `now`;
    what follows from the weather beyond the forecast rests on the worst case. Null: there is none.
    """

    path: str  #: 'site', 'halls.NAME' or 'pools.NAME'.
    parent: str | None  #: Path of the node around it.
    now: PowerNowView
    envelope_w: tuple[int, ...] | None  #: What may be drawn at the meter. [W]
    base_load_w: tuple[int, ...]  #: Load that is there without any work. [W]
    work_limit_w: tuple[int, ...] | None  #: What work may take, by the forecast (ADR-0007). [W]
    work_w: tuple[int, ...] | None  #: What placed work takes of that until its latest end. [W]
    committed_w: tuple[int, ...] | None  #: What placed work and base load draw at the meter. [W]
    over_w: tuple[int, ...]  #: By how much more is placed than work may take. [W]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastView:
    """The last forecast of a site; its series have a number or null for each step of `starts_s`."""

    told_at_s: int  #: When the node was told. [epoch s]
    source: str  #: Who says so.
    starts_s: int  #: When its first step begins. [epoch s]
    ends_s: int  #: When its last step ends; beyond that the worst case holds. [epoch s]
    step_s: int  #: Length of its steps. [s]
    design_temp_milli_c: int  #: Worst case. [thousandths of a degree C]
    margin_milli_c: int  #: So much hotter it may be. [thousandths of a degree C]
    margin_w: int  #: So much of the envelope stays free. [W]
    temp_milli_c: tuple[int | None, ...]  #: Outdoor air, dry bulb. [thousandths of a degree C]
    wet_bulb_milli_c: tuple[int | None, ...] | None  #: Null: not forecast.
    clean_w: tuple[int | None, ...] | None  #: Own clean power; null: not forecast. [W]
    carbon_g_per_kwh: tuple[int | None, ...] | None  #: Of the grid; null: not forecast.


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """A call for less power, or a window of the document, that holds or will within the span."""

    name: str  #: What the call goes by; '' for a window of the document.
    path: str  #: Node of the envelope that it is for.
    starts_s: int  #: [epoch s]
    ends_s: int  #: [epoch s]
    power_w: int  #: What may be drawn at the meter. [W]
    reason: str
    holds: bool  #: True if it holds now.
    told_at_s: int | None  #: When the node was told. [epoch s]


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePowerView:
    """A site's envelope as a tree, now and over the time to come.

    The series are columns: value `i` holds from `starts_s[i]` to the next step, the last one to
    `ends_s`. Within a step no limit changes and no cap ends; work only ends, so that what is
    committed is the most of the step. Work that is still to come is not foreseen.
    """

    site: str
    at_s: int  #: Now. [epoch s]
    ends_s: int  #: How far it reaches. [epoch s]
    #: 'it' where the weather bounds the site: `work_limit_w` and `work_w` are IT power; else
    #: 'meter'.
    limits_are: str
    starts_s: tuple[int, ...]  #: When steps begin. [epoch s]
    nodes: tuple[PowerNodeView, ...]  #: Parents before those inside them.
    #: All calls that are not over, and the windows within this time, by when they begin.
    calls: tuple[CallView, ...]
    forecast: ForecastView | None  #: Null: none was given.
