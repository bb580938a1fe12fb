"""A job as Slurm lists it, and what it says of a run.

Up to v0.0.39 `job_state` is one word in which a flag hides the state below it; from v0.0.40 on it
is a list of state and flags. `exit_code` is a raw wait status up to v0.0.39, then a structure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from allod.adapters.slurm.values import Json, instant_s, number, text, words
from allod.domain.hostlist import expand
from allod.errors import RunnerUnknown
from allod.run.ports import EndCause, RunKey, RunReport, RunState, Seen

#: States in which a job has ended for good, and why.
_ENDS: dict[str, EndCause] = {
    "COMPLETED": "exited",
    "FAILED": "exited",
    "OUT_OF_MEMORY": "exited",
    "TIMEOUT": "timeout",
    "DEADLINE": "timeout",
    "CANCELLED": "stopped",
    "REVOKED": "stopped",
    "NODE_FAIL": "node-failed",
    "BOOT_FAIL": "node-failed",
    "LAUNCH_FAILED": "node-failed",
    "RECONFIG_FAIL": "node-failed",
    "PREEMPTED": "preempted",
}
#: Flags under which it waits, whatever its state was before.
_WAITS = frozenset(
    {"PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"}
)
#: Under these it holds its nodes.
_HOLDS = frozenset(
    {
        "RUNNING",
        "SUSPENDED",
        "COMPLETING",
        "CONFIGURING",
        "STAGE_OUT",
        "RESIZING",
        "STOPPED",
        "SIGNALING",
        "POWER_UP_NODE",
        "UPDATE_DB",
    }
)
#: Of those, it has not begun under these.
_PREPARES = frozenset({"CONFIGURING", "POWER_UP_NODE"})
_DUPLICATE_EXIT = 217  #: See `script`.
#: More than a gigawatt draws in eleven days: a counter that began anew has wrapped round. [J]
_ENERGY_MAX_J = 10**15


@dataclass(frozen=True, slots=True)
class Share:
    """What a job holds of one node."""

    node: str
    accelerators: int
    cpus: int


@dataclass(frozen=True, slots=True)
class Job:
    """One job of the cluster."""

    job_id: int
    comment: str
    user: str
    partition: str
    states: tuple[str, ...]
    reason: str
    exit_status: int | None
    signal: int | None
    restarts: int
    submitted_at_s: int | None
    began_at_s: int | None
    finished_at_s: int | None
    shares: tuple[Share, ...]  #: Empty unless it holds nodes.
    licences: str
    output: str
    pinned_to: str = ""  #: The nodes that it asked for by name, as a list of Slurm's.
    energy_j: int | None = None  #: What its nodes drew, once it has ended; see `energy`. [J]

    @property
    def waits(self) -> bool:
        """True if it has yet to begin, for the first time or anew."""
        return not self.holds and any(state in _WAITS for state in self.states)

    @property
    def holds(self) -> bool:
        """True if it holds nodes, or if nobody knows what its state means: no loss is made up."""
        known = any(state in _ENDS or state in _WAITS for state in self.states)
        return not known or any(state in _HOLDS for state in self.states)

    @property
    def ended(self) -> bool:
        """True if it is over; while it is COMPLETING its nodes are not free."""
        return not self.holds and not self.waits

    @property
    def ran_nothing(self) -> bool:
        """True if it never began, or if another job of its run had come first, see `script`."""
        return self.ended and (self.exit_status == _DUPLICATE_EXIT or not self.shares)

    def report(self, key: RunKey) -> RunReport:
        """What it says of the run that it is."""
        seen = Seen(
            job=str(self.job_id),
            nodes=tuple(share.node for share in self.shares),
            restarts=self.restarts,
            began_at_s=self.began_at_s,
            finished_at_s=self.finished_at_s if self.ended else None,
        )
        state: RunState = "ended" if self.ended else "queued"
        if self.holds and not any(word in _PREPARES for word in self.states):
            state = "running"
        report = RunReport(
            key[0],
            key[1],
            state,
            started_at_s=None if state == "queued" or self.ran_nothing else self.began_at_s,
            seen=seen if state != "queued" else replace(seen, nodes=(), began_at_s=None),
            detail=self.reason if state == "queued" else "",
        )
        return self._ended(report) if self.ended else report

    def _ended(self, report: RunReport) -> RunReport:
        word = next((state for state in self.states if state in _ENDS), "")
        cause = _ENDS.get(word, "lost")
        detail = f"Slurm job {self.job_id}: {word.lower().replace('_', ' ') or 'gone'}"
        if cause == "stopped":
            detail += " in Slurm"
        elif self.reason not in ("", "None", "NonZeroExitCode"):
            detail += f" ({self.reason})"
        if self.exit_status == _DUPLICATE_EXIT and cause == "exited":
            cause, detail = "lost", detail + "; another job of the same run came first"
        status = self.exit_status
        if word == "OUT_OF_MEMORY" and not status:
            status = 137
        if word == "FAILED" and status == 0:
            status = None  # The accounting of 22.05 says 0 of every job that exited by itself.
        return replace(
            report,
            cause=cause,
            exit_status=status if cause == "exited" else None,
            signal=self.signal or None,
            ended_at_s=self.finished_at_s,
            detail="" if word in ("COMPLETED", "FAILED") and cause == "exited" else detail,
        )


def jobs_of(body: Json) -> tuple[Job, ...]:
    """The jobs in an answer to GET jobs, of `squeue --json` or of the accounting's, by id."""
    listed = body.get("jobs")
    if not isinstance(listed, list):
        raise RunnerUnknown("Slurm: an answer without a list of jobs")
    found = [_job(item) for item in listed]
    found.sort(key=lambda job: job.job_id)
    return tuple(found)


