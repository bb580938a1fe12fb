"""The engine: events in, decisions out; no I/O, no clock, no chance (design, section 5).

`step` brings the time forward, lets the kernel decide and puts words to what it decided. The state
lies in the kernel's arrays; here are the names, the verdicts and the work that may not start yet.
"""

from __future__ import annotations

import heapq

from allod.decide import (
    capacity,
    capping,
    caps,
    described,
    foresight,
    law,
    moving,
    questions,
    reported,
    shed,
    words,
)
from allod.decide.asleep import Asleep
from allod.decide.kernel import passes, place, steps
from allod.decide.kernel import state as k
from allod.decide.layout import Layout, lay_out
from allod.decide.live import TOPOLOGIES, Key, Live, Move, Standing, standing_of
from allod.decide.outlook import NO_OUTLOOK, Outlook
from allod.decide.rebuild import rebuilt
from allod.decide.rule import Rule
from allod.decide.verdict import Judge, Verdict
from allod.decide.world import World, world_of
from allod.domain.decision import Decision
from allod.domain.document import Document
from allod.domain.event import (
    CurtailmentCalled,
    DocumentRemoved,
    DocumentsApplied,
    Event,
    ForecastGiven,
    NodeStarted,
    PoolReported,
    PowerLimitReported,
    TimePassed,
    WorkloadCancelled,
    WorkloadEnded,
    WorkloadStarted,
    WorkloadSubmitted,
)
from allod.domain.units import NEVER_S, instant_text
from allod.domain.workload import Workload, waits_again
from allod.errors import Conflict, InvalidInput, NotFound


