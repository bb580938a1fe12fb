"""A node without a log, a database or an engine: enough for the API to stand on in a test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, TypeVar

import orjson
from prometheus_client import CollectorRegistry, Counter

from allod.decide.accounts import Account
from allod.decide.outlook import NO_OUTLOOK
from allod.domain.charter import Charter
from allod.domain.decision import Decision, Hold, Placement, Reason, Refusal, ShedPlan, Step
from allod.domain.document import Document, from_json
from allod.domain.event import (
    CurtailmentCalled,
    DocumentsApplied,
    Event,
    ForecastGiven,
    Outcome,
    WorkloadCancelled,
    WorkloadEnded,
    WorkloadStarted,
    WorkloadSubmitted,
)
from allod.domain.party import Party
from allod.domain.project import Project
from allod.domain.project_key import KeyTerms
from allod.domain.said import Said, said
from allod.domain.site import Site
from allod.domain.units import NEVER_S
from allod.domain.workload import Workload
from allod.errors import AllodError, Conflict, InvalidInput, NotFound, Unavailable
from allod.prove.encoding import encode, kind_of
from allod.prove.sovereignty.statement import Statement, sovereignty_statement
from allod.run.attention import AttentionView, Severity
from allod.run.audit import audit
from allod.run.audit_views import Audit
from allod.run.document_requests import rescaled, scaled_to
from allod.run.dry_run import Tried
from allod.run.held import Held
from allod.run.key_rows import KeyView, key_view
from allod.run.log import DocumentRow, KeyRow, Leaf
from allod.run.node_map import NodeMapView, node_map
from allod.run.node_views import (
    LIVE_STATES,
    Change,
    ClassView,
    Counted,
    DecisionView,
    DocumentView,
    FactView,
    Health,
    LeafView,
    Page,
    PlaceView,
    PoolView,
    Role,
    Scaled,
    SiteView,
    Sort,
    State,
    Submitted,
    Token,
    WorkloadQuery,
    WorkloadView,
)
from allod.run.ports import Finding, OutputPart
from allod.run.power_views import Basis, QuantityView, SitePowerView
from allod.run.project_views import ProjectView, WorkView
from allod.run.projects import project_view
from allod.run.replays.desk import Desk
from allod.run.seal import Signed
from allod.run.serving.energy_kept import EnergyReads, NoEnergy
from allod.run.serving.service_views import ServiceView
from allod.run.serving.usage_reads import NoUsage, UsageReads
from allod.run.site_parties import SiteParties
from allod.run.site_phases import SitePhases
from allod.run.site_power import SitePower
from allod.run.statements import Terms
from tests.api.fake_log import FakeLog
from tests.run.world import site

T = TypeVar("T")
START_S = 1_795_291_200  # 2026-11-21 20:00 UTC


def done(work: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    try:
        future.set_result(work())
    except AllodError as error:
        future.set_exception(error)
    return future


@dataclass(frozen=True)
class Answer:
    site: str
    blockers: tuple[Reason, ...]
    change: str = ""
    changes: tuple[Said, ...] = ()
    expected_at_s: int | None = None
    basis: str = ""
    rests_on: tuple[Said, ...] = ()


@dataclass(frozen=True)
class Answers:
    workload_id: str
    state: str
    sites: tuple[Answer, ...]
    expected_at_s: int | None = None
    basis: str = ""
    rests_on: tuple[Said, ...] = ()


class FakeFollower:
    def __init__(self, node: FakeNode, seq: int, wake: Callable[[], None] | None) -> None:
        self.seq = seq
        self._node = node
        self.wake = wake
        node.followers.append(self)

    def take(self, timeout_s: float = 0.0, limit: int = 256) -> tuple[LeafView, ...]:
        self._node.check()
        found = tuple(self._node.leaves[self.seq + 1 : self.seq + 1 + limit])
        self.seq += len(found)
        return found

    def close(self) -> None:
        self._node.followers.remove(self)


@dataclass
class Statements:
    """Makes the statement of the one site; of work there it says the same."""

    node: FakeNode

    def of_site(self, name: str, terms: Terms) -> Statement:
        self.node.check()
        if name != "narvik":
            raise NotFound(f"no Site is called '{name}'", mend="known: narvik")
        spec = site(name).spec
        assert isinstance(spec, Site)
        return sovereignty_statement(
            name, spec, {}, on=terms.on, home=terms.home, least_seal=terms.least_seal
        )

    def of_workload(self, workload_id: str, terms: Terms) -> Statement:
        placed = self.node.workload(workload_id).site
        if not placed:
            raise NotFound(f"workload '{workload_id}' has been placed nowhere, so it has no site")
        return self.of_site(placed, terms)


class Foresight:
    """Has one plan for every call, and none for a forecast."""

    def __init__(self, node: FakeNode) -> None:
        self.node = node

    def tell(
        self, event: ForecastGiven | CurtailmentCalled, *, dry_run: bool = False
    ) -> Future[tuple[Decision, ...]]:
        return done(lambda: self._told(event, dry_run))

    def _told(
        self, event: ForecastGiven | CurtailmentCalled, dry_run: bool
    ) -> tuple[Decision, ...]:
        self.node.check()
        self.node.site(event.site)
        if not dry_run:
            self.node.record(event)
        if isinstance(event, ForecastGiven):
            return ()
        plan = ShedPlan(
            at_s=self.node.at_s,
            site=event.site,
            path=event.path,
            starts_s=event.starts_s,
            ends_s=event.ends_s,
            over_w=1000,
            delayed=("w2",),
            reclaimed=(("w1", 800),),
            left_w=200,
        )
        return (plan,)


class FakeSiteReads:
    """Answers of the one site, out of a document, with one workload that holds room."""

    def __init__(self, node: FakeNode) -> None:
        self.node = node

    def power(self, name: str, hours: int) -> SitePowerView:
        told = ForecastGiven(
            at_s=START_S,
            site=name,
            start_s=START_S,
            step_s=3600,
            temp_milli_c=(5000, 6000),
            design_temp_milli_c=30_000,
            clean_w=(9000, 8000),
        )
        call = CurtailmentCalled(
            at_s=START_S,
            site=name,
            name="peak",
            path="site",
            starts_s=START_S + 60,
            ends_s=START_S + 600,
            power_w=4000,
        )
        outlook = NO_OUTLOOK.with_forecast(told).with_call(call)
        spec = self._site(name)
        held = [self._held()]
        return SitePower(name, spec, START_S - 9, outlook, held, {}, START_S).view(
            hours,
            QuantityView(
                value_w=7000,
                basis=Basis.MEASURED,
                at_s=START_S,
                source="meter 'main'",
                says=(said("by-meter", meter="main"),),
            ),
        )

    def nodes(self, name: str, *, shared: bool = False) -> NodeMapView:
        return node_map(name, self._site(name), [self._held()], {}, START_S, shared=shared)

    def phases(self, name: str) -> dict[str, Any]:
        spec = self._site(name)
        body = {"actor": "admin", "at_s": START_S, "document": site(name).to_json()}
        row = DocumentRow("Site", name, 1, 3, orjson.dumps(body).decode())
        return SitePhases(name, spec, [row], START_S).to_json()

    def parties(self, name: str) -> dict[str, Any]:
        spec = self._site(name)
        owned = Party.model_validate({"title": "Operator", "seat": "NO", "dispersed": True})
        ramp = ({"starts": START_S, "floor": 2}, {"starts": START_S + 9, "floor": 4, "ceiling": 6})
        anchor = {"party": "tenant", "ramp": ramp, "take_min_bp": 8050, "ends": START_S + 99}
        classes = ({"name": "own", "floor": 2}, {"name": "tenant", "anchor": anchor})
        charter = Charter.model_validate({"site": name, "classes": classes})
        known = {"operator": owned}
        return SiteParties(name, spec, known, {name: charter}, START_S).to_json()

    def _site(self, name: str) -> Site:
        self.node.check()
        self.node.site(name)
        pool = {"name": "p", "accelerator": "h100", "accelerators_per_node": 4, "hall": "east"}
        spec = site(name, 8, pools=[pool], envelope={"site": {"power_w": 9000}}).spec
        assert isinstance(spec, Site)
        return spec

    def _held(self) -> Held:
        return Held(
            workload_id="w1",
            project="fjord",
            access_class="norway",
            lent=False,
            pool="p",
            accelerators=6,
            nodes=((0, 4), (1, 2)),
            ends_at_s=START_S + 600,
            stop_at_s=None,
            saved_w=0,
            saved_until_s=0,
        )


class Trials:
    """Decides as the node would, and keeps nothing of it."""

    def __init__(self, node: FakeNode) -> None:
        self.node = node

    def submission(self, document: Document, *, actor: str = "") -> Tried:
        self.node.check()
        spec = document.spec
        assert isinstance(spec, Workload)
        free = self.node.free
        decision = self.node._decided("dry-run", spec)
        self.node.free = free
        why = decision if isinstance(decision, Refusal) else Answers("dry-run", "waiting", ())
        return Tried(decision=decision, others=(), explanation=why)


@dataclass
class FakeAttention:
    """Tells that the second site is out of reach, and whatever else a test says."""

    node: FakeNode
    more: tuple[AttentionView, ...] = ()

    def now(self) -> tuple[AttentionView, ...]:
        self.node.check()
        item = AttentionView(
            rule="runner-out-of-reach",
            severity=Severity.CRITICAL,
            since_s=START_S - 90,
            site="cambrai",
            subject="runner of cambrai",
            message="it does not answer",
            mend="look after it",
            says=said("runner-out-of-reach", site="cambrai", runner="local", workloads=0),
            kind="Site",
            name="cambrai",
            count=1,
        )
        return (item, *self.more)


class Projects:
    """Shows the documents; nothing is used of their grants but what a test says."""

    def __init__(self, node: FakeNode) -> None:
        self.node = node
        self.accounts: dict[str, Account] = {}
        self.work: dict[str, WorkView] = {}

    def all(self) -> tuple[ProjectView, ...]:
        found = self.node.documents("Project")
        return tuple(self._view(shown) for shown in found)

    def one(self, name: str) -> ProjectView:
        return self._view(self.node.document("Project", name))

    def _view(self, shown: DocumentView) -> ProjectView:
        spec = from_json(shown.document).spec
        assert isinstance(spec, Project)
        hours = sum(grant.accelerator_hours for grant in spec.grants)
        account = Account(
            given_s=hours * 3600, used_s=0, committed_s=0, left_s=hours * 3600, until_s=NEVER_S
        )
        account = self.accounts.get(shown.name, account)
        return project_view(
            shown,
            spec,
            account if spec.grants else None,
            self.work.get(shown.name),
            self.node.at_s,
        )


class FakeKeys:
    """Keys of any project, without a log."""

    def __init__(self) -> None:
        self.rows: dict[str, KeyRow] = {}
        self.acts: list[tuple[str, ...]] = []

    def make(
        self, project: str, terms: KeyTerms, *, name: str = "", actor: str = ""
    ) -> tuple[str, str]:
        name = name or f"{project}-{len(self.rows) + 1}"
        if name in self.rows:
            raise Conflict(f"there is or was a key '{name}'", mend="choose another name")
        body = terms.model_dump_json(exclude_defaults=True)
        self.rows[name] = KeyRow(name, b"", project, body, False, START_S, None)
        self.acts.append(("make", name, actor))
        return name, f"sk-allod-{name}"

    def all(self, *, project: str = "", revoked: bool = False) -> list[KeyView]:
        return [
            key_view(row)
            for row in self.rows.values()
            if project in ("", row.project) and (revoked or row.revoked_at_s is None)
        ]

    def holder(self, secret: str) -> KeyRow | None:
        row = self.rows.get(secret.removeprefix("sk-allod-"))
        return row if row is not None and row.revoked_at_s is None else None

    def revoke(self, name: str, *, actor: str = "") -> None:
        self.rows[name] = replace(self._known(name), revoked_at_s=START_S)
        self.acts.append(("revoke", name, actor))

    def log_content(self, name: str, on: bool, *, actor: str = "") -> None:
        self.rows[name] = replace(self._known(name), content=on)
        self.acts.append(("content", name, actor))

    def _known(self, name: str) -> KeyRow:
        if name not in self.rows:
            raise NotFound(f"there is no key '{name}'", mend="see 'allod key list'")
        return self.rows[name]


class FakeNode:
    """Places what fits into `free`, holds what does not, refuses what is over the whole site."""

    def __init__(self, *, live: int = 64, free: int = 64) -> None:
        self.metrics = CollectorRegistry()
        Counter("allod_fake", "Something to count.", registry=self.metrics)
        self.live, self.free = live, free
        self.erased: list[tuple[str, str]] = []
        self.seal_fault = ""
        self.down = False
        self.at_s = START_S
        self.leaves: list[LeafView] = []
        self.held: dict[str, WorkloadView] = {}
        self.answers: dict[str, tuple[Document, Submitted]] = {}
        self.known: dict[tuple[str, str], DocumentView] = {}
        self.output: dict[str, bytes] = {}
        self.followers: list[FakeFollower] = []
        self.secrets: dict[str, Token] = {}
        self.checks = 0
        self.log = FakeLog(self)
        self.exports: list[tuple[int, str]] = []
        self.found: tuple[Finding, ...] = (Finding("slurm", "works", "Slurm 22.05.8"),)
        self.foresight = Foresight(self)
        self.site_reads = FakeSiteReads(self)
        self.trials = Trials(self)
        self.attention = FakeAttention(self)
        self.projects = Projects(self)
        self.keys = FakeKeys()
        self.usage: UsageReads = NoUsage()
        self.energy: EnergyReads = NoEnergy()
        self.replays: Desk | None = None
        self.served: tuple[ServiceView, ...] = ()
        self._turn = threading.RLock()

    # ------------------------------------------------------------ what a test does to it

    def check(self) -> None:
        if self.down:
            raise Unavailable("the log is out of reach", mend="ask again")

    def record(self, record: Event | Decision) -> int:
        seq = len(self.leaves)
        self.leaves.append(LeafView(seq, kind_of(record), encode(record), record))
        for follower in tuple(self.followers):
            if follower.wake:
                follower.wake()
        return seq

    def start(self, workload_id: str) -> None:
        with self._turn:
            view = self.held[workload_id]
            seq = self.record(
                WorkloadStarted(at_s=self.at_s, workload_id=workload_id, run=view.run)
            )
            self.held[workload_id] = replace(
                view, state=State.RUNNING, started_at_s=self.at_s, changed_seq=seq
            )

    def end(self, workload_id: str, outcome: Outcome = Outcome.COMPLETED) -> None:
        with self._turn:
            view = self.held[workload_id]
            seq = self.record(
                WorkloadEnded(
                    at_s=self.at_s, workload_id=workload_id, run=view.run, outcome=outcome
                )
            )
            self.free += view.accelerators
            self.held[workload_id] = replace(
                view,
                state=State(outcome.value),
                outcome=outcome,
                ended_at_s=self.at_s,
                exit_status=0,
                changed_seq=seq,
            )

    # ------------------------------------------------------------ what changes something

    def submit(
        self, document: Document, *, actor: str = "", key: str | None = None
    ) -> Future[Submitted]:
        return done(lambda: self._submit(document, actor, key))

    def _submit(self, document: Document, actor: str, key: str | None) -> Submitted:
        self.check()
        with self._turn:
            if key in self.answers:
                known, answer = self.answers[key]
                if (known.name, known.spec) != (document.name, document.spec):
                    raise Conflict(f"key '{key}' stands for another request", mend="use a new key")
                return replace(answer, repeated=True)
            spec = document.spec
            assert isinstance(spec, Workload)
            if spec.project == "nobody":
                raise InvalidInput("project 'nobody' is not known", mend="apply the project first")
            workload_id = f"w{len(self.held) + 1}"
            seq = self.record(
                WorkloadSubmitted(
                    at_s=self.at_s,
                    workload_id=workload_id,
                    name=document.name,
                    workload=document.to_json()["spec"],
                    actor=actor,
                )
            )
            decision = self._decided(workload_id, spec)
            changed = self.record(decision)
            self.held[workload_id] = self._view(document, decision, actor, seq, changed)
            answer = Submitted(workload_id, decision, repeated=False)
            if key is not None:
                self.answers[key] = (document, answer)
            return answer

    def _decided(self, workload_id: str, spec: Workload) -> Decision:
        if spec.accelerators > self.live:
            return Refusal(
                at_s=self.at_s,
                workload_id=workload_id,
                reasons=(self._law(), self._room(spec, forever=True)),
            )
        if spec.accelerators > self.free:
            return Hold(
                at_s=self.at_s,
                workload_id=workload_id,
                reasons=(self._room(spec, forever=False), self._law()),
                expected_at_s=self.at_s + 3600,
                basis="wall times of running work",
            )
        self.free -= spec.accelerators
        return Placement(
            at_s=self.at_s,
            workload_id=workload_id,
            run=1,
            site="narvik",
            pool="gb300",
            access_class="norway",
            accelerators=spec.accelerators,
            nodes=((0, spec.accelerators),),
            power_w=spec.accelerators * 2250,
            ends_at_s=self.at_s + spec.wall_time_s,
            lent=False,
            notice_s=0,
        )

    def _room(self, spec: Workload, *, forever: bool) -> Reason:
        there = self.live if forever else self.free
        return Reason(
            site="narvik",
            step=Step.ROOM,
            code="larger-than-pool" if forever else "no-room",
            message=f"needs {spec.accelerators} accelerators, {there} there",
            forever=forever,
            pool="gb300",
            needed=str(spec.accelerators),
            actual=str(there),
            origin="Site/narvik",
        )

    def _law(self) -> Reason:
        return Reason(
            site="morocco",
            step=Step.LAW,
            code="processing-not-permitted",
            message="processing is permitted in NO only, the site stands in MA",
            forever=True,
            needed="NO",
            actual="MA",
            origin="Project/fjord",
        )

    def _view(
        self, document: Document, decision: Decision, actor: str, seq: int, changed: int
    ) -> WorkloadView:
        spec = document.spec
        assert isinstance(spec, Workload)
        view = WorkloadView(
            workload_id=decision.workload_id,
            name=document.name,
            state=State.WAITING,
            project=spec.project,
            kind=spec.kind.value,
            accelerators=spec.accelerators,
            wall_time_s=spec.wall_time_s,
            submitted_at_s=self.at_s,
            access_class=spec.access_class or "",
            actor=actor,
            reasons=decision.reasons,
            spec=document.to_json()["spec"],
            seq=seq,
            changed_seq=changed,
        )
        match decision:
            case Placement():
                return replace(
                    view,
                    state=State.PLACED,
                    run=1,
                    site=decision.site,
                    pool=decision.pool,
                    access_class=decision.access_class,
                    nodes=decision.nodes,
                    power_w=decision.power_w,
                    placed_at_s=self.at_s,
                    ends_at_s=decision.ends_at_s,
                )
            case Hold():
                return replace(view, expected_at_s=decision.expected_at_s, basis=decision.basis)
            case _:
                return replace(view, state=State.REFUSED, ended_at_s=self.at_s)

    def apply(
        self, documents: Sequence[Document], *, actor: str = "", dry_run: bool = False
    ) -> Future[tuple[Change, ...]]:
        return done(lambda: self._apply(documents, actor, dry_run))

    def _apply(
        self, documents: Sequence[Document], actor: str, dry_run: bool
    ) -> tuple[Change, ...]:
        self.check()
        changes = []
        for document in documents:
            old = self.known.get((document.kind, document.name))
            what = "created"
            if old:
                what = "unchanged" if old.document == document.to_json() else "changed"
            changes.append(Change(document.kind, document.name, what))
        if not dry_run:
            bodies = tuple(document.to_json() for document in documents)
            seq = self.record(DocumentsApplied(at_s=self.at_s, documents=bodies, actor=actor))
            for document in documents:
                self.known[document.kind, document.name] = DocumentView(
                    kind=document.kind,
                    name=document.name,
                    document=document.to_json(),
                    seq=seq,
                    changed_at_s=self.at_s,
                    actor=actor,
                )
        return tuple(changes)

    def scale(
        self, name: str, least: int | None, most: int | None, *, actor: str
    ) -> Future[Scaled]:
        def work() -> Scaled:
            document = rescaled(self.document("Service", name).document, least, most)
            return scaled_to(document, *self._apply([document], actor, dry_run=False))

        return done(work)

    def remove(self, kind: str, name: str, *, actor: str = "") -> Future[None]:
        def work() -> None:
            self.check()
            self.document(kind, name)
            del self.known[kind, name]

        return done(work)

    def cancel(self, workload_id: str, *, actor: str = "") -> Future[WorkloadView]:
        def work() -> WorkloadView:
            self.check()
            view = self.workload(workload_id)
            if view.state in LIVE_STATES:
                seq = self.record(
                    WorkloadCancelled(at_s=self.at_s, workload_id=workload_id, actor=actor)
                )
                waits = view.state is State.WAITING
                self.held[workload_id] = replace(
                    view,
                    state=State.CANCELLED if waits else State.STOPPING,
                    cancelled_by=actor,
                    changed_seq=seq,
                )
            return self.held[workload_id]

        return done(work)

    @property
    def statements(self) -> Statements:
        return Statements(self)

    # ------------------------------------------------------------ what reads

    def workload(self, workload_id: str) -> WorkloadView:
        self.check()
        if workload_id not in self.held:
            near = get_close_matches(workload_id, self.held, 1)
            mend = f"did you mean {near[0]}?" if near else "see GET /v1/workloads"
            raise NotFound(f"there is no workload '{workload_id}'", mend=mend)
        return self.held[workload_id]

    def workloads(
        self,
        query: WorkloadQuery | None = None,
        *,
        skip: int = 0,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[WorkloadView]:
        self.check()
        found = self._wanted(query or WorkloadQuery())
        if query is not None and query.sort is Sort.ACCELERATORS:
            found.sort(key=lambda view: -view.accelerators)
        elif query is not None and query.sort is Sort.OLDEST:
            found.reverse()
        return self._page(found, after, limit, skip)

    def workloads_count(self, query: WorkloadQuery | None = None) -> Counted:
        self.check()
        count = len(self._wanted(query or WorkloadQuery()))
        return Counted(count=count, at_seq=len(self.leaves) - 1)

    def _wanted(self, query: WorkloadQuery) -> list[WorkloadView]:
        return [
            view
            for view in reversed(tuple(self.held.values()))
            if view.state in query.states
            and query.project in ("", view.project)
            and query.site in ("", view.site)
            and query.access_class in ("", view.access_class)
            and (query.text in view.name or view.workload_id.startswith(query.text))
        ]

    def _page(self, found: list[Any], after: str | None, limit: int, skip: int = 0) -> Page[Any]:
        if after is not None:
            if not (after.isascii() and after.isdigit()):
                raise InvalidInput(f"after: '{after}' is not a place in this list")
            found = [item for item in found if item.seq < int(after)]
        part = tuple(found[skip : skip + limit])
        return Page(part, str(part[-1].seq) if len(found) > skip + limit else None)

    def decisions(
        self, workload_id: str | None = None, *, after: str | None = None, limit: int = 100
    ) -> Page[DecisionView]:
        self.check()
        found = [
            DecisionView(leaf.seq, leaf.kind, leaf.record)
            for leaf in reversed(self.leaves)
            if isinstance(leaf.record, Decision) and workload_id in (None, leaf.record.workload_id)
        ]
        return self._page(found, after, limit)

    def why(self, workload_id: str) -> Answers | Decision:
        view = self.workload(workload_id)
        if view.state is State.REFUSED:
            found = self.decisions(workload_id).items[0].record
            assert isinstance(found, Refusal)
            return found
        return Answers(
            workload_id,
            view.state,
            tuple(
                Answer(
                    reason.site,
                    (reason,),
                    change="ask for fewer accelerators",
                    changes=(
                        said("fewer", accelerators=self.live if reason.forever else self.free),
                    ),
                    expected_at_s=view.expected_at_s if not reason.forever else None,
                    basis=view.basis,
                    rests_on=(said("wall-times"),),
                )
                for reason in view.reasons
            ),
            expected_at_s=view.expected_at_s,
            basis=view.basis,
            rests_on=(said("at-site", site="narvik"), said("wall-times")),
        )

    def logs(
        self,
        workload_id: str,
        *,
        run: int | None = None,
        stream: str = "stdout",
        offset: int = 0,
        limit: int = 1 << 20,
    ) -> OutputPart:
        if self.workload(workload_id).run < (run or 1):
            raise NotFound(f"workload '{workload_id}' has no run {run or 1}")
        data = self.output.get(workload_id, b"") if stream == "stdout" else b""
        return OutputPart(offset, data[offset : offset + limit])

    def documents(self, kind: str | None = None) -> list[DocumentView]:
        self.check()
        return [view for key, view in sorted(self.known.items()) if kind in (None, key[0])]

    def document(self, kind: str, name: str) -> DocumentView:
        self.check()
        if (kind, name) not in self.known:
            near = get_close_matches(name, [key[1] for key in self.known if key[0] == kind], 1)
            raise NotFound(
                f"there is no {kind} '{name}'", mend=f"did you mean {near[0]}?" if near else ""
            )
        return self.known[kind, name]

    def sites(self) -> list[SiteView]:
        self.check()
        return [self._narvik(), self._cambrai()]

    def site(self, name: str) -> SiteView:
        found = {view.name: view for view in self.sites()}
        if name not in found:
            raise NotFound(f"there is no site '{name}'", mend=f"sites are {', '.join(found)}")
        return found[name]

    def check_site(self, name: str) -> tuple[Finding, ...]:
        self.site(name)
        if not self.found:
            raise InvalidInput(f"site '{name}' names no cluster", mend="give it one")
        return self.found

    def services(self) -> tuple[ServiceView, ...]:
        self.check()
        return self.served

    def _narvik(self) -> SiteView:
        used = self.live - self.free
        waiting = [view for view in self.held.values() if view.state is State.WAITING]
        asked = sum(view.accelerators for view in waiting)
        classes = (
            ("norway", "Norwegian users first", None, 48, None, 10, used, asked),
            ("start-ups", "Start-ups, research", "norway", 16, 32, 20, min(used, 8), 0),
            ("surplus", "Surplus for northern Europe", None, 0, 40, 0, 0, 0),
        )
        return SiteView(
            name="narvik",
            title="Narvik, Kvandal",
            at_s=self.at_s,
            runner="local",
            in_reach=True,
            out_of_reach_since_s=None,
            live=self.live,
            in_use=used,
            free=self.free,
            running=sum(view.state in (State.PLACED, State.RUNNING) for view in self.held.values()),
            waiting=len(waiting),
            power_limit_w=230_000_000,
            power_committed_w=12_000_000 + used * 2475,
            base_load_w=12_000_000,
            pools=(
                PoolView(
                    name="gb300",
                    accelerator="gb300-nvl72",
                    live=self.live,
                    in_use=used,
                    free=self.free,
                ),
            ),
            classes=tuple(
                ClassView(
                    name=name,
                    title=title,
                    parent=parent,
                    floor=floor,
                    ceiling=ceiling,
                    priority=priority,
                    in_use=in_use,
                    waiting=waits,
                    reclaim_notice_s=300,
                )
                for name, title, parent, floor, ceiling, priority, in_use, waits in classes
            ),
            country=fact("NO"),
            operator=fact("aker-nscale"),
            management=fact(["NO"]),
            metadata=fact(["NO"]),
            control=("NO", "GB"),
            place=PlaceView(
                latitude_deg=68.57,
                longitude_deg=17.6,
                country="NO",
                name="Narvik",
                region="Nordland",
                precision="about 10 km",
                standing="declared",
                source="this document",
            ),
        )

    def _cambrai(self) -> SiteView:
        return SiteView(
            name="cambrai",
            title="Cambrai, former air base",
            at_s=self.at_s,
            runner="none",
            in_reach=False,
            out_of_reach_since_s=self.at_s - 90,
            live=0,
            in_use=0,
            free=0,
            running=0,
            waiting=0,
            power_limit_w=None,
            power_committed_w=0,
            base_load_w=0,
            pools=(PoolView(name="main", accelerator=None, live=0, in_use=0, free=0),),
            classes=(),
            country=fact("FR"),
            operator=fact(None, "unknown"),
            management=fact(None, "unknown"),
            metadata=fact(None, "unknown"),
            control=("?",),
        )

    def follow(
        self, after_seq: int | None = None, *, wake: Callable[[], None] | None = None
    ) -> FakeFollower:
        return FakeFollower(self, len(self.leaves) - 1 if after_seq is None else after_seq, wake)

    # ------------------------------------------------------------ evidence

    def log_rotate_key(self, *, actor: str = "") -> bytes:
        return b"c2sp.org/tlog-proof@v1\n"

    def erase(self, workload_id: str, *, actor: str = "") -> int:
        view = self.workload(workload_id)
        if view.state in LIVE_STATES:
            raise Conflict(f"{workload_id} is {view.state}")
        self.erased.append((workload_id, actor))
        return 3

    @property
    def evidence(self) -> FakeLog:
        return self.log

    def log_section(self, *, until: int | None = None, actor: str = "") -> Iterator[bytes]:
        self.check()
        signed = self.log.signed()
        if until is not None and until > signed.size:
            raise InvalidInput(f"no checkpoint of {until} entries was published")
        self.exports.append((signed.size, actor))
        return iter([b'{"v":1}\n', b'{"leaves":0}\n'])

    def audit(self, site: str, at_s: int) -> Audit:
        self.check()
        leaves = (Leaf(leaf.seq, leaf.record.at_s, leaf.kind, leaf.body) for leaf in self.leaves)
        return audit(leaves, site, at_s)

    def log_export(self, *, actor: str = "") -> Signed:
        self.check()
        signed = self.log.signed()
        self.exports.append((signed.size, actor))
        return signed

    # ------------------------------------------------------------ tokens and health

    def token_make(self, name: str, role: Role, *, actor: str = "") -> str:
        if any(token.name == name for token in self.secrets.values()):
            raise Conflict(f"there is a token '{name}' already", mend="choose another name")
        secret = f"secret-of-{name}"
        self.secrets[secret] = Token(name=name, role=role, made_at_s=self.at_s)
        return secret

    def tokens(self) -> list[Token]:
        return list(self.secrets.values())

    def token_remove(self, name: str, *, actor: str = "") -> None:
        for secret, token in tuple(self.secrets.items()):
            if token.name == name:
                del self.secrets[secret]
                return
        raise NotFound(f"there is no token '{name}'")

    def token_check(self, secret: str) -> Token | None:
        self.checks += 1
        return self.secrets.get(secret)

    def health(self) -> Health:
        return Health(
            ready=not self.down,
            log="connection to server at 10.0.0.7 failed" if self.down else "ok",
            seq=len(self.leaves) - 1,
            at_s=self.at_s,
            out_of_reach=("cambrai",),
            waiting=sum(view.state is State.WAITING for view in self.held.values()),
            running=sum(view.state in LIVE_STATES - {State.WAITING} for view in self.held.values()),
            queue=0,
            seal=self.seal_fault,
        )

    def ready(self) -> bool:
        return not self.down


def fact(value: Any, standing: str = "declared") -> FactView:
    return FactView(value=value, standing=standing, source="this document", date=None, note="")
