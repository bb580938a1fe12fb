"""The desk at which replays are asked for: it keeps them, and has them run one after the other.

A replay is a question: nothing of it comes into the log. What is asked for is on the disk before
it is answered, so a node that was killed still knows it: what waited runs then, and what ran is
'interrupted'.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import orjson

from allod.errors import Conflict, NotFound, Unavailable
from allod.run.clock import Clock
from allod.run.replays import records
from allod.run.replays.compare import compared
from allod.run.replays.keeping import to_go
from allod.run.replays.lane import Lane, Limits
from allod.run.replays.ports import Json, Shelf, Workers
from allod.run.replays.question import Question, check_whose, inputs_of, world_of
from allod.run.replays.traces import Traces
from allod.run.replays.views import (
    ENDED,
    LOG,
    Created,
    ReplayFault,
    ReplayProgress,
    ReplayState,
    ReplayView,
)

_log = logging.getLogger(__name__)

WORLD, WORK, TABLE, OUTCOME = "world.json", "work.jsonl", "work.parquet", "outcome.json"
_DAY_S = 86_400
#: A trace whose times are later than this counts from 1970; others count from their beginning.
_FROM_1970_S = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the desk works with."""

    traces: Shelf
    replays: Shelf
    workers: Workers
    clock: Clock
    present: Callable[[], Sequence[Json]]  #: The documents that hold now.
    work: Callable[[], Iterable[Json]]  #: What the node has recorded (`work.recorded_work`).


