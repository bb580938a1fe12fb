"""The ports of the node: what it needs from the world, said as Protocols beside their only user."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

#: A run of a workload: (workload id, how often it was placed, counted from 1).
RunKey = tuple[str, int]
#: How far a run has come. `starting`: asked for, not known to have begun; `start` or `stop` settles
#: it. `queued`: taken on, and begins by itself. `absent`: never asked for.
RunState = Literal["starting", "queued", "running", "ended", "absent"]
#: Why a run ended: by itself, by its wall time, on request, because its node failed, because the
#: system gave its room to others, or out of the runner's sight.
EndCause = Literal["exited", "timeout", "stopped", "node-failed", "preempted", "lost"]
#: One of the two outputs of a command.
StreamName = Literal["stdout", "stderr"]


@dataclass(frozen=True, slots=True)
class StartOrder:
    """What a runner must know to start one run of a workload."""

    workload_id: str
    run: int  #: 1 for the first run, one more after each requeue.
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    wall_time_s: int  #: Limit after which it is stopped. [s]
    grace_s: int  #: Time between being asked to end at that limit and being killed. [s]
    site: str
    pool: str
    accelerators: int
    accelerator_ids: tuple[str, ...] = ()  #: Which ones, as node/index; empty for equal units.
    #: (node of the pool, accelerators on it); empty for equal units.
    nodes: tuple[tuple[int, int], ...] = ()
    name: str = ""  #: What its owner calls the workload.
    project: str = ""
    person: str = ""  #: Who asked for it.
    access_class: str = ""
    power_w: int = 0  #: What it may draw at the meter. [W]
    container: str = ""
    again: bool = False  #: True if it may have been asked for before: look first.


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the system that carries a run out says of it, in its own names and by its own clock."""

    job: str = ""  #: Its name there, such as '1234' for a Slurm job.
    nodes: tuple[str, ...] = ()
    restarts: int = 0  #: How often the system itself began it anew.
    began_at_s: int | None = None
    finished_at_s: int | None = None
    energy_j: int | None = None  #: As in `WorkloadEnded`; so is the next.
    energy_shared: bool = False


NOT_SEEN = Seen()


@dataclass(frozen=True, slots=True)
class PoolReport:
    """What a pool has that is not the node's to give, as its cluster says."""

    site: str
    pool: str
    #: (node of the pool, accelerators on it that are down, drained or held by others), ascending.
    out: tuple[tuple[int, int], ...] = ()
    others_w: int = 0  #: What the others draw at the meter. [W]
    why: tuple[str, ...] = ()  #: For people, such as 'n3 is down: Not responding'.


@runtime_checkable
class Curbed(Protocol):
    """A runner whose system itself keeps work within the envelope, also while the node is away."""

    def curb(self, caps: Sequence[tuple[int, int]]) -> None:
        """Let work draw no more than `caps`: (from [epoch s], watts at the meter), ascending."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How the talk with a cluster goes."""

    version: str = ""  #: Of the cluster and of what it is spoken to with.
    poll_s: float = 0.0  #: How long it is left alone between two looks, now. [s]
    looked_at_s: int | None = None  #: When it was last seen. [epoch s]