class Engine:
    """Holds the state and decides; owned by one controller."""

    def __init__(self, *, policy: str = "charter") -> None:
        self.policy = policy
        self.documents: dict[str, Document] = {}
        self.world: World = world_of({})
        self.outlook: Outlook = NO_OUTLOOK
        self.now_s = 0
        self.live: dict[str, Live] = {}
        self.inherited: dict[str, tuple[Rule, ...]] = {}  #: By dataset: rules of what wrote it.
        laid: tuple[k.State, Layout] = lay_out({}, 0, policy)
        self.state, self.layout = laid
        self.judge = Judge(self.world, self.layout)
        self.by_row: dict[int, Live] = {}
        self.verdict_rows: dict[Key, int] = {}  #: Row of the kernel for each distinct question.
        self.verdicts: dict[int, Verdict] = {}  #: By row; made again if asked for after a restore.
        self.asleep = Asleep(self.state, self.layout)  #: Who sleeps for clean power (P3).
        self.capped: dict[str, Live] = {}  #: Whose power is capped or is to be (P2).
        self.timers: list[tuple[int, str]] = []
        self.reports: dict[tuple[str, str], PoolReported] = {}  #: The last by site and pool.

    # -- what happens ---------------------------------------------------------------------------

    def step(self, event: Event) -> tuple[Decision, ...]:
        """What is decided because of `event`.

        Raises:
            InvalidInput, NotFound, Conflict: The event cannot be accepted; nothing has changed.
        """
        if event.at_s < self.now_s:
            raise InvalidInput(
                f"time went back from {instant_text(self.now_s)} to {instant_text(event.at_s)}",
                mend="give events in the order of their times",
            )
        match event:
            case DocumentsApplied():
                return self._apply(event.at_s, described.with_documents(self.documents, event))
            case DocumentRemoved():
                return self._apply(event.at_s, described.without_document(self, event))
            case WorkloadSubmitted():
                return self._submit(event)
            case WorkloadCancelled():
                return self._cancel(event)
            case WorkloadEnded():
                return self._end(event)
            case PoolReported():
                return self._report(event)
            case PowerLimitReported():
                decisions = self._pass_time(event.at_s)
                return (*decisions, *capping.told(self, event), *self._decided())
            case ForecastGiven() | CurtailmentCalled():
                outlook = foresight.told(event, self.world, self.outlook)
                return self._apply(event.at_s, self.documents, outlook, event)
            case NodeStarted() | WorkloadStarted() | TimePassed():
                return tuple(self._pass_time(event.at_s))

    def _pass_time(self, at_s: int) -> list[Decision]:
        """Move to `at_s`: windows, floors and phases change, deadlines pass, who slept wakes."""
        decisions, woken = self._timers(at_s)
        self.now_s = at_s
        capacity.ensure(self.state)
        steps.advance(self.state, at_s)
        if self.capped:
            decisions += capping.due(self)
        passes.settle(self.state)
        decisions += self._decided()
        for live in woken:
            if live.row < 0:  # Else it was roused by one who woke before it.
                decisions += self._wake(live)
        return decisions + self._rouse() if self.asleep.lives else decisions

    def _wake(self, live: Live) -> list[Decision]:
        """Let `live`, which slept, ask for a place."""
        self.asleep.remove(live)
        if live.wakes_s > self.now_s:  # It gave up its move, and asked not to start before.
            self._set_timer(live)
            return [words.hold(self, live)]
        decisions = self._rouse(live) if self.asleep.lives else []
        capacity.ensure(self.state)
        self._enter(live)
        self._set_timer(live)
        return decisions + self._decided()

    def _rouse(self, other: Live | None = None, site: str = "") -> list[Decision]:
        """Wake who sleeps for clean power where its room is no longer sure (P3).

        That may be because of `other`, who is about to ask; all who sleep at `site` wake.
        """
        roused = moving.to_rouse(self, other, site)
        for live in roused:
            self.asleep.remove(live)
            live.move = None
        return [decision for live in roused for decision in self._wake(live)]

    def _timers(self, at_s: int) -> tuple[list[Decision], list[Live]]:
        """Refusals of what can no longer keep its deadline at `at_s`, and who wakes until then.

        Deadlines go first, so that nothing starts that could not end in time.
        """
        self.now_s = at_s
        late: list[Decision] = []
        woken: dict[str, Live] = {}
        while self.timers and self.timers[0][0] <= at_s:
            _, workload_id = heapq.heappop(self.timers)
            live = self.live.get(workload_id)
            if live is None:
                continue
            waits = live.row < 0 or self.state.job[live.row]["state"] != k.RUNNING
            if waits and live.last_start_s < at_s:
                self._forget(live)
                late.append(words.too_late(self, live))
            elif live.row < 0 and live.wakes_s <= at_s:
                woken[workload_id] = live
        return late, list(woken.values())

    def _set_timer(self, live: Live) -> None:
        """Have it looked at when it may first start, or when its deadline can no longer be kept."""
        if live.row < 0:
            heapq.heappush(self.timers, (live.wakes_s, live.workload_id))
        elif live.workload.flexibility.deadline < NEVER_S:
            heapq.heappush(self.timers, (live.last_start_s + 1, live.workload_id))

    # -- documents ------------------------------------------------------------------------------

    def _apply(
        self,
        at_s: int,
        documents: dict[str, Document],
        outlook: Outlook | None = None,
        told: ForecastGiven | CurtailmentCalled | None = None,
    ) -> tuple[Decision, ...]:
        """Let `documents` be all that hold; what is live is judged anew and stays where it runs.

        So it is with `outlook`, the time to come, of which something was `told`; default: as it is
        known. What is committed beyond an envelope that has shrunk gives way (P2).
        """
        world = self.world if documents is self.documents else world_of(documents)
        outlook = foresight.kept(outlook or self.outlook, world)
        foresight.check_still_told(outlook, world)
        was = shed.before(self, told)
        # Raises before anything changes.
        state, layout, reports = rebuilt(self, documents, outlook, at_s)
        same = told is not None and questions.carried(self, world, layout, state)
        self.reports, self.outlook = reports, outlook
        self.documents, self.world, self.layout, self.state = documents, world, layout, state
        if not same:
            self.judge, self.verdicts, self.verdict_rows = Judge(world, layout), {}, {}
        self.now_s = at_s
        caps.carry(self)
        told_before = moving.forgotten(self)
        uncapped = capping.no_longer_needed(self)
        drafts, gone = shed.drafts(self, was, told)
        decisions, woken = self._timers(at_s)
        for live in sorted(self.live.values(), key=lambda live: live.seq):
            decisions += self._judge_again(live, same=same)
        for t in range(len(self.layout.sites)):
            place.need_pass(self.state, t)
        passes.settle(self.state)
        decisions += self._decided()
        supplies: moving.Supplies = {}
        for workload_id in dict.fromkeys((*(live.workload_id for live in woken), *told_before)):
            if workload_id in self.live and self.live[workload_id].row < 0:
                live, told_it = self.live[workload_id], told_before.get(workload_id)
                decisions += self._sleep_on(live, told_it, supplies)
        decisions += self._pass_time(at_s)
        plans = [draft.finished(self) for draft in drafts]
        return (*plans, *uncapped, *gone, *decisions)

    def _sleep_on(self, live: Live, told: Move | None, supplies: moving.Supplies) -> list[Decision]:
        """Let `live`, which slept, sleep on or wake; it hears only of what is news to its owner."""
        if not self._moves(live, supplies, told):
            supplies.clear()  # It, or whom it rouses, may take some.
            return self._wake(live)
        if moving.is_news(live.move, told):
            return [words.hold(self, live)]
        live.move = told
        return []

    def _judge_again(self, live: Live, *, same: bool) -> list[Decision]:
        """Give live work its verdict under the new documents; what may nowhere run is refused.

        What runs goes on; the new rules bind its next run. The rules may be the `same` as before.
        """
        if not same:
            live.rules = self._rules_of(live.name, live.workload)
        row, live.verdict = self.verdict_of(live)
        if live.row < 0:
            waiting = True
        else:
            self.state.job[live.row]["verdict"] = row
            waiting = self.state.job[live.row]["state"] == k.NEW
        if not waiting:
            return []
        if not live.verdict.anywhere:
            if live.row >= 0:
                place.forget_job(self.state, live.row)
                del self.by_row[live.row]
            del self.live[live.workload_id]
            return [words.refusal(self, live)]
        if live.row >= 0:
            capacity.ensure(self.state)
            steps.requeue(self.state, live.row)
        return []

    # -- work -----------------------------------------------------------------------------------

    def _submit(self, event: WorkloadSubmitted) -> tuple[Decision, ...]:
        if event.workload_id in self.live:
            raise Conflict(f"workload {event.workload_id} is already here")
        workload = Workload.model_validate(event.workload)
        described.check_names(event.name, workload, self.world, self.inherited)
        earlier = self._pass_time(event.at_s)
        # Drop verdicts that nothing live needs; seldom, however many kinds of work are live.
        if len(self.verdict_rows) >= max(_VERDICTS_MAX, 2 * len(self.live)):
            earlier += self._apply(event.at_s, self.documents)
        rules = self._rules_of(event.name, workload)
        live = Live(
            workload_id=event.workload_id,
            name=event.name,
            spec=event.workload,
            workload=workload,
            submit_s=event.at_s,
            seq=int(self.state.number[k.SEQ]),
            rules=rules,
            verdict=_NOWHERE,
        )
        _, live.verdict = self.verdict_of(live)
        if not live.verdict.anywhere:
            return (words.refusal(self, live), *earlier)
        if live.last_start_s < self.now_s:
            return (words.too_late(self, live), *earlier)
        self.state.number[k.SEQ] += 1
        self.live[live.workload_id] = live
        earlier += self._inherit(live)
        if self._moves(live, {}):
            return (words.hold(self, live), *earlier)
        if self.asleep.lives:
            earlier += self._rouse(live)
        self._enter(live)
        self._set_timer(live)
        made = self._decided()
        own = [one for one in made if one.workload_id == live.workload_id]
        rest = [one for one in made if one.workload_id != live.workload_id]
        return (*(own or [words.hold(self, live)]), *earlier, *rest)

    def _moves(self, live: Live, supplies: moving.Supplies, told: Move | None = None) -> bool:
        """True if `live` sleeps, as it asked itself or for clean power (P3); sets its timer.

        Who was `told` of the same start has one already.
        """
        if self.outlook.forecasts:
            live.move = moving.fall_asleep(self, live, supplies)
        if live.wakes_s <= self.now_s:
            return False
        if told is None or live.move is None or live.move.start_s != told.start_s:
            self._set_timer(live)
        return True

    def _inherit(self, writer: Live) -> list[Decision]:
        """Let what `writer` writes inherit its rules; who waits for it is judged anew (L3)."""
        changed = set()
        for name in writer.workload.writes:
            before = self.inherited.get(name, ())
            self.inherited[name] = law.inherited_rules(writer.rules, before)
            if self.inherited[name] != before:
                changed.add(name)
        if not changed:
            return []
        decisions: list[Decision] = []
        for live in sorted(self.live.values(), key=lambda live: live.seq):
            touched = changed.intersection((*live.workload.reads, *live.workload.writes))
            if not touched or live is writer:
                continue
            live.rules = self._rules_of(live.name, live.workload)
            row, live.verdict = self.verdict_of(live)
            if live.row >= 0 and self.state.job[live.row]["state"] == k.RUNNING:
                self.state.job[live.row]["verdict"] = row  # What runs goes on; its next run obeys.
            elif not live.verdict.anywhere:
                self._forget(live)
                decisions.append(words.refusal(self, live))
            elif live.row >= 0:
                steps.reconsider(self.state, live.row, row)
        passes.settle(self.state)
        return decisions + self._decided()

    def _rules_of(self, name: str, workload: Workload) -> tuple[Rule, ...]:
        project = self.world.projects[workload.project]
        return law.rules_of(
            name, workload, workload.project, project, self.world.datasets, self.inherited
        )

    def _enter(self, live: Live) -> None:
        """Ask the kernel for a place."""
        workload = live.workload
        row, live.verdict = self.verdict_of(live)
        live.row = place.new_job(
            self.state,
            row,
            self.layout.project_row[workload.project],
            workload.accelerators,
            TOPOLOGIES[workload.topology],
            workload.wall_time_s,
            live.submit_s,
            live.seq,
        )
        self.by_row[live.row] = live
        steps.submit(self.state, live.row)
        passes.settle(self.state)

    def _cancel(self, event: WorkloadCancelled) -> tuple[Decision, ...]:
        live = self.live.get(event.workload_id)
        if live is None:
            raise NotFound(f"no live workload is called {event.workload_id}")
        decisions = self._pass_time(event.at_s)
        if event.workload_id not in self.live:
            return tuple(decisions)
        if live.row >= 0 and self.state.job[live.row]["state"] == k.RUNNING:
            live.cancelled = True
            return tuple(decisions)
        self._forget(live)
        passes.settle(self.state)
        return tuple(decisions + self._decided())

    def _end(self, event: WorkloadEnded) -> tuple[Decision, ...]:
        decisions = self._pass_time(event.at_s)
        live = self.live.get(event.workload_id)
        if live is None or live.row < 0:
            return tuple(decisions)
        job = self.state.job[live.row]
        if job["state"] != k.RUNNING or job["run"] != event.run:
            return tuple(decisions)  # Told twice, or of a run that is long over.
        again = not live.cancelled and waits_again(
            event.outcome, live.workload.on_reclaim, live.workload.on_node_failure
        )
        if again and not (live.verdict.anywhere and live.last_start_s >= self.now_s):
            again = False  # It would wait for ever.
            too_late = live.verdict.anywhere
            decisions.append(words.too_late(self, live) if too_late else words.refusal(self, live))
        if again and self.asleep.lives:
            decisions += self._rouse(site=self.layout.pools[int(job["pool"])][0])
        decisions += capping.ended(self, live)
        capacity.ensure(self.state)
        steps.ended(self.state, live.row, again)
        if not again:
            del self.by_row[live.row]
            del self.live[live.workload_id]
        else:
            self._set_timer(live)
        if self.capped:
            decisions += capping.floors_freed(self)
        passes.settle(self.state)
        return tuple(decisions + self._decided())

    def _report(self, event: PoolReported) -> tuple[Decision, ...]:
        """What a pool really has; nothing is reclaimed for it, and what runs goes on."""
        p = reported.row_of(self.layout, self.state, event)
        decisions = self._pass_time(event.at_s)
        before = self.reports.get((event.site, event.pool))
        self.reports[event.site, event.pool] = event
        if before is None or (before.out, before.others_w) != (event.out, event.others_w):
            capacity.ensure(self.state)
            reported.enter(self.state, p, event)
        return tuple(decisions + self._decided() + self._rouse())

    def _forget(self, live: Live) -> None:
        """Let waiting work go."""
        del self.live[live.workload_id]
        self.asleep.remove(live)
        if live.row >= 0:
            del self.by_row[live.row]
            steps.withdraw(self.state, live.row)

    # -- verdicts and words ---------------------------------------------------------------------

    def verdict_of(self, live: Live) -> tuple[int, Verdict]:
        """The verdict on `live` and its row in the kernel; equal questions share one."""
        key = questions.key_of(live, self.world)
        row = self.verdict_rows.get(key)
        if row is None or row not in self.verdicts:
            project = self.world.projects[live.workload.project]
            verdict = self.judge.judge(live.rules, live.workload, project)
            if row is None:
                row = questions.enter(self.state, len(self.verdict_rows), verdict)
                self.verdict_rows[key] = row
            self.verdicts[row] = verdict
        return row, self.verdicts[row]

    def _decided(self) -> list[Decision]:
        """What the kernel has decided since last asked, in words."""
        s, count = self.state, int(self.state.number[k.DECIDED_N])
        decisions: list[Decision] = []
        for i in range(count):
            kind, row, other, lent, t = s.decided[i].item()
            live = self.by_row[row]
            if kind == k.PLACED:
                decisions.append(words.placement(self, live, bool(lent), t))
            else:
                decisions.append(words.reclaim(self, live, self.by_row.get(other), t))
        s.number[k.DECIDED_N] = 0
        return decisions

    # -- what can be asked ----------------------------------------------------------------------

    def nodes_of(self, row: int) -> tuple[tuple[int, int], ...]:
        """(node, accelerators on it) of a running job, by node; empty in a pool of equal units."""
        spans, i = [], int(self.state.job[row]["span"])
        while i >= 0:
            node, n, i, _ = self.state.span[i].item()
            spans.append((node, n))
        return tuple(sorted(spans))

    def standing(self, workload_id: str) -> Standing | None:
        """Where `workload_id` stands; None if it is not live."""
        live = self.live.get(workload_id)
        return standing_of(live, self.state, self.layout) if live else None

    def next_wake_s(self) -> int | None:
        """The next time at which TimePassed could change something. [epoch s]"""
        times = [self.timers[0][0]] if self.timers else []
        following = int(self.state.number[k.CHANGE_AT])
        if following < len(self.state.change):
            times.append(int(self.state.change[following]["t"]))
        return min(times, default=None)

    def snapshot(self) -> bytes:
        """All that it knows; an engine restored from it decides the same."""
        from allod.decide.snapshot import freeze  # noqa: PLC0415  (snapshot knows Engine)

        return freeze(self)

    @classmethod
    def restore(cls, data: bytes) -> Engine:
        """The engine of which `data` is a snapshot.

        Raises:
            InvalidInput: Another version made it; live through the log instead.
        """
        from allod.decide.snapshot import thaw  # noqa: PLC0415  (snapshot knows Engine)

        return thaw(cls, data)


_VERDICTS_MAX = 8192
_NOWHERE = Verdict((), (), {}, {})
