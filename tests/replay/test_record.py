"""A trace recorded event by event, and the log made again (E4)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from allod.errors import Different, InvalidInput
from allod.prove.encoding import canonical, decode, encode
from allod.replay.log import read_leaves, replay_leaves, replay_log
from allod.replay.record import Recorded, record_trace
from allod.replay.run import ReplayOptions
from tests.replay.conftest import Job, Replay, swf_text, users_of

STARTS_S = 1_767_225_600
Record = Callable[..., tuple[Recorded, list[dict[str, Any]]]]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Records jobs, or a trace file: the result, and each leaf."""

    def run(trace: Path | list[Job], **options: Any) -> tuple[Recorded, list[dict[str, Any]]]:
        if not isinstance(trace, Path):
            text, trace = swf_text(trace), tmp_path / "trace.swf"
            trace.write_text(text)
        log = tmp_path / "x.log"
        made = record_trace(ReplayOptions(trace=trace, **options), log)
        return made, [json.loads(line) for line in log.read_text().splitlines()]

    return run


def starts(leaves: list[dict[str, Any]]) -> dict[int, int]:
    """When the last run of each job began, by its number from 1."""
    return {
        int(leaf["body"]["workload_id"][1:]): leaf["body"]["at_s"]
        for leaf in leaves
        if leaf["kind"] == "decision/Placement"
    }


def tied_ends(leaves: list[dict[str, Any]]) -> bool:
    """True if somewhere a run reached its wall time at the very instant at which another ended."""
    walls: dict[tuple[str, int], int] = {}
    at_wall: Counter[int] = Counter()
    ends: Counter[int] = Counter()
    for leaf in leaves:
        body = leaf["body"]
        if leaf["kind"] == "decision/Placement":
            walls[body["workload_id"], body["run"]] = body["ends_at_s"]
        elif leaf["kind"] == "event/WorkloadEnded":
            ends[body["at_s"]] += 1
            at_wall[body["at_s"]] += body["at_s"] == walls[body["workload_id"], body["run"]]
    return any(count and ends[at_s] > 1 for at_s, count in at_wall.items())


@st.composite
def few_jobs(draw: st.DrawFn) -> list[Job]:
    jobs, at_s = [], 0
    for _ in range(draw(st.integers(1, 14))):
        at_s += draw(st.integers(0, 90))
        run_s = draw(st.integers(1, 300))
        wall_s = run_s + draw(st.sampled_from([0, 0, 17, 200]))
        jobs.append((at_s, run_s, wall_s, draw(st.integers(1, 8)), draw(st.integers(1, 6))))
    return jobs


