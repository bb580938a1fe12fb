"""The desk of replays: one at a time, kept over restarts, ended when nobody wants them."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from allod.adapters import replay_folder
from allod.errors import Conflict, InvalidInput, NotFound, Unavailable
from allod.run.replays.desk import Desk
from allod.run.replays.lane import OWN_FAULT
from allod.run.replays.ports import IllEnd
from allod.run.replays.views import ReplayState, TraceState
from tests.run.replays.asking import FACTS, NOW_S, Stage, desk_in, question, sent, until


@contextmanager
def open_desk(folder: Path, stage: Stage, **limits: Any) -> Iterator[Desk]:
    desk = desk_in(folder, stage, **limits)
    try:
        yield desk
    finally:
        desk.close()


def state_of(desk: Desk, id: str) -> ReplayState:
    return desk.get(id).state


def wait_for(desk: Desk, id: str, state: ReplayState) -> None:
    until(lambda: state_of(desk, id) is state)


def test_a_replay_of_a_trace_runs_and_its_outcome_is_kept(tmp_path: Path) -> None:
    stage = Stage()
    with open_desk(tmp_path, stage) as desk:
        trace = sent(desk, b"abc", "../../etc/passwd")
        assert (trace.bytes, trace.sha256) == (3, hashlib.sha256(b"abc").hexdigest())
        until(lambda: desk.traces.get(trace.id).state is TraceState.READY)
        made = desk.ask(question(trace.id, name="as it is"), actor="ada").replay
        played = stage.replay()
        assert Path(played.task["file"]).read_bytes() == b"abc"
        assert played.task["name"] == "../../etc/passwd" and played.task["jobs"] == 3
        assert [one["kind"] for one in played.task["documents"]][-1] == "Scenario"
        assert state_of(desk, made.id) is ReplayState.RUNNING
        with pytest.raises(Conflict, match=r"is running, and has no outcome yet"):
            desk.outcome(made.id)
        played.may_end.set()
        wait_for(desk, made.id, ReplayState.DONE)
        assert desk.outcome(made.id)["id"] == made.id
    # What a caller names is in no name of a file.
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} <= {
        "record.json",
        "trace",
        "world.json",
        "outcome.json",
    }
    with open_desk(tmp_path, Stage()) as again:
        assert again.outcome(made.id)["name"] == "as it is"
        assert again.traces.get(trace.id).facts == desk.traces.get(trace.id).facts


def test_one_runs_and_the_others_wait_in_order_up_to_a_number(tmp_path: Path) -> None:
    stage = Stage()
    with open_desk(tmp_path, stage, replays_queued=2) as desk:
        trace = sent(desk)
        ids = [desk.ask(question(trace.id)).replay.id]
        stage.replay()
        ids += [desk.ask(question(trace.id)).replay.id for _ in range(2)]
        assert [desk.get(id).waits_behind for id in ids] == [None, 1, 2]
        with pytest.raises(Unavailable, match="2 replays wait"):
            desk.ask(question(trace.id))
        assert len(stage.of_replays()) == 1
        for number, id in enumerate(ids):
            stage_of = until(lambda n=number: stage.of_replays()[n : n + 1])[0]
            assert state_of(desk, id) is ReplayState.RUNNING
            stage_of.may_end.set()
            wait_for(desk, id, ReplayState.DONE)
        assert [view.id for view in desk.all()] == ids[::-1]


def test_a_cancelled_replay_ends_its_process_and_leaves_nothing(tmp_path: Path) -> None:
    stage = Stage()
    with open_desk(tmp_path, stage) as desk:
        trace = sent(desk)
        runs, waits = (desk.ask(question(trace.id)).replay.id for _ in range(2))
        played = stage.replay()
        (tmp_path / runs / "outcome.json.part").write_bytes(b"half")
        assert desk.cancel(waits).state is ReplayState.CANCELLED
        with pytest.raises(Conflict, match="cancel it first"):
            desk.remove(runs)
        assert desk.cancel(runs).state is ReplayState.CANCELLED
        assert played.stopped.wait(10)
        until(lambda: not (tmp_path / runs / "outcome.json.part").exists())
        assert desk.cancel(runs).state is ReplayState.CANCELLED
        third = desk.ask(question(trace.id)).replay.id
        until(lambda: len(stage.of_replays()) == 2)
        stage.replay().may_end.set()
        wait_for(desk, third, ReplayState.DONE)
        desk.remove(runs)
        with pytest.raises(NotFound):
            desk.get(runs)
        assert not (tmp_path / runs).exists()


def test_what_runs_when_the_node_ends_is_interrupted_and_what_waits_runs_later(
    tmp_path: Path,
) -> None:
    stage = Stage()
    with open_desk(tmp_path, stage) as desk:
        trace = sent(desk)
        runs, waits = (desk.ask(question(trace.id)).replay.id for _ in range(2))
        played = stage.replay()
    assert played.stopped.is_set()
    stage = Stage()
    stage.replays_wait = False
    with open_desk(tmp_path, stage) as desk:
        assert state_of(desk, runs) is ReplayState.INTERRUPTED
        wait_for(desk, waits, ReplayState.DONE)
        assert len(stage.of_replays()) == 1


def test_what_ran_when_the_node_was_killed_is_interrupted(tmp_path: Path) -> None:
    stage = Stage()
    desk = desk_in(tmp_path, stage)
    id = desk.ask(question(sent(desk).id)).replay.id
    stage.replay()
    until(lambda: b'"running"' in (tmp_path / id / "record.json").read_bytes())
    half = tmp_path / id / ".work.jsonl.new"
    half.write_bytes(b"half of what was copied out of the log")
    (tmp_path / "trace-0123456789ab").mkdir()  # Of another kind: not a replay.
    (tmp_path / "traces/trace-0123456789ab").mkdir()  # It was only coming.
    (tmp_path / "replay-0123456789ab").mkdir()
    (tmp_path / "replay-0123456789ab/record.json").write_bytes(b"{torn")
    with open_desk(tmp_path, Stage()) as after:
        assert state_of(after, id) is ReplayState.INTERRUPTED
        assert after.get(id).progress is None
        assert not half.exists()
        assert [view.id for view in after.all()] == [id]
        assert not (tmp_path / "traces/trace-0123456789ab").exists()
        assert (tmp_path / "replay-0123456789ab/record.json").exists()
    desk.close()


def test_a_trace_that_was_not_read_to_its_end_is_read_by_the_next_node(tmp_path: Path) -> None:
    stage = Stage()
    stage.reads_wait = True
    with open_desk(tmp_path, stage) as desk:
        trace = sent(desk)
        until(lambda: stage.played)
        waits = desk.ask(question(trace.id)).replay.id
        assert state_of(desk, waits) is ReplayState.QUEUED
    stage = Stage()
    stage.replays_wait = False
    with open_desk(tmp_path, stage) as desk:
        wait_for(desk, waits, ReplayState.DONE)
        assert desk.traces.get(trace.id).state is TraceState.READY


def test_a_trace_that_cannot_be_read_says_so_and_fails_what_waits_for_it(tmp_path: Path) -> None:
    stage = Stage()
    stage.reads_wait = True
    with open_desk(tmp_path, stage) as desk:
        trace = sent(desk)
        waits = desk.ask(question(trace.id)).replay.id
        reading = until(lambda: stage.played)[0]
        reading.says.append({"error": {"message": "mine.csv is empty", "mend": "send another"}})
        reading.may_end.set()
        wait_for(desk, waits, ReplayState.FAILED)
        fault = desk.get(waits).fault
        assert fault is not None and "mine.csv is empty" in fault.message
        assert fault.field == "trace" and fault.mend == "send another"
        assert desk.traces.get(trace.id).state is TraceState.UNREADABLE
        with pytest.raises(InvalidInput, match=r"cannot be read: mine\.csv is empty"):
            desk.ask(question(trace.id))


@pytest.mark.parametrize(
    ("says", "ends", "message"),
    [
        ([{"error": {"message": "no site", "field": "documents"}}], None, "no site"),
        ([], IllEnd("was killed", killed=True), "its process was killed"),
        ([], IllEnd("ended with status 1", killed=False), OWN_FAULT.message),
    ],
)
def test_a_replay_that_fails_says_why(
    tmp_path: Path, says: list[Any], ends: IllEnd | None, message: str
) -> None:
    stage = Stage()
    with open_desk(tmp_path, stage) as desk:
        id = desk.ask(question(sent(desk).id)).replay.id
        played = stage.replay()
        played.says, played.ends = says, ends
        played.may_end.set()
        wait_for(desk, id, ReplayState.FAILED)
        fault = desk.get(id).fault
        assert fault is not None and fault.message == message


def test_a_replay_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    stage = Stage()
    with open_desk(tmp_path, stage, time_max_s=1) as desk:
        id = desk.ask(question(sent(desk).id)).replay.id
        assert stage.replay().stopped.wait(10)
        wait_for(desk, id, ReplayState.FAILED)
        fault = desk.get(id).fault
        assert fault is not None and "more than 1 s" in fault.message


def test_no_process_is_a_failure_and_the_next_one_is_tried(tmp_path: Path) -> None:
    stage = Stage()
    stage.reads_wait = True
    with open_desk(tmp_path, stage) as desk:
        trace = sent(desk)
        until(lambda: stage.played)[0].may_end.set()
        until(lambda: desk.traces.get(trace.id).state is TraceState.READY)
        stage.fault = Unavailable("no process for it can be started")
        id = desk.ask(question(trace.id)).replay.id
        wait_for(desk, id, ReplayState.FAILED)
        stage.fault, stage.replays_wait = None, False
        wait_for(desk, desk.ask(question(trace.id)).replay.id, ReplayState.DONE)


def test_a_full_disk_keeps_nothing_and_says_no_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage()
    with open_desk(tmp_path, stage) as desk:
        trace = sent(desk)
        until(lambda: desk.traces.get(trace.id).state is TraceState.READY)

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path))

        with monkeypatch.context() as patch:
            patch.setattr(replay_folder, "write_whole", full)
            with pytest.raises(Unavailable, match="no space left") as raised:
                desk.ask(question(trace.id))
            assert str(tmp_path) not in str(raised.value)
            arriving = desk.traces.receive("other")
            arriving.write(b"x")
            with pytest.raises(Unavailable):
                arriving.keep()
            arriving.drop()
        assert desk.all() == [] and len(desk.traces.all()) == 1
        assert len(list((tmp_path / "traces").iterdir())) == 1
        stage.replays_wait = False
        wait_for(desk, desk.ask(question(trace.id)).replay.id, ReplayState.DONE)


def test_a_key_whose_replay_the_disk_could_not_take_is_free_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_desk(tmp_path, Stage()) as desk:
        trace = sent(desk).id
        until(lambda: desk.traces.get(trace).state is TraceState.READY)
        whole = replay_folder.write_whole

        def full_soon(file: Path, *rest: Any) -> None:
            if file.name == replay_folder.RECORD:
                raise OSError(errno.ENOSPC, "No space left on device")
            whole(file, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(replay_folder, "write_whole", full_soon)
            with pytest.raises(Unavailable):
                desk.ask(question(trace), actor="ada", key="k")
        assert not list(tmp_path.glob("replay-*"))
        assert not desk.ask(question(trace), actor="ada", key="k").repeated


def test_a_trace_that_went_fails_its_replay_and_no_other(tmp_path: Path) -> None:
    """Its folder cannot be read, or it was removed while the replay was asked for."""
    with open_desk(tmp_path, Stage()) as desk:
        lost, kept = (sent(desk).id for _ in range(2))
        ids = [desk.ask(question(trace)).replay.id for trace in (kept, lost, kept)]
    (tmp_path / "traces" / lost / "record.json").write_bytes(b"{torn")
    stage = Stage()
    stage.replays_wait = False
    with open_desk(tmp_path, stage) as again:
        wait_for(again, ids[1], ReplayState.FAILED)
        fault = again.get(ids[1]).fault
        assert fault is not None and "there is no trace" in fault.message
        wait_for(again, ids[2], ReplayState.DONE)


def test_an_end_that_the_disk_cannot_take_is_an_end_and_what_cannot_begin_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage()
    with open_desk(tmp_path, stage) as desk:
        trace = sent(desk).id
        id, following = (desk.ask(question(trace)).replay.id for _ in range(2))
        played = stage.replay()

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(replay_folder, "write_whole", full)
            played.may_end.set()
            wait_for(desk, id, ReplayState.DONE)
            wait_for(desk, following, ReplayState.FAILED)
            assert len(stage.of_replays()) == 1


def test_what_a_process_says_that_nobody_understands_ends_it(tmp_path: Path) -> None:
    stage = Stage()
    with open_desk(tmp_path, stage) as desk:
        id = desk.ask(question(sent(desk).id)).replay.id
        played = stage.replay()
        played.says = [{"progress": {"of_another_version": 1}}]
        played.may_end.set()
        wait_for(desk, id, ReplayState.FAILED)
        fault = desk.get(id).fault
        assert fault is not None and "an error of its own" in fault.message
        assert played.stopped.is_set()


def test_the_same_key_gets_the_same_replay(tmp_path: Path) -> None:
    with open_desk(tmp_path, Stage()) as desk:
        trace = sent(desk).id
        first = desk.ask(question(trace, seed=1), actor="ada", key="k")
        again = desk.ask(question(trace, seed=1), actor="ada", key="k")
        assert again.repeated and again.replay.id == first.replay.id
        with pytest.raises(Conflict, match="stands for another"):
            desk.ask(question(trace, seed=2), actor="ada", key="k")
        assert not desk.ask(question(trace, seed=2), actor="bo", key="k").repeated
    with open_desk(tmp_path, Stage()) as desk:
        assert desk.ask(question(trace, seed=1), actor="ada", key="k").repeated


def test_the_oldest_that_has_ended_goes_and_never_one_that_may_run(tmp_path: Path) -> None:
    stage = Stage()
    with open_desk(tmp_path, stage, replays_kept=2) as desk:
        trace = sent(desk).id
        first = desk.ask(question(trace)).replay.id
        stage.replay()
        others = [desk.ask(question(trace)).replay.id for _ in range(2)]
        assert [view.id for view in desk.all()] == [others[1], others[0], first]
        desk.cancel(others[0])
        fourth = desk.ask(question(trace)).replay.id
        assert [view.id for view in desk.all()] == [fourth, others[1], first]
        assert not (tmp_path / others[0]).exists()


def test_a_trace_goes_when_others_come_unless_a_replay_needs_it(tmp_path: Path) -> None:
    stage = Stage()
    with open_desk(tmp_path, stage, traces_kept=2) as desk:
        needed, other = sent(desk), sent(desk)
        desk.ask(question(needed.id))
        stage.replay()
        with pytest.raises(Conflict, match="a replay needs this trace"):
            desk.traces.remove(needed.id)
        third = sent(desk)
        assert {view.id for view in desk.traces.all()} == {needed.id, third.id}
        assert not (tmp_path / "traces" / other.id).exists()
        desk.ask(question(third.id))
        with pytest.raises(Unavailable, match="replays need them"):
            desk.traces.receive("one more")


def test_a_trace_that_never_came_costs_nobody_one(tmp_path: Path) -> None:
    with open_desk(tmp_path, Stage(), traces_kept=1) as desk:
        kept = sent(desk).id
        arriving = desk.traces.receive("other")
        arriving.write(b"x")
        arriving.drop()
        assert [view.id for view in desk.traces.all()] == [kept]
        other = sent(desk).id
        assert [view.id for view in desk.traces.all()] == [other]


def test_only_so_many_traces_come_at_once_and_a_dropped_one_makes_room(tmp_path: Path) -> None:
    with open_desk(tmp_path, Stage()) as desk:
        coming = [desk.traces.receive("x") for _ in range(4)]
        with pytest.raises(Unavailable, match="4 traces are coming"):
            desk.traces.receive("x")
        coming[0].drop()
        coming[1].write(b"x")
        coming[1].keep()
        coming += [desk.traces.receive("x") for _ in range(2)]
        for arriving in coming[2:]:
            arriving.drop()


@pytest.mark.parametrize(
    ("first_submit_s", "starts"), [(5, NOW_S - NOW_S % 86_400), (1_700_000_000, 0)]
)
def test_a_trace_begins_today_unless_its_clock_says_when_it_was(
    tmp_path: Path, first_submit_s: int, starts: int
) -> None:
    stage = Stage()
    stage.reads_wait = True
    with open_desk(tmp_path, stage) as desk:
        trace = sent(desk)
        reading = until(lambda: stage.played)[0]
        reading.says.append({"trace": FACTS | {"first_submit_s": first_submit_s}})
        reading.may_end.set()
        id = desk.ask(question(trace.id)).replay.id
        assert stage.replay().task["documents"][-1]["spec"]["starts"] == starts
        assert desk.get(id).inputs.starts == starts


def test_recorded_work_is_copied_for_the_replay_and_goes_with_it(tmp_path: Path) -> None:
    stage = Stage()
    item = {"job_id": "w1", "spec": {"project": "media"}}
    with open_desk(tmp_path, stage, work=[item]) as desk:
        id = desk.ask(question("log")).replay.id
        work = Path(stage.replay().task["work"])
        assert orjson.loads(work.read_bytes()) == item
        assert desk.get(id).inputs.trace_sha256 == hashlib.sha256(work.read_bytes()).hexdigest()
        assert work.stat().st_mode & 0o077 == 0
        stage.replay().may_end.set()
        wait_for(desk, id, ReplayState.DONE)
        assert not work.exists()
