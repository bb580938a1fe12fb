"""An audit: what was so at a site at an instant, folded from the log up to it.

The fold is that of the views, and what the documents promise is read by the rules that decide, so
nothing here has a second mind. Each line names its leaf. It reads the log once, as a stream.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import orjson

from allod.decide.law import rules_of
from allod.decide.layout import class_steps, lay_out
from allod.decide.outlook import NO_OUTLOOK, Outlook
from allod.decide.verdict import Judge
from allod.decide.world import World, world_of
from allod.domain.charter import AccessClass
from allod.domain.control import controllers
from allod.domain.decision import Hold, Placement, Reason, Reclaim, Refusal, Step
from allod.domain.document import Document, from_json
from allod.domain.event import (
    CurtailmentCalled,
    ForecastGiven,
    PoolReported,
    WorkloadEnded,
    WorkloadSubmitted,
)
from allod.domain.site import Site
from allod.domain.units import NEVER_S, instant_text, parse_instant_s
from allod.domain.workload import Workload
from allod.errors import InvalidInput, NotFound
from allod.run.audit_views import (
    Audit,
    FloorThen,
    Owner,
    PartyThen,
    Ran,
    Reclaimed,
    Refused,
    Waited,
)
from allod.run.log import DocumentRow, Leaf
from allod.run.node_views import SiteView, State
from allod.run.records import Record, is_erased, record_of
from allod.run.sites import site_views
from allod.run.standing import Standing
from allod.run.views import Views, document_of

DAY_S = 86_400
_MOST = 1000  #: Refusals, and reclaims, that are told one by one.
_TAKE_LEAVES = 2000
_HOLD = "decision/Hold"
#: What keeps a workload from a site and is no failure of its floor.
_NOT_PROMISED = (Step.LAW, Step.CLASS)


def instant_of(text: str) -> int:
    """The instant that `text` names; a day means its last second.

    Raises:
        InvalidInput: It is no date or time.
    """
    try:
        if len(text) == 10 and text[4] == "-":
            return max(0, int(parse_instant_s(date.fromisoformat(text))) + DAY_S - 1)
        at_s = int(parse_instant_s(text))
    except (ValueError, OverflowError):
        at_s = -1
    if not 0 <= at_s < NEVER_S:
        raise InvalidInput(
            f"'{text[:40]}' is no date", mend="write e.g. 2026-12-31 or 2026-12-31T06:00Z"
        )
    return at_s


def audit(leaves: Iterable[Leaf], site: str, at_s: int) -> Audit:
    """What was so at `site` at `at_s`, by the leaves of a log from the first on.

    Raises:
        NotFound: There was no such site then.
    """
    story = _Story(site, at_s)
    for leaf in leaves:
        if leaf.at_s > at_s:
            break
        story.add(leaf)
    return story.told()


@dataclass(slots=True)
class _Wait:
    """Since when a workload waits, and the last hold."""

    since_s: int
    hold: Leaf | None = None


@dataclass(slots=True)
class _Story:
    """The views at an instant, and what led there at one site."""

    site: str
    at_s: int
    views: Views = field(default_factory=Views)
    seq: int = -1
    erased: int = 0
    placed: dict[str, int] = field(default_factory=dict)  #: Leaf of the placement, by workload.
    waits: dict[str, _Wait] = field(default_factory=dict)
    freed_s: dict[str, int] = field(default_factory=dict)  #: When a run last ended here, by class.
    reports: dict[tuple[str, str], PoolReported] = field(default_factory=dict)
    outlook: Outlook = NO_OUTLOOK
    refused: deque[Refused] = field(default_factory=lambda: deque(maxlen=_MOST))
    refused_count: int = 0
    reclaimed: deque[Reclaimed] = field(default_factory=lambda: deque(maxlen=_MOST))
    reclaimed_count: int = 0

    def add(self, leaf: Leaf) -> None:
        self.seq = leaf.seq
        if is_erased(leaf):
            self.erased += 1
            self.views.fold(leaf)
            return
        if leaf.kind == _HOLD and self._still_waits(leaf):
            return
        record = record_of(leaf)
        workload_id = getattr(record, "workload_id", "")
        before = self.views.live.get(workload_id)
        self._note(record, leaf, before)
        self.views.fold(leaf, record)
        if workload_id:
            self._note_after(workload_id, record, leaf)
        if leaf.seq % _TAKE_LEAVES == 0:
            self.views.take()  # Rows that nobody wants here.

    def _still_waits(self, hold: Leaf) -> bool:
        """True if `hold` moves nothing: it is kept as it is, for most logs are full of them."""
        wait = self.waits.get(orjson.loads(hold.body)["workload_id"])
        if wait is not None:
            wait.hold = hold
        return wait is not None

    def _note(self, record: Record, leaf: Leaf, before: Standing | None) -> None:
        """What is to be known of a leaf as it was before it took effect."""
        match record:
            case PoolReported():
                self.reports[record.site, record.pool] = record
            case ForecastGiven():
                self.outlook = self.outlook.with_forecast(record)
            case CurtailmentCalled():
                self.outlook = self.outlook.with_call(record)
            case WorkloadEnded() if before is not None and before.site == self.site:
                self.freed_s[before.class_name] = leaf.at_s
            case Refusal() if leaf.at_s > self.at_s - DAY_S:
                reasons = self._here(record.reasons)
                if reasons:
                    self.refused_count += 1
                    self.refused.append(
                        Refused(
                            workload_id=record.workload_id,
                            project=before.project if before else "",
                            at_s=leaf.at_s,
                            seq=leaf.seq,
                            reasons=reasons,
                        )
                    )
            case Reclaim() if record.site == self.site and leaf.at_s > self.at_s - DAY_S:
                self.reclaimed_count += 1
                self.reclaimed.append(
                    Reclaimed(
                        workload_id=record.workload_id,
                        project=before.project if before else "",
                        run=record.run,
                        at_s=leaf.at_s,
                        stop_at_s=record.stop_at_s,
                        for_workload_id=record.for_workload_id,
                        seq=leaf.seq,
                        reasons=record.reasons,
                    )
                )
            case _:
                pass

    def _note_after(self, workload_id: str, record: Record, leaf: Leaf) -> None:
        standing = self.views.live.get(workload_id)
        if standing is None or standing.state is not State.WAITING:
            self.waits.pop(workload_id, None)
        elif isinstance(record, WorkloadSubmitted | WorkloadEnded):
            self.waits[workload_id] = _Wait(leaf.at_s)
        if isinstance(record, Placement):
            self.placed[workload_id] = leaf.seq
        elif standing is None or not standing.holds_room:
            self.placed.pop(workload_id, None)

    def _held_by(self, wait: _Wait) -> tuple[Reason, ...]:
        """What the last hold said of this site."""
        record = record_of(wait.hold) if wait.hold else None
        return self._here(record.reasons) if isinstance(record, Hold) else ()

    def _here(self, reasons: Iterable[Reason]) -> tuple[Reason, ...]:
        """Those that are about this site, or about the workload everywhere."""
        return tuple(reason for reason in reasons if reason.site in ("", self.site))

    # ------------------------------------------------------------ what is told

    def told(self) -> Audit:
        row = self.views.current("Site", self.site)
        documents = self._documents()
        found = documents.get(f"Site/{self.site}")
        if row is None or found is None:
            names = ", ".join(sorted(self.views.sites)[:10])
            raise NotFound(
                f"there was no site '{self.site}' at {instant_text(self.at_s)}",
                mend=f"there were: {names}" if names else "no site was described then",
            )
        assert isinstance(found.spec, Site)
        world = world_of(documents)
        may_run_at = self._may_run_at(documents, world)
        (view,) = [
            view
            for view in site_views(
                documents,
                self.views.live.values(),
                self.at_s,
                lambda workload_id: may_run_at.get(workload_id, {}),
                {},
                self.reports,
                self.outlook,
            )
            if view.name == self.site
        ]
        charter = next(
            (
                item
                for item in self.views.documents.values()
                if item.kind == "Charter"
                and item.current
                and document_of(item)["document"]["spec"]["site"] == self.site
            ),
            None,
        )
        unknown: tuple[str, ...] = (f"Site/{self.site}: spec.operator",)
        operator = found.spec.operator.value
        if operator is not None:
            unknown = tuple(item.path for item in controllers(operator, world.parties).unknown)
        return Audit(
            at_s=self.at_s,
            seq=self.seq,
            erased=self.erased,
            site=view,
            site_seq=row.seq,
            charter_seq=charter.seq if charter else None,
            ran=tuple(self._ran()),
            parties=tuple(self._parties(found.spec, world)),
            control_unknown=unknown,
            floors=tuple(self._floors(world, view, may_run_at, (row, charter))),
            refused=tuple(self.refused),
            refused_count=self.refused_count,
            reclaimed=tuple(self.reclaimed),
            reclaimed_count=self.reclaimed_count,
        )

    def _documents(self) -> dict[str, Document]:
        held = (row for row in self.views.documents.values() if row.current)
        found = [from_json(document_of(row)["document"]) for row in held]
        return {document.key: document for document in found}

    def _ran(self) -> Iterator[Ran]:
        for standing in sorted(self.views.live.values(), key=lambda item: item.ordinal):
            if standing.holds_room and standing.site == self.site:
                yield Ran(
                    workload_id=standing.workload_id,
                    project=standing.project,
                    access_class=standing.class_name,
                    accelerators=standing.accelerators,
                    pool=standing.pool,
                    run=standing.run,
                    state=standing.state,
                    lent=standing.placed.lent,
                    placed_at_s=standing.placed.placed_at_s,
                    started_at_s=standing.started_at_s,
                    seq=self.placed[standing.workload_id],
                    submitted_seq=_asked_seq(standing),
                )

    def _parties(self, site: Site, world: World) -> Iterator[PartyThen]:
        """The parties in a role then, and all whose shares lead to them, nearest first."""
        roles: dict[str, list[str]] = {}
        operator = site.operator.value
        if operator is not None:
            roles[operator] = ["operator"]
        for item in site.parties:
            if item.starts <= self.at_s < item.ends:
                mine = roles.setdefault(item.party, [])
                mine += [item.role.value] if item.role.value not in mine else []
        hands = (
            {item.party for item in controllers(operator, world.parties).controllers}
            if operator is not None
            else set()
        )
        names, queue = dict.fromkeys(roles), deque(roles)
        while queue:
            party = world.parties.get(queue.popleft())
            for holding in party.owners if party else ():
                if holding.party not in names:
                    names[holding.party] = None
                    queue.append(holding.party)
        for name in names:
            party, row = world.parties.get(name), self.views.current("Party", name)
            mine = roles.get(name, [])
            if party is None or row is None:
                yield PartyThen(party=name, roles=tuple(mine), controls=name in hands)
                continue
            owners = tuple(
                Owner(
                    party=item.party,
                    share_bp=item.share_bp.value,
                    standing=item.share_bp.standing.value,
                )
                for item in party.owners
            )
            yield PartyThen(
                party=name,
                roles=tuple(mine),
                title=party.title,
                seat=party.seat.value,
                owners=owners,
                controls=name in hands,
                seq=row.seq,
            )

    # ------------------------------------------------------------ floors

    def _may_run_at(
        self, documents: Mapping[str, Document], world: World
    ) -> dict[str, dict[str, str]]:
        """For each workload that waits: the sites at which it may ever run, with its class."""
        judge = Judge(world, lay_out(documents, self.at_s, "charter")[1])
        changed_seq = max((row.seq for row in self.views.documents.values()), default=-1)
        found: dict[str, dict[str, str]] = {}
        for workload_id, wait in self.waits.items():
            standing = self.views.live[workload_id]
            project = world.projects.get(standing.project)
            if project is None:
                continue
            workload = Workload.model_validate(standing.spec)
            rules = rules_of(workload_id, workload, standing.project, project, world.datasets, {})
            verdict = judge.judge(rules, workload, project)
            found[workload_id] = {
                site: access_class
                for site, access_class in verdict.access_class.items()
                if site not in verdict.against
            }
            # Rules that come with what others wrote are in its hold, while that is of these days.
            recent = wait.hold is not None and wait.hold.seq > changed_seq
            if recent and any(reason.forever for reason in self._held_by(wait)):
                found[workload_id].pop(self.site, None)
        return found

    def _floors(
        self,
        world: World,
        view: SiteView,
        may_run_at: Mapping[str, Mapping[str, str]],
        rows: Iterable[DocumentRow | None],
    ) -> Iterator[FloorThen]:
        charter = world.charters.get(self.site)
        promised_s = max(int(document_of(row)["at_s"]) for row in rows if row is not None)
        shown = {item.name: item for item in view.classes}
        for top in charter.classes if charter else ():
            for item in top.walk():
                since_s, floor, _ = [step for step in class_steps(item) if step[0] <= self.at_s][-1]
                if not floor:
                    continue
                begins_s = max(promised_s, since_s)
                within = tuple(
                    self._within(item, floor - shown[item.name].in_use, begins_s, may_run_at)
                )
                promise_s = item.reclaim_notice_s + world.sites[self.site].stop_time_s
                yield FloorThen(
                    access_class=item.name,
                    floor=floor,
                    in_use=shown[item.name].in_use,
                    waiting=shown[item.name].waiting,
                    promise_s=promise_s,
                    held=all(self.at_s - one.since_s <= promise_s for one in within),
                    within=within,
                )

    def _within(
        self,
        item: AccessClass,
        room: int,
        begins_s: int,
        may_run_at: Mapping[str, Mapping[str, str]],
    ) -> Iterator[Waited]:
        """Those who wait and would fit in the rest of the floor, in order of asking."""
        inside = {inner.name for inner in item.walk()}
        freed_s = max((self.freed_s.get(name, 0) for name in inside), default=0)
        for workload_id in sorted(self.waits, key=lambda name: self.views.live[name].ordinal):
            standing, wait = self.views.live[workload_id], self.waits[workload_id]
            if may_run_at.get(workload_id, {}).get(self.site) not in inside:
                continue
            reasons = self._held_by(wait)
            if any(reason.step in _NOT_PROMISED for reason in reasons):
                continue
            not_before_s = Workload.model_validate(standing.spec).flexibility.not_before
            if standing.accelerators <= room and not_before_s <= self.at_s:
                room -= standing.accelerators
                yield Waited(
                    workload_id=workload_id,
                    accelerators=standing.accelerators,
                    since_s=max(wait.since_s, begins_s, freed_s, not_before_s),
                    seq=wait.hold.seq if wait.hold else None,
                    reasons=reasons,
                )


def _asked_seq(standing: Standing) -> int:
    return int(orjson.loads(standing.asked)["seq"])
