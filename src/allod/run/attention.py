"""Attention: what needs a person now. One rule is one function over signs that were gathered.

The rules read no clock and ask nobody. Each item says since when, how bad it is, what it is about
and what to do. What is well is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from allod.decide.accounts import Account
from allod.decide.power_ahead import PowerAhead
from allod.domain.event import ForecastGiven
from allod.domain.project import Project
from allod.domain.said import Said, said
from allod.domain.site import Site
from allod.domain.units import NEVER_S, instant_text
from allod.run.node_views import SiteView, State

DAY_S = 86_400
GRANT_ENDS_S = 14 * DAY_S  #: So long before its end a grant is told.
GRANT_USED_PERCENT = 90  #: From so much on, what is left of grants is told.
FAILED_IN_A_ROW = 3  #: From so many on, failures of a project are told.
FORECAST_ENDS_S = 6 * 3600  #: So long before its end a forecast is told.
SEAL_LATE_S = 60  #: A checkpoint may come so much later than its cadence.
WITNESS_LATE_S = 600  #: Witnesses may be so far behind.
_FAILED = frozenset({State.FAILED, State.LOST, State.NODE_FAILED})


class Severity(StrEnum):
    """How bad it is; the worst first."""

    CRITICAL = "critical"  #: A promise is broken, or nobody can tell.
    WARNING = "warning"  #: It will be, or work suffers.
    NOTICE = "notice"  #: Somebody should look at it one of these days.


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionView:
    """Something that needs a person now."""

    rule: str  #: Which rule found it, such as 'floor-broken'.
    severity: Severity
    since_s: int | None  #: Since when, or from when on if that is to come; null: not known.
    site: str  #: Name; '' if it is about no single site.
    subject: str  #: What it is about, in a few words.
    message: str  #: What is so.
    mend: str  #: What to do.
    says: Said  #: Subject, message and mend by code; a fault is told in words alone.
    kind: str  #: Where to look: kind of a document, 'Workload' or 'Log'.
    name: str  #: Its name; '' for the log.
    count: int  #: How many it is about: accelerators, workloads, watts; 1 if it is one thing.


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSigns:
    """What is known of one site."""

    view: SiteView
    site: Site
    ahead: PowerAhead  #: The time to come.
    forecast: ForecastGiven | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSigns:
    """How the log is sealed."""

    fault: str  #: Why nothing is sealed or signed now, or it is not believed; or ''.
    cadence_s: int  #: How often a checkpoint is due. [s]
    began_s: int  #: Since when this node seals. [epoch s]
    published_at_s: int | None  #: The newest checkpoint; None: there is none yet. [epoch s]
    asks_witnesses: bool
    witnessed_at_s: int | None  #: The newest that enough witnesses have cosigned. [epoch s]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSigns:
    """How a workload ended."""

    workload_id: str
    project: str
    state: State
    ended_at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownSigns:
    """A fact that is asked for and not known."""

    path: str  #: Such as 'Party/aker: spec.seat'.
    refused: int  #: Workloads of the last day that are refused, among others, for it. [1]
    waiting: int  #: Workloads that it keeps from a site. [1]
    since_s: int  #: When the first of them was asked for. [epoch s]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """All that the rules look at."""

    at_s: int
    sites: Sequence[SiteSigns] = ()
    seal: SealSigns | None = None  #: None: the node seals no log.
    projects: Mapping[str, Project] = field(default_factory=dict)
    grants: Mapping[str, Account] = field(default_factory=dict)
    ended: Sequence[EndSigns] = ()  #: Of the last day.
    unknown: Sequence[UnknownSigns] = ()


Found = Iterator[AttentionView]


def attention(signs: Signs) -> tuple[AttentionView, ...]:
    """All that needs a person: the worst first, then what has been so for longest."""
    found = [item for rule in RULES for item in rule(signs)]
    order = list(Severity)
    return tuple(
        sorted(
            found,
            key=lambda item: (
                order.index(item.severity),
                NEVER_S if item.since_s is None else item.since_s,
                item.rule,
                item.name,
                item.subject,
            ),
        )
    )


# ---------------------------------------------------------------- sites


def runner_out_of_reach(signs: Signs) -> Found:
    """A runner does not answer: its work may well run, and nobody knows (X3)."""
    for one in signs.sites:
        view = one.view
        if not view.in_reach:
            yield AttentionView(
                rule="runner-out-of-reach",
                severity=Severity.CRITICAL,
                since_s=view.out_of_reach_since_s,
                site=view.name,
                subject=f"runner of {view.name}",
                message=f"runner '{view.runner}' does not answer; workloads that keep their "
                f"room there: {view.running}, and nobody knows how they are",
                mend=f"see what 'allod site check {view.name}' says"
                if view.runner == "slurm"
                else "see the node's own log",
                says=said(
                    "slurm-out-of-reach" if view.runner == "slurm" else "runner-out-of-reach",
                    site=view.name,
                    runner=view.runner,
                    workloads=view.running,
                ),
                kind="Site",
                name=view.name,
                count=max(1, view.running),
            )


def floor_broken(signs: Signs) -> Found:
    """Work within the floor of its class has waited longer than is promised (C2)."""
    for one in signs.sites:
        for item in one.view.classes:
            inside = sum(c.broken or 0 for c in one.view.classes if c.parent == item.name)
            own = (item.broken or 0) - inside  # What is broken inside is told of the class there.
            if own > 0:
                promise_s = item.reclaim_notice_s + one.site.stop_time_s
                yield AttentionView(
                    rule="floor-broken",
                    severity=Severity.CRITICAL,
                    since_s=item.broken_since_s,
                    site=one.view.name,
                    subject=f"floor of {item.name} at {one.view.name}",
                    message=f"work within the floor of {item.floor} waits for longer than the "
                    f"{promise_s} s that are promised; accelerators it asks for: {own}",
                    mend="see what 'allod why' says of it: nodes that are out, power or a gang "
                    "that no node holds may keep it from its room",
                    says=said(
                        "floor-broken",
                        site=one.view.name,
                        **{"class": item.name},
                        accelerators=own,
                        floor=item.floor,
                        promised=f"{promise_s} s",
                    ),
                    kind="Charter",
                    name=one.view.name,
                    count=own,
                )


def envelope_too_small(signs: Signs) -> Found:
    """An envelope shrinks below what is committed under it (P1, P2)."""
    for one in signs.sites:
        for node in one.ahead.nodes:
            over = [i for i, over_w in enumerate(node.over_w) if over_w]
            if not over:
                continue
            worst_w, from_s = max(node.over_w), one.ahead.starts_s[over[0]]
            now = from_s <= signs.at_s
            where = {"site": one.view.name, "path": node.path, "over": f"{worst_w} W"}
            yield AttentionView(
                rule="envelope-too-small",
                severity=Severity.CRITICAL if now else Severity.WARNING,
                since_s=from_s,
                site=one.view.name,
                subject=f"{node.path} of {one.view.name}",
                message=f"{'now' if now else 'from ' + instant_text(from_s)} up to {worst_w} W "
                "more are committed than may be drawn; floors are kept, so that nothing more "
                "gives way by itself",
                mend="cancel work there, or have the envelope or the call changed",
                says=said("envelope-too-small", **where)
                if now
                else said("envelope-will-be-too-small", **where, begins=instant_text(from_s)),
                kind="Site",
                name=one.view.name,
                count=worst_w,
            )


def forecast_stale(signs: Signs) -> Found:
    """A forecast is over, will be soon, or was never given where the cooling asks for one."""
    for one in signs.sites:
        name, forecast = one.view.name, one.forecast
        if forecast is None:
            if one.site.cooling is None or not one.view.live:
                continue
            severity, since_s = Severity.NOTICE, None
            says = said("forecast-missing", site=name)
            message = "none was given, so the site is bound by its constant PUE in any weather"
        else:
            ends_s = forecast.start_s + forecast.step_s * len(forecast.temp_milli_c)
            if ends_s - signs.at_s > FORECAST_ENDS_S:
                continue
            over, since_s = ends_s <= signs.at_s, ends_s
            severity = Severity.WARNING if over else Severity.NOTICE
            holds = "since then the worst case holds" if over else "then the worst case holds"
            message = f"it reaches to {instant_text(ends_s)}; {holds}"
            code = "forecast-over" if over else "forecast-ends"
            says = said(code, site=name, ends=instant_text(ends_s))
        yield AttentionView(
            rule="forecast-stale",
            severity=severity,
            since_s=since_s,
            site=name,
            subject=f"forecast of {name}",
            message=message,
            mend=f"give a new one: 'allod site forecast {name}'",
            says=says,
            kind="Site",
            name=name,
            count=1,
        )


# ---------------------------------------------------------------- the log


def log_not_sealed(signs: Signs) -> Found:
    """What is durable is not sealed, so that nobody gets a receipt."""
    seal = signs.seal
    if seal is None:
        yield _log_item(
            "log-not-sealed",
            Severity.WARNING,
            None,
            "this node seals no log: nothing that it does can be proved",
            "open it with a key for its log",
            said("log-has-no-key"),
        )
        return
    latest_s = seal.began_s if seal.published_at_s is None else seal.published_at_s
    if seal.fault or signs.at_s - latest_s > seal.cadence_s + SEAL_LATE_S:
        why = f": {seal.fault}" if seal.fault else ""
        yield _log_item(
            "log-not-sealed",
            Severity.CRITICAL,
            latest_s,
            f"the last checkpoint was signed at {instant_text(latest_s)}{why}"
            if seal.published_at_s is not None
            else f"no checkpoint has been signed yet{why}",
            "see the node's own log; what is durable is sealed once that is mended",
            said("log-signed-late", last=instant_text(latest_s))
            if seal.published_at_s is not None
            else said("log-never-signed"),
        )


def witness_behind(signs: Signs) -> Found:
    """Too few witnesses have seen what was published."""
    seal = signs.seal
    if seal is None or not seal.asks_witnesses or seal.published_at_s is None:
        return
    seen_s = seal.began_s if seal.witnessed_at_s is None else seal.witnessed_at_s
    if seal.published_at_s - seen_s > WITNESS_LATE_S:
        yield _log_item(
            "witness-behind",
            Severity.WARNING,
            seen_s,
            "too few witnesses have cosigned what was published since "
            f"{instant_text(seen_s)}: receipts say who is missing",
            "ask those who run them; the node asks again by itself",
            said("witness-behind", since=instant_text(seen_s)),
        )


def _log_item(
    rule: str, severity: Severity, since_s: int | None, message: str, mend: str, says: Said
) -> AttentionView:
    return AttentionView(
        rule=rule,
        severity=severity,
        since_s=since_s,
        site="",
        subject="the log",
        message=message,
        mend=mend,
        says=says,
        kind="Log",
        name="",
        count=1,
    )


# ---------------------------------------------------------------- projects and their work


def grant_ends(signs: Signs) -> Found:
    """A grant that holds ends soon, and none goes on after it."""
    for name, project in sorted(signs.projects.items()):
        holding = [one for one in project.grants if one.starts <= signs.at_s < one.ends]
        last_s = max((one.ends for one in holding), default=0)
        goes_on = any(one.starts <= last_s < one.ends for one in project.grants)
        if holding and not goes_on and last_s - signs.at_s <= GRANT_ENDS_S:
            yield AttentionView(
                rule="grant-ends",
                severity=Severity.NOTICE,
                since_s=last_s,
                site="",
                subject=f"grant of {name}",
                message=f"it ends at {instant_text(last_s)}: work that would go on beyond that "
                "waits for another",
                mend="give the project a new grant, or let it end",
                says=said("grant-ends", project=name, ends=instant_text(last_s)),
                kind="Project",
                name=name,
                count=len(holding),
            )


def grant_used(signs: Signs) -> Found:
    """Little is left of the grants of a project that hold now (C8)."""
    for name, budget in sorted(signs.grants.items()):
        used_s = budget.given_s - budget.left_s
        if budget.given_s <= 0 or used_s * 100 <= budget.given_s * GRANT_USED_PERCENT:
            continue
        left_h = max(0, budget.left_s) // 3600
        yield AttentionView(
            rule="grant-used",
            severity=Severity.WARNING if left_h == 0 else Severity.NOTICE,
            since_s=None,
            site="",
            subject=f"grant of {name}",
            message=f"{used_s * 100 // budget.given_s} % are used or taken by what runs; "
            f"{left_h} of {budget.given_s // 3600} accelerator-hours are left",
            mend="give the project a new grant, or let it end",
            says=said(
                "grant-nearly-used",
                project=name,
                percent=used_s * 100 // budget.given_s,
                left=f"{left_h} accelerator-hours",
                given=f"{budget.given_s // 3600} accelerator-hours",
            ),
            kind="Project",
            name=name,
            count=left_h,
        )


def work_fails(signs: Signs) -> Found:
    """The last workloads of a project have all failed."""
    by_project: dict[str, list[EndSigns]] = {}
    for one in signs.ended:
        if one.state is State.COMPLETED or one.state in _FAILED:
            by_project.setdefault(one.project, []).append(one)
    for project, ends in sorted(by_project.items()):
        row: list[EndSigns] = []
        for one in sorted(ends, key=lambda one: one.ended_at_s, reverse=True):
            if one.state is State.COMPLETED or signs.at_s - one.ended_at_s > DAY_S:
                break
            row.append(one)
        if len(row) >= FAILED_IN_A_ROW:
            yield AttentionView(
                rule="work-fails",
                severity=Severity.WARNING,
                since_s=row[-1].ended_at_s,
                site="",
                subject=f"work of {project}",
                message=f"its last {len(row)} workloads have failed; {row[0].workload_id} was "
                "the latest",
                mend=f"see 'allod logs {row[0].workload_id}'",
                says=said(
                    "work-fails", project=project, failed=len(row), workload=row[0].workload_id
                ),
                kind="Workload",
                name=row[0].workload_id,
                count=len(row),
            )


def fact_unknown(signs: Signs) -> Found:
    """A fact that nobody has stated keeps work away (L4)."""
    for one in signs.unknown:
        document, _, _ = one.path.partition(":")
        kind, _, name = document.partition("/")
        yield AttentionView(
            rule="fact-unknown",
            severity=Severity.WARNING if one.refused else Severity.NOTICE,
            since_s=one.since_s,
            site=name if kind == "Site" else "",
            subject=one.path,
            message="nobody has stated it; workloads refused for that in the last day: "
            f"{one.refused}, kept from a site: {one.waiting}",
            mend="look it up and apply the document",
            says=said("fact-not-stated", path=one.path, refused=one.refused, waiting=one.waiting),
            kind=kind,
            name=name,
            count=one.refused + one.waiting,
        )


RULES: tuple[Callable[[Signs], Found], ...] = (
    runner_out_of_reach,
    floor_broken,
    envelope_too_small,
    forecast_stale,
    log_not_sealed,
    witness_behind,
    grant_ends,
    grant_used,
    work_fails,
    fact_unknown,
)
