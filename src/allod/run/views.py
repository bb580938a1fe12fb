"""The views: a fold over the leaves, and the only place that says what a row follows from.

The same fold runs while the node lives, when the views are made again from the whole log, and in
the check that both are equal. It reads no clock and asks nobody: given the leaves, the rows and
the acts for the runners follow. It knows what it must to go on: live workloads, documents,
tokens and keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, assert_never

import orjson

from allod.domain.decision import (
    Hold,
    Placement,
    PowerCap,
    PowerUncap,
    Reclaim,
    Refusal,
    ShedPlan,
)
from allod.domain.document import from_json
from allod.domain.event import (
    CurtailmentCalled,
    DocumentRemoved,
    DocumentsApplied,
    ForecastGiven,
    NodeStarted,
    Outcome,
    PoolReported,
    PowerLimitReported,
    TimePassed,
    WorkloadCancelled,
    WorkloadEnded,
    WorkloadStarted,
    WorkloadSubmitted,
)
from allod.domain.site import Site
from allod.domain.workload import OnNodeFailure, OnReclaim, waits_again
from allod.prove.encoding import canonical
from allod.run import power
from allod.run.key_rows import key_row
from allod.run.log import (
    Act,
    DocumentRow,
    KeyRow,
    Leaf,
    TokenRow,
    ViewChange,
    WorkloadLeaf,
    WorkloadRow,
)
from allod.run.node_views import State
from allod.run.records import (
    KeyContentLogged,
    KeyMade,
    KeyRevoked,
    LogExported,
    LogKeyRotated,
    Record,
    SaltsErased,
    SectionDisclosed,
    StatementChanged,
    TokenMade,
    TokenRevoked,
    canonical_fast,
    is_erased,
    record_of,
    was_submission,
    workloads_of,
)
from allod.run.standing import Placed, Standing, tombstone


class Views:
    """Where all that lives stands after the leaves folded so far, and the rows not yet taken."""

    def __init__(self) -> None:
        self.live: dict[str, Standing] = {}  #: Workloads that wait or hold room, by id.
        self.ordinal = 0  #: Of the latest workload.
        self.documents: dict[tuple[str, str], DocumentRow] = {}  #: Removed ones too, once known.
        self.tokens: dict[str, TokenRow] = {}
        self.keys: dict[str, KeyRow] = {}  #: Of projects; revoked ones too.
        self.by_state: Counter[State] = Counter()
        self.unattended: dict[str, Standing] = {}  #: Runs at sites without a runner, by id.
        self.replicas: dict[str, Standing] = {}  #: Live ones of services, by id.
        self._sites: dict[str, Site] = {}
        self._touched: dict[str, Standing] = {}
        self._marks: list[WorkloadLeaf] = []
        self._tombs: list[WorkloadRow] = []  #: Rows of erased workloads.
        self._documents: dict[tuple[str, str, int], DocumentRow] = {}
        self._tokens: dict[str, TokenRow] = {}
        self._keys: dict[str, KeyRow] = {}
        self._acts: list[Act] = []

    # ------------------------------------------------------------ what was there before

    def add_live(self, standing: Standing) -> None:
        """Take on a workload from its row; the documents must be there."""
        self.live[standing.workload_id] = standing
        self.by_state[standing.state] += 1
        if "replica_of" in standing.spec:
            self.replicas[standing.workload_id] = standing
        if standing.holds_room and self._runner_site(standing.site) is None:
            self.unattended[standing.workload_id] = standing

    def add_document(self, row: DocumentRow) -> None:
        """Take on the last revision of a document from its row."""
        self.documents[row.kind, row.name] = row
        self._note_site(row)

    def current(self, kind: str, name: str) -> DocumentRow | None:
        """The document, if it holds now."""
        row = self.documents.get((kind, name))
        return row if row and row.current else None

    def runner(self, site: str) -> str:
        """The runner of the site, '' if there is no such site now."""
        found = self._sites.get(site)
        return runner_name(site, found) if found else ""

    @property
    def sites(self) -> dict[str, Site]:
        """The sites that hold now, by name. Change nothing in it."""
        return self._sites

    def runners(self) -> list[tuple[str, str]]:
        """Every site with its runner, by name."""
        return sorted((name, runner_name(name, site)) for name, site in tuple(self._sites.items()))

    def _runner_site(self, name: str) -> Site | None:
        """The site, if it has a runner."""
        site = self._sites.get(name)
        return site if site and site.runner != "none" else None

    @property
    def waiting(self) -> int:
        """Workloads that wait."""
        return self.by_state[State.WAITING]

    @property
    def holding(self) -> int:
        """Workloads that hold room."""
        return len(self.live) - self.waiting

    def holders(self, runner: str) -> Iterator[Standing]:
        """Workloads that hold room at a site with this runner."""
        for standing in self.live.values():
            if standing.holds_room and standing.workload_id not in self.unattended:
                site = self._sites.get(standing.site)
                if site is not None and runner_name(standing.site, site) == runner:
                    yield standing

    # ------------------------------------------------------------ the fold

    def fold(self, leaf: Leaf, record: Record | None = None) -> None:
        """Move on by one leaf; `record` is what it holds, if the caller has it at hand."""
        if is_erased(leaf):
            self.ordinal += was_submission(leaf)
            return
        record = record_of(leaf) if record is None else record
        for workload_id in workloads_of(record):
            self._marks.append(WorkloadLeaf(workload_id, leaf.seq))
        match record:
            case WorkloadSubmitted():
                self._submitted(record, leaf)
            case Placement() | Hold() | Refusal() | Reclaim():
                self._decided(record, leaf)
            case PowerCap() | PowerUncap() | PowerLimitReported():
                self._limited(record, leaf)
            case WorkloadCancelled() | WorkloadStarted() | WorkloadEnded():
                self._moved(record, leaf)
            case DocumentsApplied() | DocumentRemoved():
                self._described(record, leaf)
            case TokenMade():
                self._token(
                    TokenRow(
                        record.name, bytes.fromhex(record.sha256), record.role, record.at_s, None
                    )
                )
            case TokenRevoked():
                self._token(replace(self.tokens[record.name], revoked_at_s=record.at_s))
            case KeyMade() | KeyRevoked() | KeyContentLogged():
                self._key(record)
            case SaltsErased():
                self._tombs.append(tombstone(record.subject, leaf.seq))
            case (
                NodeStarted()
                | PoolReported()
                | ForecastGiven()
                | CurtailmentCalled()
                | ShedPlan()
                | TimePassed()
                | LogExported()
                | LogKeyRotated()
                | SectionDisclosed()
                | StatementChanged()
            ):
                pass  # What was reported or forecast is asked of the engine, which keeps it.
            case _:
                assert_never(record)

    def take(self) -> tuple[ViewChange, tuple[Act, ...]]:
        """Rows and acts that follow from the leaves folded since the last call."""
        change = ViewChange(
            workloads=(*(standing.row() for standing in self._touched.values()), *self._tombs),
            workload_leaves=tuple(self._marks),
            documents=tuple(self._documents.values()),
            tokens=tuple(self._tokens.values()),
            keys=tuple(self._keys.values()),
        )
        acts = tuple(self._acts)
        for standing in self._touched.values():
            if standing.state is State.WAITING:
                standing.decision = ""  # With many sites it is long, and many wait.
        self._touched, self._marks, self._documents, self._tokens, self._acts = {}, [], {}, {}, []
        self._tombs, self._keys = [], {}
        return change, acts

    # ------------------------------------------------------------ workloads

    def _submitted(self, event: WorkloadSubmitted, leaf: Leaf) -> None:
        self.ordinal += 1
        asked = {
            "actor": event.actor,
            "name": event.name,
            "seq": leaf.seq,
            "spec": event.workload,
        }
        standing = Standing(
            workload_id=event.workload_id,
            ordinal=self.ordinal,
            asked=canonical_fast(asked).decode(),
            spec=event.workload,
            project=event.workload["project"],
            class_name=event.workload.get("access_class") or "",
            accelerators=event.workload["accelerators"],
            submitted_at_s=event.at_s,
            last_seq=leaf.seq,
        )
        self.add_live(standing)
        self._touched[standing.workload_id] = standing

    def _decided(self, decision: Placement | Hold | Refusal | Reclaim, leaf: Leaf) -> None:
        standing = self.live.get(decision.workload_id)
        if standing is None:
            return
        match decision:
            case Placement():
                self._place(standing, decision)
            case Hold():
                self._move(standing, State.WAITING, leaf)
            case Refusal():
                standing.ended_at_s = decision.at_s
                self._move(standing, State.REFUSED, leaf)
            case Reclaim():
                if decision.run != standing.run or not standing.holds_room:
                    return
                standing.placed.reclaimed = True
                self._notify(standing, leaf)
                self._stop(standing, decision.stop_at_s, "reclaimed", leaf)
            case _:
                assert_never(decision)
        self._move(standing, standing.state, leaf)
        standing.decision, standing.decision_kind = leaf.body.decode(), leaf.kind

    def _place(self, standing: Standing, placement: Placement) -> None:
        standing.run = placement.run
        standing.site, standing.pool = placement.site, placement.pool
        standing.class_name = placement.access_class
        standing.started_at_s = standing.exit_status = None
        standing.placed = Placed(
            nodes=[list(node) for node in placement.nodes],
            power_w=placement.power_w,
            lent=placement.lent,
            placed_at_s=placement.at_s,
            ends_at_s=placement.ends_at_s,
        )
        self._change_state(standing, State.PLACED)
        site = self._runner_site(placement.site)
        if site is None:
            self.unattended[standing.workload_id] = standing
        else:
            self._acts.append(_start(standing, site))

    def _moved(
        self, event: WorkloadCancelled | WorkloadStarted | WorkloadEnded, leaf: Leaf
    ) -> None:
        standing = self.live.get(event.workload_id)
        if standing is None:
            return
        match event:
            case WorkloadCancelled() if standing.holds_room:
                standing.placed.cancelled_by = event.actor
                self._stop(standing, event.at_s, "cancelled", leaf)
            case WorkloadCancelled():
                standing.placed.cancelled_by = event.actor
                standing.placed.outcome = Outcome.CANCELLED.value
                standing.ended_at_s = event.at_s
                # What it waited for is in its leaves; the row of one that waits forgets it.
                standing.decision = standing.decision_kind = ""
                self._move(standing, State.CANCELLED, leaf)
            case WorkloadStarted():
                if event.run == standing.run and standing.holds_room:
                    standing.started_at_s = event.at_s
                    _note_seen(standing, event)
                    running = standing.state is State.PLACED
                    self._move(standing, State.RUNNING if running else standing.state, leaf)
            case WorkloadEnded():
                if event.run == standing.run and standing.holds_room:
                    self._end(standing, event, leaf)
            case _:
                assert_never(event)

    def _end(self, standing: Standing, event: WorkloadEnded, leaf: Leaf) -> None:
        self.unattended.pop(standing.workload_id, None)
        standing.placed.outcome, standing.placed.detail = event.outcome.value, event.detail
        _note_seen(standing, event)
        standing.placed.energy_j = event.energy_j
        standing.placed.energy_shared = event.energy_shared
        standing.exit_status = event.exit_status
        again = waits_again(
            event.outcome,
            OnReclaim(standing.spec.get("on_reclaim", OnReclaim.REQUEUE)),
            OnNodeFailure(standing.spec.get("on_node_failure", OnNodeFailure.REQUEUE)),
        )
        if again and standing.placed.cancelled_by is None:
            standing.site = standing.pool = ""
            standing.class_name = standing.spec.get("access_class") or ""
            standing.started_at_s = None
            standing.placed = Placed(outcome=event.outcome.value, detail=event.detail)
            if event.outcome is Outcome.NODE_FAILED:  # What spoke for its placement is over.
                standing.decision = standing.decision_kind = ""
            self._move(standing, State.WAITING, leaf)
        else:
            standing.ended_at_s = event.at_s
            self._move(standing, State(event.outcome.value), leaf)

    def _stop(self, standing: Standing, at_s: int, cause: str, leaf: Leaf) -> None:
        earlier_s = standing.placed.stop_at_s
        standing.placed.stop_at_s = at_s if earlier_s is None else min(at_s, earlier_s)
        self._move(standing, State.STOPPING, leaf)
        site = self._runner_site(standing.site)
        if site is not None and standing.workload_id not in self.unattended:
            body = {
                "cause": cause,
                "grace_s": site.stop_time_s,
                "runner": runner_name(standing.site, site),
            }
            self._acts.append(
                Act(
                    # One id per request to stop: a cancellation may come after a reclaim.
                    f"{standing.workload_id}.{standing.run}.stop.{leaf.seq}",
                    standing.workload_id,
                    standing.run,
                    "stop",
                    canonical(body),
                    at_s,
                )
            )

    def _limited(self, record: PowerCap | PowerUncap | PowerLimitReported, leaf: Leaf) -> None:
        """A power limit is ordered, or its runner has set it; the run may be over by then."""
        standing = self.live.get(record.workload_id)
        if not isinstance(record, PowerLimitReported):
            site = self._runner_site(record.site)
            known = standing is not None and standing.placed.has_limit(record)
            if site is not None and not known:
                act = power.act_of(record, site, runner_name(record.site, site), leaf.seq)
                self._acts += [act] if act else []
        if standing is not None and standing.run == record.run and standing.holds_room:
            standing.placed.note_limit(record)
            self._move(standing, standing.state, leaf)

    def _notify(self, standing: Standing, leaf: Leaf) -> None:
        """Let the run know at once that its notice has begun, if it asks for that."""
        signal = standing.spec.get("notice_signal")
        site = self._runner_site(standing.site)
        if signal and site is not None and site.slurm is not None:
            body = {"runner": runner_name(standing.site, site), "signal": signal}
            self._acts.append(
                Act(
                    f"{standing.workload_id}.{standing.run}.notify.{leaf.seq}",
                    standing.workload_id,
                    standing.run,
                    "notify",
                    canonical(body),
                )
            )

    def _move(self, standing: Standing, state: State, leaf: Leaf) -> None:
        self._change_state(standing, state)
        standing.last_seq = leaf.seq
        self._touched[standing.workload_id] = standing
        if not standing.live:
            self.live.pop(standing.workload_id, None)
            self.replicas.pop(standing.workload_id, None)

    def _change_state(self, standing: Standing, state: State) -> None:
        if standing.state is not state:
            self.by_state[standing.state] -= 1
            standing.state = state
            if standing.live:
                self.by_state[state] += 1

    # ------------------------------------------------------------ documents and tokens

    def _described(self, event: DocumentsApplied | DocumentRemoved, leaf: Leaf) -> None:
        if isinstance(event, DocumentsApplied):
            for document in event.documents:
                body = {"actor": event.actor, "at_s": event.at_s, "document": document}
                name = document["metadata"]["name"]
                self._revise(document["kind"], name, canonical(body).decode(), leaf, True)
        else:
            body = {"actor": event.actor, "at_s": event.at_s}
            self._revise(event.kind, event.name, canonical(body).decode(), leaf, False)

    def _revise(self, kind: str, name: str, body: str, leaf: Leaf, current: bool) -> None:
        before = self.documents.get((kind, name))
        revision = before.revision + 1 if before else 1
        row = DocumentRow(kind, name, revision, leaf.seq, body, current)
        self.documents[kind, name] = row
        if before and (kind, name, before.revision) in self._documents:
            self._documents[kind, name, before.revision] = replace(before, current=False)
        self._documents[kind, name, revision] = row
        self._note_site(row)

    def _note_site(self, row: DocumentRow) -> None:
        if row.kind != "Site":
            return
        self._sites.pop(row.name, None)
        if row.current:
            spec = from_json(document_of(row)["document"]).spec
            assert isinstance(spec, Site)
            self._sites[row.name] = spec

    def _token(self, row: TokenRow) -> None:
        self.tokens[row.name] = row
        self._tokens[row.name] = row

    def _key(self, record: KeyMade | KeyRevoked | KeyContentLogged) -> None:
        row = key_row(self.keys.get(record.name), record)
        self.keys = {**self.keys, row.name: row}  # Anew, so that who has made a table of it knows.
        self._keys[row.name] = row


def document_of(row: DocumentRow) -> dict[str, Any]:
    """What the row's body holds: actor, at_s and, unless it was removed, document."""
    held: dict[str, Any] = orjson.loads(row.body)
    return held


