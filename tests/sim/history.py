"""What must be true of a node's log, views and runs, however often it was killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from allod.adapters.postgres import EmbeddedServer, Store
from allod.domain.decision import Placement
from allod.domain.event import Outcome, WorkloadEnded, WorkloadSubmitted
from allod.errors import Different
from allod.run.engine import EngineMaker
from allod.run.log import WorkloadFilter
from allod.run.node_views import LIVE_STATES, State
from allod.run.records import is_event, record_of
from allod.run.recovery import make_again, views_differ, workload_rows


@dataclass(slots=True)
class Told:
    """What the log tells."""

    names: dict[str, str] = field(default_factory=dict)  #: Name of each workload, by id.
    placed: Counter[tuple[str, int]] = field(default_factory=Counter)
    ended: dict[tuple[str, int], Outcome] = field(default_factory=dict)
    events: int = 0


def faults(
    data_dir: Path, maker: EngineMaker[Any], acknowledged: Mapping[str, str], marks: Path
) -> Iterator[str]:
    """All that is wrong in the data folder of a node that has ended.

    `acknowledged` is the id that was answered, by key; keys are the names of the workloads. Every
    command appended a line with the number of its run to a file of `marks` named by its id.
    """
    server = EmbeddedServer(data_dir)
    server.start()
    try:
        with Store.open(server.url()) as store:
            yield from _faults_of_log(store, maker)
            told = _told(store)
            yield from _faults_of_answers(told, acknowledged)
            yield from _faults_of_runs(told, marks)
            yield from _faults_of_ends(store)
    finally:
        server.stop()


def _faults_of_log(store: Store, maker: EngineMaker[Any]) -> Iterator[str]:
    if difference := views_differ(store):
        yield f"a view differs from the one folded anew: {difference}"
    if store.views_seq() != store.tail():
        yield f"the views end at {store.views_seq()}, the log at {store.tail()}"
    try:
        for _ in make_again(store.read(), maker.new()):
            pass
    except Different as error:
        yield f"the log is not made again: {error}"
    # A stop that is not due yet may be open though its run has ended before.
    for act in store.acts_due(1 << 53, 10):
        if act.verb == "start":
            yield f"act {act.act_id} is still open"


def _told(store: Store) -> Told:
    told = Told()
    at_s = 0
    for expected, leaf in enumerate(store.read()):
        assert leaf.seq == expected, f"leaf {leaf.seq} stands where {expected} belongs"
        assert leaf.at_s >= at_s, f"leaf {leaf.seq} goes back in time"
        at_s = leaf.at_s
        told.events += is_event(leaf)
        match record_of(leaf):
            case WorkloadSubmitted(workload_id=workload_id, name=name):
                told.names[workload_id] = name
            case Placement(workload_id=workload_id, run=run):
                told.placed[workload_id, run] += 1
            case WorkloadEnded(workload_id=workload_id, run=run, outcome=outcome):
                assert (workload_id, run) not in told.ended, f"{workload_id}.{run} ended twice"
                told.ended[workload_id, run] = outcome
            case _:
                pass
    return told


def _faults_of_answers(told: Told, acknowledged: Mapping[str, str]) -> Iterator[str]:
    for key, workload_id in acknowledged.items():
        if told.names.get(workload_id) != key:
            yield f"{workload_id}, answered to {key}, is {told.names.get(workload_id)} in the log"
    for name, count in Counter(told.names.values()).items():
        if count > 1:
            yield f"key {name} made {count} workloads"


def _faults_of_runs(told: Told, marks: Path) -> Iterator[str]:
    for run, count in told.placed.items():
        if count > 1:
            yield f"run {run} was placed {count} times"
    begun = Counter(
        (file.name, int(line)) for file in marks.iterdir() for line in file.read_text().split()
    )
    for run, count in begun.items():
        if run not in told.placed:
            yield f"run {run} began and was never placed"
        if count > 1:
            yield f"run {run} began {count} times"
    for run, outcome in told.ended.items():
        if outcome is Outcome.COMPLETED and not begun[run]:
            yield f"run {run} is completed and never began"
        if outcome in (Outcome.FAILED, Outcome.TIMEOUT):
            yield f"run {run} ended as {outcome.value}, which none should"
    for run in told.placed:
        if run not in told.ended:
            yield f"run {run} was placed and has not ended"


def _faults_of_ends(store: Store) -> Iterator[str]:
    live = tuple(state.value for state in LIVE_STATES)
    for row in workload_rows(store, WorkloadFilter(states=live)):
        if row.state != State.WAITING:
            yield f"{row.workload_id} is still {row.state}"