class Desk:
    """Keeps traces and replays; every call may come from any thread and may block."""

    def __init__(self, around: Surroundings, limits: Limits) -> None:
        """Take what it works with; `start` finds what is kept."""
        self.around, self._limits = around, limits
        self.traces = Traces(around.traces, around.workers, around.clock, limits)
        self.traces.in_use, self.traces.changed = self._traces_in_use, self._wake
        self._turn = threading.RLock()
        self._views: dict[str, ReplayView] = {}
        self._keys: dict[str, tuple[str, str]] = {}  #: By replay: (actor and key, digest).
        self._closing = False
        self._lane = Lane("replayer", around.workers, limits, self._following)

    def start(self) -> None:
        """Find what a node before this one kept, and go on."""
        _find(self.around.traces, self.traces.found)
        _find(self.around.replays, self._found)
        self.traces.start()
        self._lane.start()

    def close(self) -> None:
        """Run nothing more; what runs is interrupted, what waits goes on with the next node."""
        self._closing = True
        self._lane.close()
        self.traces.close()

    def _found(self, record: Json) -> None:
        view = records.replay_from(record["view"])
        self._views[view.id] = view
        self._keys[view.id] = (record["key"], record["digest"])
        if view.state is ReplayState.RUNNING:  # That node was killed; how far it was is lost.
            self._put_ended(replace(view, progress=None), ReplayState.INTERRUPTED)

    def _wake(self) -> None:
        self._lane.wake()

    # ------------------------------------------------------------ asking

    def ask(self, question: Question, *, actor: str = "", key: str | None = None) -> Created:
        """Have a replay run as soon as those before it have ended.

        Raises:
            InvalidInput: It cannot be replayed.
            Conflict: The key stands for another question.
            Unavailable: Too many wait.
        """
        name, digest = f"{actor} {key}" if key else "", question.digest()
        present = self.around.present() if question.pool is None else ()
        with self._turn:
            if name and (before := self._asked_before(name, digest)):
                return Created(before, repeated=True)
            trace = None if question.trace == LOG else self.traces.usable(question.trace)
            world = world_of(question, present)
            if trace is not None and trace.facts is not None:
                check_whose(world, trace.facts)
            self._check_room()
            view = ReplayView(
                id=f"replay-{secrets.token_hex(6)}",
                name=question.name,
                state=ReplayState.QUEUED,
                inputs=inputs_of(question, trace, world),
                created_at_s=self.around.clock.now_s(),
                actor=actor,
                number=1 + max((one.number for one in self._views.values()), default=0),
            )
            self._keep(view, world, (name, digest))
            self._forget_some()
        self._wake()
        return Created(self.get(view.id), repeated=False)

    def _keep(self, view: ReplayView, world: list[Json], key: tuple[str, str]) -> None:
        self._keys[view.id] = key
        try:
            self.around.replays.put(view.id, WORLD, {"documents": world})
            self._put(view)
        except BaseException:
            # Else its key would stand for a replay that there is not.
            del self._keys[view.id]
            self.around.replays.remove(view.id)
            raise

    def _asked_before(self, name: str, digest: str) -> ReplayView | None:
        for id, (known, of) in self._keys.items():
            if known == name:
                if of != digest:
                    raise Conflict(
                        "this key stands for another replay", mend="use a new key for a new one"
                    )
                return self.get(id)
        return None

    def _check_room(self) -> None:
        waiting = sum(one.state is ReplayState.QUEUED for one in self._views.values())
        if waiting >= self._limits.replays_queued:
            raise Unavailable(
                f"{waiting} replays wait, and no more may",
                mend="ask again when one has begun, or cancel one",
            )

    def _forget_some(self) -> None:
        over = len(self._views) - self._limits.replays_kept
        ended = [view for view in self._views.values() if view.state in ENDED]
        for view in to_go(self._views.values(), ended, over):
            self._drop(view)

    def _drop(self, view: ReplayView) -> None:
        del self._views[view.id]
        self._keys.pop(view.id, None)
        self.around.replays.remove(view.id)

    def _put(self, view: ReplayView) -> None:
        name, digest = self._keys[view.id]
        record = {"view": records.record_of(view), "key": name, "digest": digest}
        self.around.replays.write(view.id, record)
        self._views[view.id] = view

    def _in_order(self) -> list[ReplayView]:
        return sorted(self._views.values(), key=lambda view: view.number)

    def _traces_in_use(self) -> Collection[str]:
        return {view.inputs.trace for view in [*self._views.values()] if view.state not in ENDED}

    # ------------------------------------------------------------ looking

    def all(self) -> list[ReplayView]:
        """All that are kept, latest first."""
        with self._turn:
            return [self.get(view.id) for view in self._in_order()[::-1]]

    def get(self, id: str) -> ReplayView:
        """The replay; NotFound if there is none."""
        with self._turn:
            found = self._views.get(id)
            if found is None:
                raise NotFound(f"there is no replay '{id}'", mend="see GET /v1/replays")
            if found.state is not ReplayState.QUEUED:
                return found
            before = sum(
                one.state is ReplayState.RUNNING
                or (one.state is ReplayState.QUEUED and one.number < found.number)
                for one in self._views.values()
            )
            return replace(found, waits_behind=before)

    def outcome(self, id: str) -> Json:
        """What a replay came to.

        Raises:
            NotFound: There is no such replay.
            Conflict: It has come to nothing, or not yet.
        """
        view = self.get(id)
        if view.state is not ReplayState.DONE:
            ended = view.state in ENDED
            raise Conflict(
                f"replay {id} is {view.state}, and has no outcome{'' if ended else ' yet'}",
                mend="ask for it again" if ended else f"wait until GET /v1/replays/{id} says done",
            )
        found: Json = orjson.loads(self.around.replays.part(id, OUTCOME))
        return {"id": id, "name": view.name, **found}

    def compare(self, a: str, b: str) -> Json:
        """What two replays came to, side by side; raises as `outcome` does."""
        told = [(self.get(id).inputs, self._world(id), self.outcome(id)) for id in (a, b)]
        return compared(*told)

    def _world(self, id: str) -> list[Json]:
        found: list[Json] = orjson.loads(self.around.replays.part(id, WORLD))["documents"]
        return found

    # ------------------------------------------------------------ ending

    def cancel(self, id: str) -> ReplayView:
        """Let a replay not run, or no further; one that has ended stays as it is."""
        with self._turn:
            view = self.get(id)
            if view.state not in ENDED:
                self._put_ended(view, ReplayState.CANCELLED)
        self._lane.stop(id)
        return self.get(id)

    def remove(self, id: str) -> None:
        """Forget a replay and its outcome; Conflict while it may still run."""
        with self._turn:
            view = self.get(id)
            if view.state not in ENDED:
                raise Conflict(f"replay {id} is {view.state}", mend="cancel it first")
            self._drop(view)

    def _put_ended(
        self, view: ReplayView, state: ReplayState, fault: ReplayFault | None = None
    ) -> None:
        """Note how it ended; what was copied out of the log for it goes."""
        self.around.replays.take(view.id, WORK, TABLE)
        now_s = self.around.clock.now_s()
        ended = replace(view, state=state, fault=fault, ended_at_s=now_s, waits_behind=None)
        try:
            self._put(ended)
        except Unavailable as error:
            # It has ended all the same; a node after this one takes it for interrupted.
            self._views[view.id] = ended
            _log.warning("it is not on the disk that %s is %s: %s", view.id, state, error)

    # ------------------------------------------------------------ running

    def _following(self) -> Running | None:
        with self._turn:
            for view in self._in_order():
                if view.state is ReplayState.QUEUED and not self._is_being_read(view):
                    return Running(self, view.id)
        return None

    def _is_being_read(self, view: ReplayView) -> bool:
        """True while it is not known what its trace is; whoever reads it wakes us."""
        return view.inputs.trace != LOG and self.traces.is_being_read(view.inputs.trace)

    def begin(self, id: str) -> Json | None:
        """Note that a replay begins; what its process is told, or None if it was cancelled.

        Raises:
            InvalidInput: Its trace has turned out to be unreadable.
            Unavailable: The log or the disk cannot be used.
        """
        with self._turn:
            view = self._views.get(id)
            if view is None or view.state is not ReplayState.QUEUED:
                return None
            now_s = self.around.clock.now_s()
            view = replace(
                view, state=ReplayState.RUNNING, started_at_s=now_s, progress=ReplayProgress()
            )
            self._put(view)
        of_log, jobs = view.inputs.trace == LOG, None
        if of_log:
            work = self._wanted(id, self.around.work())
            digest = self.around.replays.put_lines(id, WORK, work)
            view = replace(view, inputs=replace(view.inputs, trace_sha256=digest))
            file = str(self.around.replays.path(id, TABLE))
        else:
            trace = self.traces.usable(view.inputs.trace)
            file = self.traces.path(trace.id)
            if trace.facts is not None:
                check_whose(self._world(id), trace.facts)
            if view.inputs.starts is None:
                # From today on, where its clock does not say when it was.
                known = trace.facts is not None and trace.facts.first_submit_s >= _FROM_1970_S
                starts = 0 if known else now_s - now_s % _DAY_S
                view = replace(view, inputs=replace(view.inputs, starts=starts))
            jobs = trace.facts.jobs if trace.facts else None
        with self._turn:
            now = self._views.get(id)
            if now is None or now.state is not ReplayState.RUNNING:
                return None
            self._put(view)
        return self._task(view, file, jobs, of_log=of_log)

    def _wanted(self, id: str, work: Iterable[Json]) -> Iterator[Json]:
        """`work`, as long as somebody waits for the replay `id`."""
        for item in work:
            view = self._views.get(id)
            if self._closing or view is None or view.state is not ReplayState.RUNNING:
                return
            yield item

    def _task(self, view: ReplayView, file: str, jobs: int | None, *, of_log: bool) -> Json:
        inputs, shelf = view.inputs, self.around.replays
        documents = self._world(view.id)
        if documents:
            documents[-1]["spec"]["starts"] = inputs.starts
        return {
            "task": "replay",
            "file": file,
            "name": inputs.trace_name,
            "format": "allod" if of_log else self.traces.get(inputs.trace).format,
            "outcome": str(shelf.path(view.id, OUTCOME)),
            "work": str(shelf.path(view.id, WORK)) if of_log else None,
            "jobs": jobs,
            "documents": documents,
            "pool": inputs.pool,
            "policy": inputs.policy,
            "from_s": inputs.from_s,
            "to_s": inputs.to_s,
            "seed": inputs.seed,
            "strict": inputs.strict,
        }

    def has_come_to(self, id: str, progress: ReplayProgress) -> None:
        """Note how far a replay is."""
        with self._turn:
            view = self._views.get(id)
            if view is not None and view.state is ReplayState.RUNNING:
                self._views[id] = replace(view, progress=progress)

    def has_ended(self, id: str, state: ReplayState, fault: ReplayFault | None) -> None:
        """Note how its process ended, unless it was cancelled before."""
        with self._turn:
            view = self._views.get(id)
            # One that could not even begin would else be tried again at once, and for ever.
            unable = view is not None and view.state is ReplayState.QUEUED and fault is not None
            if view is not None and (unable or view.state is ReplayState.RUNNING):
                self._put_ended(view, state, fault)
            elif view is not None:
                self.around.replays.take(id, OUTCOME, WORK, TABLE)


