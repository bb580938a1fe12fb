"""How one workload stands: the value that the views fold over, its row and the view made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from allod.domain.decision import PowerCap, PowerUncap, Reason, Step
from allod.domain.event import CapState, Outcome, PowerLimitReported
from allod.prove.encoding import canonical
from allod.run.log import WorkloadRow
from allod.run.node_views import LIVE_STATES, State, WorkloadView
from allod.run.records import canonical_fast
from allod.run.used import footprint_of, modelled_part, modelled_wh


@dataclass(slots=True, kw_only=True)
class Placed:
    """The latest run of a workload and how it went on."""

    nodes: list[list[int]] = field(default_factory=list)
    power_w: int = 0
    lent: bool = False
    placed_at_s: int | None = None
    ends_at_s: int | None = None
    stop_at_s: int | None = None  #: When it is to be stopped, if it is reclaimed or cancelled.
    reclaimed: bool = False  #: True if a reclaim of this run stands.
    cancelled_by: str | None = None
    outcome: str | None = None
    detail: str = ""
    job: str = ""  #: What the system that runs it calls it.
    node_names: list[str] = field(default_factory=list)
    restarts: int = 0
    limit_number: int = 0  #: Of its cap, as in `PowerCap`.
    limit_w: int | None = None  #: Power limit of each accelerator under its cap.
    limit_set: bool = False  #: True if its runner has confirmed that.
    limit_ends_at_s: int | None = None  #: When the cap is to be taken off.
    saved_w: int = 0  #: What the cap takes off its draw, as the envelope counts it.
    energy_j: int | None = None  #: As in `WorkloadEnded`; so is the next.
    energy_shared: bool = False

    def has_limit(self, decision: PowerCap | PowerUncap) -> bool:
        """True if its runner has set this very cap already, and it only lasts longer."""
        same = isinstance(decision, PowerCap) and self.limit_number == decision.number
        return same and self.limit_set

    def note_limit(self, record: PowerCap | PowerUncap | PowerLimitReported) -> None:
        """Keep what is known of its cap."""
        match record:
            case PowerCap():
                self.limit_set = self.has_limit(record)
                self.limit_number = record.number
                self.limit_w, self.saved_w = record.limit_w, record.saved_w
                self.limit_ends_at_s = record.ends_s
            case PowerUncap():
                self.limit_number, self.limit_w, self.limit_set = 0, None, False
                self.limit_ends_at_s, self.saved_w = None, 0
            case PowerLimitReported():
                if record.number == self.limit_number > 0 and record.state is CapState.SET:
                    self.limit_set = True

    def to_json(self) -> dict[str, Any]:
        """What differs from a workload that was never placed."""
        return {
            name: value
            for name, empty in _NOTHING.items()
            if (value := getattr(self, name)) != empty
        }


_NOTHING: dict[str, Any] = {
    name: getattr(Placed(), name) for name in sorted(Placed.__dataclass_fields__)
}


@dataclass(slots=True, kw_only=True)
class Standing:
    """A workload that waits or holds room; changed in place as leaves are folded."""

    workload_id: str
    ordinal: int
    asked: str  #: Canonical JSON: name, actor, spec, and the seq of the submission.
    spec: dict[str, Any]
    project: str
    class_name: str
    accelerators: int
    submitted_at_s: int
    last_seq: int
    state: State = State.WAITING
    site: str = ""
    pool: str = ""
    run: int = 0
    started_at_s: int | None = None
    ended_at_s: int | None = None
    exit_status: int | None = None
    placed: Placed = field(default_factory=Placed)
    decision: str = ""  #: Canonical JSON of the latest decision; kept only for the next row.
    decision_kind: str = ""

    @property
    def live(self) -> bool:
        """True if it waits or holds room."""
        return self.state in LIVE_STATES

    @property
    def holds_room(self) -> bool:
        """True if a run of it is placed and has not ended."""
        return self.state in (State.PLACED, State.RUNNING, State.STOPPING)

    def row(self) -> WorkloadRow:
        """The row of the view."""
        rest = self.placed.to_json()
        reasons = (
            f'{{"decision":{self.decision or "null"},"kind":"{self.decision_kind}",'
            f'"placed":{canonical_fast(rest).decode() if rest else "{}"}}}'
        )
        return WorkloadRow(
            self.workload_id,
            self.ordinal,
            self.project,
            self.class_name,
            self.site,
            self.pool,
            self.state.value,
            self.accelerators,
            self.submitted_at_s,
            self.started_at_s,
            self.ended_at_s,
            self.run,
            self.exit_status,
            self.asked,
            reasons,
            self.last_seq,
        )

    @classmethod
    def of_row(cls, row: WorkloadRow) -> Standing:
        """What `row` was made of; the decision is kept only where the next row shows it again."""
        asked, rest = orjson.loads(row.spec), orjson.loads(row.reasons)
        standing = cls(
            workload_id=row.workload_id,
            ordinal=row.ordinal,
            asked=row.spec,
            spec=asked["spec"],
            project=row.project,
            class_name=row.class_name,
            accelerators=row.accelerators,
            submitted_at_s=row.submitted_at_s,
            last_seq=row.last_seq,
            state=State(row.state),
            site=row.site,
            pool=row.pool,
            run=row.run,
            started_at_s=row.started_at_s,
            ended_at_s=row.ended_at_s,
            exit_status=row.exit_status,
            placed=Placed(**rest["placed"]),
            decision_kind=rest["kind"],
        )
        if rest["decision"] is not None and standing.holds_room:
            standing.decision = canonical(rest["decision"]).decode()
        return standing


def tombstone(workload_id: str, seq: int) -> WorkloadRow:
    """The row of a workload that was erased: its id, and nothing else of it."""
    asked = canonical_fast({"actor": "", "name": "", "seq": seq, "spec": {"wall_time_s": 0}})
    return WorkloadRow(
        workload_id=workload_id,
        ordinal=ordinal_of(workload_id),
        project="",
        class_name="",
        site="",
        pool="",
        state=State.ERASED.value,
        accelerators=0,
        submitted_at_s=0,
        started_at_s=None,
        ended_at_s=None,
        run=0,
        exit_status=None,
        spec=asked.decode(),
        reasons='{"decision":null,"kind":"","placed":{}}',
        last_seq=seq,
    )


def id_of(ordinal: int) -> str:
    """The id of the workload that was asked for as number `ordinal`."""
    return f"w{ordinal}"


def ordinal_of(workload_id: str) -> int:
    """The number of the workload with this id."""
    return int(workload_id.removeprefix("w"))


def workload_view(row: WorkloadRow, *, out_of_reach: bool = False) -> WorkloadView:
    """What `row` tells people."""
    asked, rest = orjson.loads(row.spec), orjson.loads(row.reasons)
    decision: dict[str, Any] = rest["decision"] or {}
    placed = Placed(**rest["placed"])
    spec = asked["spec"]
    expected = footprint_of(decision)
    planned_s = (placed.ends_at_s or 0) - (placed.placed_at_s or 0)
    return WorkloadView(
        workload_id=row.workload_id,
        name=asked["name"],
        state=State(row.state),
        project=row.project,
        kind=spec.get("kind", "batch"),
        accelerators=row.accelerators,
        wall_time_s=spec["wall_time_s"],
        submitted_at_s=row.submitted_at_s,
        run=row.run,
        site=row.site,
        pool=row.pool,
        access_class=row.class_name,
        nodes=tuple((node, count) for node, count in placed.nodes),
        power_w=placed.power_w,
        lent=placed.lent,
        limit_w=placed.limit_w,
        limit_set=placed.limit_set,
        limit_ends_at_s=placed.limit_ends_at_s,
        placed_at_s=placed.placed_at_s,
        started_at_s=row.started_at_s,
        ends_at_s=placed.ends_at_s,
        stop_at_s=placed.stop_at_s,
        ended_at_s=row.ended_at_s,
        expected=expected,
        modelled_wh=modelled_wh(row, placed.power_w),
        modelled_carbon_g=modelled_part(row, expected.carbon_g if expected else None, planned_s),
        modelled_water_l=modelled_part(row, expected.water_l if expected else None, planned_s),
        measured_j=placed.energy_j,
        measured_shared=placed.energy_shared,
        outcome=Outcome(placed.outcome) if placed.outcome else None,
        exit_status=row.exit_status,
        detail=placed.detail,
        job=placed.job,
        node_names=tuple(placed.node_names),
        restarts=placed.restarts,
        cancelled_by=placed.cancelled_by or "",
        actor=asked["actor"],
        expected_at_s=decision.get("expected_at_s"),
        basis=decision.get("basis", ""),
        reasons=tuple(reason_of(item) for item in decision.get("reasons", ())),
        spec=spec,
        seq=asked["seq"],
        changed_seq=row.last_seq,
        out_of_reach=out_of_reach and row.state in _WITH_A_RUNNER,
    )


_WITH_A_RUNNER = frozenset({State.PLACED, State.RUNNING, State.STOPPING})


def reason_of(item: dict[str, Any]) -> Reason:
    """A reason from its JSON."""
    return Reason(**{**item, "step": Step(item["step"])})