def runner_name(name: str, site: Site) -> str:
    """Who carries out the placements of site `name`: every Slurm site has a runner of its own."""
    return f"slurm/{name}" if site.runner == "slurm" else site.runner


def _note_seen(standing: Standing, event: WorkloadStarted | WorkloadEnded) -> None:
    """Keep what the system that runs it says of the run."""
    placed = standing.placed
    placed.job, placed.restarts = event.job or placed.job, max(event.restarts, placed.restarts)
    if event.node_names:
        placed.node_names = list(event.node_names)


def _start(standing: Standing, site: Site) -> Act:
    """The act that starts the run that `standing` was just placed for."""
    spec = standing.spec
    asked = orjson.loads(standing.asked)
    body = {
        "accelerators": standing.accelerators,
        "access_class": standing.class_name,
        "command": spec.get("command", []),
        "container": spec.get("container"),
        "environment": spec.get("environment", {}),
        "grace_s": site.stop_time_s,
        "name": asked["name"],
        "nodes": standing.placed.nodes,
        "person": asked["actor"],
        "pool": standing.pool,
        "power_w": standing.placed.power_w,
        "project": standing.project,
        "runner": runner_name(standing.site, site),
        "site": standing.site,
        "wall_time_s": spec["wall_time_s"],
    } | ({"replica_of": spec["replica_of"]} if "replica_of" in spec else {})
    return Act(
        f"{standing.workload_id}.{standing.run}.start",
        standing.workload_id,
        standing.run,
        "start",
        canonical_fast(body),
    )