def _job(item: Json) -> Job:
    states = words(item.get("job_state"))
    status, signal = _exit(item.get("exit_code"))
    job = Job(
        job_id=number(item.get("job_id")) or 0,
        comment=text(item.get("comment")),
        user=text(item.get("user_name")) or text(item.get("user")),
        partition=text(item.get("partition")),
        states=states,
        reason=text(item.get("state_reason")),
        exit_status=status,
        signal=signal,
        restarts=number(item.get("restart_cnt")) or 0,
        submitted_at_s=instant_s(item.get("submit_time")),
        began_at_s=instant_s(item.get("start_time")),
        finished_at_s=instant_s(item.get("end_time")),
        shares=(),
        licences=text(item.get("licenses")),
        output=text(item.get("standard_output")),
        pinned_to=text(item.get("required_nodes")),
        energy_j=energy_j(text(item.get("tres_alloc_str"))),
    )
    # Names of nodes cost most; of the many that wait or have ended none is needed.
    return replace(job, shares=_shares(item)) if job.holds or job.ended else job


def _exit(value: object) -> tuple[int | None, int | None]:
    """(exit status, signal), one of them None, of a raw wait status or of newer structures."""
    if isinstance(value, dict) and "return_code" in value:
        signal = value.get("signal") or {}
        by = number(signal.get("id", signal.get("signal_id"))) if isinstance(signal, dict) else None
        return None if by else number(value["return_code"]), by or None
    raw = number(value)
    if raw is None or (raw >> 8 and raw & 0x7F):
        return None, None  # None, or an error of slurmd's own, such as 4021: no output file.
    return (None, raw & 0x7F) if raw & 0x7F else (raw >> 8 & 0xFF, None)


def _shares(item: Json) -> tuple[Share, ...]:
    """What it holds of each of its nodes; CPUs are taken to be shared out evenly."""
    names = expand(text(item.get("nodes"))) if text(item.get("nodes")) else ()
    cpus = _spread(number(item.get("cpus")) or 0, len(names))
    details = item.get("gres_detail")
    gres = [gpus(str(detail)) for detail in details] if isinstance(details, list) else []
    if len(gres) != len(names):
        gres = _spread(sum(gres) or gpus(text(item.get("tres_alloc_str"))), len(names))
    if not any(
        gres
    ):  # Of one that has ended, without accounting, what it asked for is all there is.
        asked = text(item.get("tres_per_node")).removeprefix("gres:").removeprefix("gres/")
        gres = [gpus(asked)] * len(names)
    return tuple(Share(*share) for share in zip(names, gres, cpus, strict=True))


def gpus(listed: str) -> int:
    """GPUs in 'gpu:b200:8(IDX:0-7),...' or in 'cpu=8,gres/gpu=4,gres/gpu:b200=4'."""
    total = 0
    if "=" in listed:
        for part in listed.split(","):
            name, _, count = part.partition("=")
            if name == "gres/gpu" and count.isdigit():
                total += int(count)
        return total
    depth, part = 0, ""
    for sign in listed + ",":
        depth += (sign == "(") - (sign == ")")
        if sign != "," or depth:
            part += sign
            continue
        words_ = part.partition("(")[0].split(":")
        if words_[0] == "gpu":
            total += int(words_[-1]) if words_[-1].isdigit() else 1
        part = ""
    return total


def energy_j(listed: str) -> int | None:
    """Joules in 'cpu=8,energy=2029,node=1'; None if nothing was counted."""
    for part in listed.split(","):
        name, _, count = part.partition("=")
        if name == "energy" and count.isdigit():
            return int(count) if 0 < int(count) < _ENERGY_MAX_J else None
    return None


def _spread(total: int, nodes: int) -> list[int]:
    """`total` over so many nodes, the first ones having one more."""
    return [total // nodes + (i < total % nodes) for i in range(nodes)]