class Running:
    """One replay runs."""

    def __init__(self, desk: Desk, id: str) -> None:
        self.id = id
        self._desk = desk
        self._done = False
        self._fault: ReplayFault | None = None

    def begin(self) -> Json | None:
        """See `Turn.begin`."""
        return self._desk.begin(self.id)

    def told(self, message: Json) -> None:
        """See `Turn.told`."""
        if "progress" in message:
            self._desk.has_come_to(self.id, ReplayProgress(**message["progress"]))
        self._done = self._done or "done" in message
        if "error" in message:
            self._fault = records.fault_from(message["error"])

    def ended(self, fault: ReplayFault | None, *, closing: bool) -> None:
        """See `Turn.ended`."""
        if self._done:
            self._desk.has_ended(self.id, ReplayState.DONE, None)
        elif closing and self._fault is None:
            self._desk.has_ended(self.id, ReplayState.INTERRUPTED, None)
        else:
            self._desk.has_ended(self.id, ReplayState.FAILED, self._fault or fault)


def _find(shelf: Shelf, take: Callable[[Json], None]) -> None:
    """Take all that `shelf` keeps; what only came when the node ended goes."""
    for id, record in list(shelf.all()):
        try:
            if record is None:
                shelf.remove(id)
            else:
                take(record)
        except (KeyError, TypeError, ValueError) as error:
            _log.warning("what is kept as %s cannot be read, and is left alone: %r", id, error)
