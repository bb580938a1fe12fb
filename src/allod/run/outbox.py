"""The outbox: acts that have become durable, performed by runner threads (X1).

Done, refused and unknown are three answers. What is done is noted; what is refused ends the run;
what is unknown is asked again by the same id, later and later. An act is noted only after what
follows from it is durable, so that a kill between the two repeats the act and loses nothing: a
runner asked twice for the same run starts nothing twice (X2).
"""

from __future__ import annotations

import heapq
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import orjson

from allod.domain.event import Outcome
from allod.domain.units import NEVER_S
from allod.errors import AllodError, Conflict, NotFound, RunnerRefused, Unavailable
from allod.run import log, power
from allod.run.clock import Clock
from allod.run.crew import Crew
from allod.run.log import Act, ActNote, ActState
from allod.run.metrics import Metrics
from allod.run.notes import Notes
from allod.run.ports import Cluster, RunKey, Runner, RunReport, StartOrder
from allod.run.reports import Begun, Ended
from allod.run.requests import Request

_log = logging.getLogger(__name__)

_BACKOFF_FIRST_S = 1
_BACKOFF_LAST_S = 60
_LOAD_ACTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Answered:
    """How an attempt at an act went, and what the controller is to be told of it."""

    state: ActState
    detail: str = ""
    told: Request | None = None


def backoff_s(attempts: int) -> int:
    """How long to wait after so many attempts without an answer. [s]"""
    return min(_BACKOFF_FIRST_S << min(attempts, 16), _BACKOFF_LAST_S)


#: What makes the order of a replica whole: the order, the body of its act, and its runner.
Prepare = Callable[[StartOrder, dict[str, Any], Runner], StartOrder]


def _no_services(order: StartOrder, body: dict[str, Any], runner: Runner) -> StartOrder:
    raise RunnerRefused("this node keeps no services", mend="start it with 'allod up'")


def perform(act: Act, runners: Mapping[str, Runner], prepare: Prepare = _no_services) -> Answered:
    """Do what `act` says; every answer of the runner is one of the three."""
    body = orjson.loads(act.body)
    runner = runners.get(body["runner"])
    try:
        if runner is None:
            raise RunnerRefused(f"this node has no runner '{body['runner']}'")
        if act.verb in power.VERBS:
            return Answered(*power.perform(act, body, runner))
        if act.verb == "notify":
            if isinstance(runner, Cluster):
                runner.notify(act.workload_id, act.run, body["signal"])
            return Answered("done")
        if act.verb == "stop":
            return _stopped(runner.stop(act.workload_id, act.run, body["grace_s"], body["cause"]))
        if body["container"] and not isinstance(runner, Cluster):
            mend = "give a command alone"
            raise RunnerRefused(f"the runner '{body['runner']}' has no containers", mend=mend)
        order = _order(act, body)
        report = runner.start(prepare(order, body, runner) if "replica_of" in body else order)
    except RunnerRefused as error:
        if act.verb == "notify" or act.verb in power.VERBS:
            return Answered("refused", str(error))
        if act.verb == "stop" and runner is not None:
            return Answered("unknown", str(error))  # What runs must end, however often it takes.
        if act.verb == "stop":
            return Answered("refused", str(error))
        ended = Ended(act.workload_id, act.run, Outcome.FAILED, None, f"not started: {error}")
        return Answered("refused", str(error), ended)
    except AllodError as error:
        # Whatever else it says, it is no answer to whether the run has started.
        return Answered("unknown", str(error))
    return _answered(report)


def _stopped(report: RunReport) -> Answered:
    """What a stop leads to; nobody will report the end of a run that was never asked for."""
    if report.state != "absent":
        return Answered("done")
    ended = Ended(report.workload_id, report.run, None, None, "stopped before it began")
    return Answered("done", "it has never begun", ended)


def _answered(report: RunReport) -> Answered:
    match report.state:
        case "running":
            return Answered("done", "", Begun(report.workload_id, report.run, report.seen))
        case "queued":
            return Answered("done", report.seen.job)
        case "ended":
            return Answered("done")  # `Watch` sees it too, and acknowledges it.
        case "starting" | "absent":
            return Answered("unknown", f"the runner says it is {report.state}")


def _order(act: Act, body: dict[str, Any]) -> StartOrder:
    if not body["command"]:
        raise RunnerRefused("it has no command", mend="give 'command:' in its spec")
    return StartOrder(
        workload_id=act.workload_id,
        run=act.run,
        command=tuple(body["command"]),
        environment=tuple(sorted(body["environment"].items())),
        wall_time_s=body["wall_time_s"],
        grace_s=body["grace_s"],
        site=body["site"],
        pool=body["pool"],
        accelerators=body["accelerators"],
        nodes=tuple((node, count) for node, count in body.get("nodes", ())),
        name=body.get("name", ""),
        project=body.get("project", ""),
        person=body.get("person", ""),
        access_class=body.get("access_class", ""),
        power_w=body.get("power_w", 0),
        container=body["container"] or "",
        again=act.attempts > 0,
    )