@pytest.mark.parametrize("policy", ["fcfs", "easy", "charter"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(jobs=few_jobs())
def test_start_times_are_those_of_the_loop_where_no_ends_tie(
    record: Record, replay: Replay, scenario: Path, policy: str, jobs: list[Job]
) -> None:
    _, leaves = record(jobs, scenario=scenario, policy=policy)
    assume(not tied_ends(leaves))
    _, rows = replay(jobs, scenario=scenario, policy=policy)
    looped = {
        row["job_id"]: row["start_s"] + STARTS_S for row in rows if row["start_s"] is not None
    }
    assert starts(leaves) == looped


@pytest.mark.parametrize("policy", ["fcfs", "easy"])
def test_on_a_real_trace_the_start_times_are_those_of_the_loop(
    shared_data: Path, record: Record, replay: Replay, policy: str
) -> None:
    trace = shared_data / "traces/reference/sdsc5k.swf.gz"
    made, leaves = record(trace, pool=128, policy=policy)
    assert made.jobs == 4606
    _, rows = replay(trace, pool=128, policy=policy)
    assert starts(leaves) == {row["job_id"]: row["start_s"] for row in rows}


def test_a_line_holds_the_canonical_bytes(
    record: Record, replay: Replay, scenario: Path, tmp_path: Path
) -> None:
    users = users_of(replay, scenario)
    lent = [(30 * i, 200, 300, 1 + i % 8, users["surplus"]) for i in range(30)]
    owed = [(95 * i + 7, 100, 110, 2 + i % 3, users["start-ups"]) for i in range(10)]
    made, leaves = record(sorted(lent + owed), scenario=scenario)
    assert [leaf["seq"] for leaf in leaves] == list(range(len(leaves)))
    kinds = Counter(leaf["kind"] for leaf in leaves)
    assert kinds["event/WorkloadSubmitted"] == 40
    assert kinds["decision/Reclaim"] > 0
    assert kinds["event/WorkloadEnded"] == kinds["decision/Placement"]
    assert made.events + made.decisions == len(leaves)
    lines = (tmp_path / "x.log").read_bytes().splitlines()
    for line, leaf in zip(lines, leaves, strict=True):
        body = canonical(leaf["body"])
        assert line.endswith(b'"body":' + body + b"}")
        assert encode(decode(leaf["kind"], body)) == body
    outcomes = Counter(
        leaf["body"]["outcome"] for leaf in leaves if leaf["kind"] == "event/WorkloadEnded"
    )
    assert outcomes["reclaimed"] == kinds["decision/Reclaim"]


def test_a_log_is_made_again(record: Record, scenario: Path, tmp_path: Path) -> None:
    jobs: list[Job] = [(30 * i, 200, 300, 1 + i % 8, 1 + i % 5) for i in range(40)]
    for policy in ("charter", "easy"):
        made, leaves = record(jobs, scenario=scenario, policy=policy)
        again = replay_log(tmp_path / "x.log")
        assert again.first_difference is None
        assert (again.events, again.decisions) == (made.events, made.decisions)
        assert again.leaves == len(leaves)
        told = [(leaf["seq"], leaf["kind"], canonical(leaf["body"])) for leaf in leaves]
        assert replay_leaves(told).leaves == len(leaves)


def change(path: Path, kind: str, edit: Callable[[dict[str, Any]], None], which: int = -1) -> int:
    """Change one leaf of a log; its seq."""
    leaves = [json.loads(line) for line in path.read_text().splitlines()]
    chosen = [leaf for leaf in leaves if leaf["kind"] == kind][which]
    edit(chosen["body"])
    path.write_text("".join(json.dumps(leaf) + "\n" for leaf in leaves))
    return int(chosen["seq"])


def test_a_decision_that_was_changed_is_found(record: Record, tmp_path: Path) -> None:
    record([(0, 50, 60, 2, 1), (10, 50, 60, 4, 1)], pool=4)
    path = tmp_path / "x.log"
    seq = change(path, "decision/Placement", lambda body: body.update(accelerators=3))
    found = replay_log(path).first_difference
    assert isinstance(found, Different)
    assert f"leaf {seq} was decided otherwise" in found.message
    assert '"accelerators":3' in found.message  # What is recorded,
    assert '"accelerators":4' in found.message  # and what was made again.
    assert found.exit_code == 1


def test_an_event_that_was_changed_changes_what_follows(record: Record, tmp_path: Path) -> None:
    record([(0, 50, 60, 2, 1), (10, 50, 60, 4, 1)], pool=4)
    path = tmp_path / "x.log"
    change(path, "event/WorkloadSubmitted", lambda body: body["workload"].update(accelerators=3), 0)
    again = replay_log(path)
    assert again.first_difference is not None
    assert again.leaves < len(path.read_text().splitlines())


def test_a_decision_that_is_missing_is_found(record: Record, tmp_path: Path) -> None:
    record([(0, 50, 60, 2, 1)], pool=4)
    leaves = [
        (leaf.seq, leaf.kind, leaf.body)
        for leaf in read_leaves(tmp_path / "x.log")
        if leaf.kind != "decision/Placement"
    ]
    found = replay_leaves(leaves).first_difference
    assert found is not None
    assert "a decision is made that is not recorded" in found.message


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda text: text[:-40], "is not a leaf"),
        (lambda text: "hello\n" + text, "line 1: is not a leaf"),
        (lambda text: text.split("\n", 1)[1], "line 1: leaf 1 stands where 0 is next"),
        (lambda text: text.replace('"kind":"event/WorkloadEnded"', '"kind":7'), "stands where"),
    ],
    ids=["cut", "foreign", "headless", "kind"],
)
def test_what_is_no_log_is_said_with_its_line(
    record: Record, tmp_path: Path, edit: Callable[[str], str], said: str
) -> None:
    record([(0, 50, 60, 2, 1)], pool=4)
    path = tmp_path / "x.log"
    path.write_text(edit(path.read_text()))
    with pytest.raises(InvalidInput, match=said):
        replay_log(path)


def test_an_empty_log_has_nothing_to_differ(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(b"")
    assert replay_log(tmp_path / "x.log").leaves == 0
    with pytest.raises(InvalidInput, match="cannot be read"):
        replay_log(tmp_path / "none.log")


def test_the_log_appears_only_when_it_is_complete(tmp_path: Path, scenario: Path) -> None:
    trace = tmp_path / "trace.swf"
    trace.write_text(swf_text([(0, 50, 60, 2, 1)]))
    log = tmp_path / "x.log"
    with pytest.raises(InvalidInput, match="cannot be written"):
        record_trace(ReplayOptions(trace=trace, pool=4), tmp_path / "none/x.log")

    def stop(jobs: int) -> None:
        raise KeyboardInterrupt

    trace.write_text(swf_text((i, 5, 6, 1, 1) for i in range(1500)))
    with pytest.raises(KeyboardInterrupt):
        record_trace(ReplayOptions(trace=trace, pool=4), log, stop)
    assert not list(tmp_path.glob("x.log*"))


def test_windows_and_phases_open_without_an_event_of_work(
    record: Record, scenario: Path, tmp_path: Path
) -> None:
    scenario.write_text(
        scenario.read_text().replace("starts: 2026-01-01, acc", "starts: 2026-01-02, acc")
    )
    _, leaves = record([(0, 50, 60, 4, 1)], scenario=scenario)
    # Nothing is live before the second day: it waits, and starts when time has passed.
    assert "event/TimePassed" in {leaf["kind"] for leaf in leaves}
    assert starts(leaves) == {1: STARTS_S + 86_400}
    assert replay_log(tmp_path / "x.log").first_difference is None
