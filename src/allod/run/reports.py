"""Reports: what runners, or the time alone, say of a run, as requests to the controller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from allod.domain.event import Outcome, PoolReported, WorkloadEnded, WorkloadStarted
from allod.run.ports import NOT_SEEN, PoolReport, RunReport, Seen
from allod.run.requests import Turn
from allod.run.standing import Standing
from allod.run.views import Views


@dataclass(frozen=True, slots=True)
class Begun:
    """A runner says that a run has started."""

    workload_id: str
    run: int
    seen: Seen = NOT_SEEN

    def decide(self, turn: Turn) -> Callable[[], None]:
        """See `Request.decide`."""
        standing = _holding(turn.views, self.workload_id, self.run)
        if standing is not None and is_news(standing, self.seen):
            turn.tell(
                WorkloadStarted(
                    at_s=turn.at_s,
                    workload_id=self.workload_id,
                    run=self.run,
                    job=self.seen.job,
                    node_names=self.seen.nodes,
                    began_at_s=self.seen.began_at_s,
                    restarts=self.seen.restarts,
                )
            )
        return lambda: None


@dataclass(frozen=True, slots=True)
class Ended:
    """A run is over. Asked again it does nothing: the answer is the same."""

    workload_id: str
    run: int
    outcome: Outcome | None  #: None: what follows from why it was to stop.
    exit_status: int | None = None
    detail: str = ""
    seen: Seen = NOT_SEEN

    @classmethod
    def of(cls, report: RunReport) -> Ended:
        """The end that a runner reports."""
        outcome: Outcome | None
        match report.cause:
            case "exited":
                outcome = Outcome.COMPLETED if report.exit_status == 0 else Outcome.FAILED
            case "timeout":
                outcome = Outcome.TIMEOUT
            case "stopped":
                outcome = None
            case "node-failed":
                outcome = Outcome.NODE_FAILED
            case "preempted":
                outcome = Outcome.RECLAIMED
            case "lost" | None:
                outcome = Outcome.LOST
        said = [report.detail] if report.detail else []
        if report.signal is not None:
            said.append(f"ended by signal {report.signal}")
        if report.output_truncated_bytes:
            said.append(f"{report.output_truncated_bytes} bytes of output were not kept")
        return cls(
            report.workload_id,
            report.run,
            outcome,
            report.exit_status,
            "; ".join(said),
            report.seen,
        )

    def decide(self, turn: Turn) -> Callable[[], None]:
        """See `Request.decide`."""
        standing = _holding(turn.views, self.workload_id, self.run)
        if standing is not None:
            turn.tell(
                WorkloadEnded(
                    at_s=turn.at_s,
                    workload_id=self.workload_id,
                    run=self.run,
                    outcome=self.outcome or why_stopped(standing),
                    exit_status=self.exit_status,
                    detail=self.detail,
                    job=self.seen.job,
                    node_names=self.seen.nodes,
                    began_at_s=self.seen.began_at_s,
                    finished_at_s=self.seen.finished_at_s,
                    restarts=self.seen.restarts,
                    energy_j=self.seen.energy_j,
                    energy_shared=self.seen.energy_shared,
                )
            )
        return lambda: None


@dataclass(frozen=True, slots=True)
class PoolSeen:
    """A cluster says what of a pool is not the node's to give; told only if that is news."""

    report: PoolReport

    def decide(self, turn: Turn) -> Callable[[], None]:
        """See `Request.decide`."""
        report = self.report
        if turn.pool_told(report.site, report.pool) != (report.out, report.others_w, report.why):
            turn.tell(
                PoolReported(
                    at_s=turn.at_s,
                    site=report.site,
                    pool=report.pool,
                    out=report.out,
                    others_w=report.others_w,
                    why=report.why,
                )
            )
        return lambda: None


def is_news(standing: Standing, seen: Seen) -> bool:
    """True if the log does not hold this start yet."""
    return standing.started_at_s is None or seen.restarts > standing.placed.restarts


def _holding(views: Views, workload_id: str, run: int) -> Standing | None:
    """The workload, if this very run of it holds room."""
    standing = views.live.get(workload_id)
    if standing is None or standing.run != run or not standing.holds_room:
        return None
    return standing


def why_stopped(standing: Standing) -> Outcome:
    """Why a run that was stopped had to: what its owner wants counts first."""
    if standing.placed.cancelled_by is not None:
        return Outcome.CANCELLED
    if standing.placed.reclaimed:
        return Outcome.RECLAIMED
    return Outcome.FAILED


def unattended_end(standing: Standing, at_s: int) -> Ended | None:
    """The end, if due, of a run at a site without a runner: nobody else will report it."""
    placed = standing.placed
    if placed.stop_at_s is not None and placed.stop_at_s <= at_s:
        return Ended(standing.workload_id, standing.run, None, None, "the site has no runner")
    if placed.ends_at_s is not None and placed.ends_at_s <= at_s:
        return Ended(
            standing.workload_id, standing.run, Outcome.COMPLETED, None, "the site has no runner"
        )
    return None