class Outbox:
    """Hands acts to runner threads when they are due; acts of one run never at the same time."""

    def __init__(
        self,
        store: log.Outbox,
        runners: Mapping[str, Runner],
        ask: Callable[[Request], Future[Any]],
        clock: Clock,
        metrics: Metrics,
        threads: Callable[[Runner], int] = lambda runner: 4,
    ) -> None:
        """Take what it works with; `threads` is how many acts a runner is given at a time."""
        self._store, self._runners, self._ask = store, runners, ask
        self._clock, self._metrics = clock, metrics
        self._changed = threading.Condition()
        self._due: list[tuple[int, int, str]] = []  #: (due [s], order of arrival, act id).
        self._open: dict[str, Act] = {}  #: All acts that are not noted as done or refused.
        self._busy: set[RunKey] = set()
        self._arrivals = 0
        self._closing = False
        self._notes = Notes(store)
        self._threads = threads
        self.prepare: Prepare = _no_services  #: Makes orders of replicas whole.
        #: By runner, so that one that does not answer holds up no other.
        self._crews: dict[str, Crew] = {}
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin to perform."""
        self._notes.start()
        self._thread.start()

    def give(self, acts: Iterable[Act]) -> None:
        """Take on acts that are durable; one that is known already changes nothing."""
        with self._changed:
            for act in acts:
                if act.act_id not in self._open:
                    self._open[act.act_id] = act
                    self._push(act)
            self._changed.notify_all()

    def load(self) -> None:
        """Take on all acts that the store says are open; a life before may have tried them."""
        open_acts = self._store.acts_due(NEVER_S, _LOAD_ACTS)
        self.give(replace(act, attempts=max(act.attempts, 1)) for act in open_acts)

    def starting(self) -> frozenset[RunKey]:
        """Runs whose start is still to be answered: that they are absent says nothing."""
        with self._changed:
            return frozenset(
                (act.workload_id, act.run) for act in self._open.values() if act.verb == "start"
            )

    def close(self) -> None:
        """Finish what is under way; the rest stays open in the store."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        for crew in self._crews.values():
            crew.close()
        self._notes.close()

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        while True:
            with self._changed:
                acts = self._ready()
                if not acts:
                    if self._closing:
                        return
                    self._changed.wait(self._wait_s())
            # All at once: to take the lock for each would have every runner thread wait for it.
            for act in acts:
                self._crew_of(act).give(act)

    def _crew_of(self, act: Act) -> Crew:
        """The threads of the runner that `act` is for."""
        name = orjson.loads(act.body)["runner"]
        if name not in self._crews:
            runner = self._runners.get(name)
            count = 1 if runner is None else self._threads(runner)
            self._crews[name] = Crew(f"runner {name}", count, self._attempt)
        return self._crews[name]

    def _ready(self) -> list[Act]:
        """The acts that are due and whose runs nobody is busy with; somebody is, from now on."""
        now_s, aside = self._clock.now_s(), []
        found: list[Act] = []
        while self._due and not self._closing and self._due[0][0] <= now_s:
            entry = heapq.heappop(self._due)
            act = self._open.get(entry[2])
            if act is None:
                continue
            key = (act.workload_id, act.run)
            if key in self._busy or (act.verb in power.VERBS and self._must_wait(act)):
                aside.append(entry)
                continue
            self._busy.add(key)
            found.append(act)
        for entry in aside:
            heapq.heappush(self._due, entry)
        return found

    def _must_wait(self, act: Act) -> bool:
        """True if another act must be settled first; those that `act` overtakes are withdrawn."""
        earlier = takewhile(lambda other: other.act_id != act.act_id, self._open.values())
        overtaken, waits = power.in_the_way(act, earlier, self._busy)
        for other in overtaken:
            self._notes.put(ActNote(other.act_id, "refused", "a later power limit holds"))
            del self._open[other.act_id]
        return waits

    def _wait_s(self) -> float | None:
        if not self._due:
            return None
        # What is due but whose run is busy is woken by the end of that attempt.
        return max(float(self._due[0][0] - self._clock.now_s()), 0.5)

    def _push(self, act: Act) -> None:
        self._arrivals += 1
        heapq.heappush(self._due, (act.not_before_s, self._arrivals, act.act_id))

    # ------------------------------------------------------------ a runner thread

    def _attempt(self, act: Act) -> None:
        key = (act.workload_id, act.run)
        finished = False
        try:
            answered = perform(act, self._runners, self.prepare)
            self._metrics.acts.labels(act.verb, answered.state).inc()
            finished = self._noted(act, answered)
        finally:
            with self._changed:
                self._busy.discard(key)
                if finished:
                    self._open.pop(act.act_id, None)
                else:
                    later_s = self._clock.now_s() + backoff_s(act.attempts)
                    again = replace(act, attempts=act.attempts + 1, not_before_s=later_s)
                    self._open[act.act_id] = again
                    self._push(again)
                if self._due:  # Else there is nothing that waited for this run.
                    self._changed.notify_all()

    def _noted(self, act: Act, answered: Answered) -> bool:
        """Tell the controller, then have it noted; False if the act is to be tried again."""
        later_s = 0
        if answered.state == "unknown":
            _log.info("%s: no answer yet: %s", act.act_id, answered.detail)
            later_s = self._clock.now_s() + backoff_s(act.attempts)
        try:
            if act.verb == "stop" and answered.state == "done":
                self._withdraw_start(act)
            if answered.told is not None:
                self._ask(answered.told).result()
        except Unavailable as error:
            _log.info("%s: %s, but not told: %s", act.act_id, answered.state, error)
            return False
        except (Conflict, NotFound) as error:
            _log.warning("%s: %s", act.act_id, error)  # Settled by an attempt of before.
        self._notes.put(ActNote(act.act_id, answered.state, answered.detail, later_s))
        return answered.state != "unknown"

    def _withdraw_start(self, stop: Act) -> None:
        """Let a start that `stop` has overtaken never be tried again, before anybody is told."""
        key = (stop.workload_id, stop.run)
        with self._changed:
            starts = [
                act
                for act in self._open.values()
                if act.verb == "start" and (act.workload_id, act.run) == key
            ]
        for act in starts:
            self._store.acts_done([ActNote(act.act_id, "refused", "stopped before it began")])
            with self._changed:
                self._open.pop(act.act_id, None)