NO_CONTACT = Contact()


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check of a site."""

    topic: str
    state: Literal["works", "warning", "fails"]
    said: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class RunReport:
    """How one run stands, as its runner knows it."""

    workload_id: str
    run: int
    state: RunState
    started_at_s: int | None = None  #: None if it has not begun, or never did. [s]
    ended_at_s: int | None = None  #: For a lost run: when it was found to be lost. [s]
    exit_status: int | None = None  #: None if it has not ended, or a signal ended it.
    signal: int | None = None
    cause: EndCause | None = None  #: Set if, and only if, it has ended.
    output_truncated_bytes: int = 0  #: Output beyond the cap that was not kept; known at the end.
    seen: Seen = NOT_SEEN
    detail: str = ""  #: What else there is to say, for people.


@dataclass(frozen=True, slots=True)
class OutputPart:
    """A piece of an output; positions count all that was written, kept or not."""

    offset: int  #: Where `data` begins; past what was asked for if bytes between were not kept.
    data: bytes  #: Empty at the end of what there is.

    @property
    def next_offset(self) -> int:
        """Where to go on reading."""
        return self.offset + len(self.data)


class Runner(Protocol):
    """Carries placements out on a real system."""

    def start(self, order: StartOrder) -> RunReport:
        """Start a run; asked again for the same workload and run, start nothing and report.

        Raises:
            RunnerRefused: It said no, and nothing of it runs. Do not ask again.
            RunnerUnknown: It may or may not have started. Ask again by the same id (X1).
        """

    def stop(self, workload_id: str, run: int, grace_s: int, cause: str) -> RunReport:
        """Ask a run to end, kill it after `grace_s`, and report at once without waiting for that.

        Asked again, the shorter grace counts. A run that has not begun never will (a tombstone).
        `cause` is kept for people.
        """

    def observe(self, keys: Iterable[RunKey]) -> dict[RunKey, RunReport]:
        """How each of these runs stands; one that was never asked for is `absent`."""

    def ended(self) -> tuple[RunKey, ...]:
        """Runs that have ended and are not yet acknowledged, sorted; cheap enough to ask often.

        May miss a run whose end was recorded in a crash; `observe` does not.
        """

    def acknowledge(self, workload_id: str, run: int) -> None:
        """Take a run off `ended`, now that its end is durable in the log."""

    def logs(
        self, workload_id: str, run: int, stream: StreamName, offset: int, limit: int
    ) -> OutputPart:
        """At most `limit` bytes of an output from `offset` on, also while it is being written.

        Raises:
            NotFound: The run was never asked for.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLimitOrder:
    """What a runner must know to set the power limit of the accelerators of a run."""

    workload_id: str
    run: int
    site: str
    pool: str
    nodes: tuple[int, ...]  #: Of the pool; all accelerators of each are the run's.
    limit_w: int  #: Of each accelerator. [W]
    command: tuple[str, ...]  #: The operator's, see `domain.capping`.


@dataclass(frozen=True, slots=True)
class LimitAnswer:
    """How it went."""

    done: bool  #: True if all accelerators have the limit now; else some of them may have it.
    detail: str = ""


@runtime_checkable
class PowerLimiter(Protocol):
    """A runner that can set power limits."""

    def set_power_limit(self, order: PowerLimitOrder) -> LimitAnswer:
        """Set a limit; may be asked again at any time, also when the run is over.

        Raises:
            RunnerRefused: It said no, and nothing was done.
            RunnerUnknown: It may or may not have been done. Ask again.
        """


@runtime_checkable
class Located(Protocol):
    """A runner on several machines, which knows where each is reached."""

    def address_of(self, node: str) -> str:
        """Where what listens on `node` is reached; '' if that is not known now."""


@runtime_checkable
class Cluster(Runner, Protocol):
    """A runner on machines that are not the node's alone."""

    def notify(self, workload_id: str, run: int, signal: str) -> None:
        """Tell a run by `signal` that it is to end soon; one that has not begun hears nothing.

        Raises:
            RunnerRefused, RunnerUnknown: As `Runner.start`.
        """

    def unended(self) -> frozenset[RunKey]:
        """Runs of this node that the cluster has and that have not ended, as last seen."""

    def waits_for(self, workload_id: str, run: int) -> str:
        """What the cluster says that a run waits for, as last seen; '' if it does not wait."""

    def pools(self) -> tuple[PoolReport, ...]:
        """What is not the node's to give, pool by pool, as last seen."""

    def contact(self) -> Contact:
        """How the talk with it goes."""

    def check(self) -> tuple[Finding, ...]:
        """Connect, look at all that is needed, and say what works and how to mend the rest."""

    def close(self) -> None:
        """Talk to it no more; what runs goes on."""
