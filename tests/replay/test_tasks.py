"""What a process that replays for a node does with its tasks."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from allod.domain.document import read_documents
from allod.errors import InvalidInput
from allod.replay.asked import _told
from allod.replay.tasks import read, replay
from allod.replay.traces.table import CHUNK_ROWS
from tests.replay.conftest import SCENARIO, swf_text

Json = dict[str, Any]
HOUR_S = 3600
STARTS_S = 1_767_225_600  # 2026-01-01, as in SCENARIO.


def documents(text: str = SCENARIO) -> list[Json]:
    """As the desk tells them: the scenario last."""
    found = [one.to_json() for one in read_documents(text)]
    return sorted(found, key=lambda item: item["kind"] == "Scenario")


@pytest.fixture
def lived(tmp_path: Path) -> Callable[..., tuple[Json, list[Json]]]:
    """Does a task: the outcome, and what was said."""

    def live(trace: str = "", **more: Any) -> tuple[Json, list[Json]]:
        file, outcome = tmp_path / "trace", tmp_path / "outcome.json"
        if trace:
            file.write_text(trace)
        task = {
            "task": "replay",
            "file": str(file),
            "name": "mine.swf",
            "format": None,
            "outcome": str(outcome),
            "work": None,
            "jobs": trace.count("\n") - 1,
            "documents": documents(),
            "pool": None,
            "policy": None,
            "from_s": None,
            "to_s": None,
            "seed": 0,
            "strict": False,
            "memory_bytes": 4 << 30,
        }
        said: list[Json] = []
        replay(task | more, said.append)
        return orjson.loads(outcome.read_bytes()), said

    return live


def figure(outcome: Json, name: str, scope: str = "all", of: str = "") -> Any:
    (found,) = (
        one["value"]
        for one in outcome["figures"]
        if (one["name"], one["scope"], one["of"]) == (name, scope, of)
    )
    return found


def test_reading_says_what_a_trace_is(tmp_path: Path) -> None:
    file = tmp_path / "trace"
    jobs = [(60 * i, 600, HOUR_S, 2, 1) for i in range(5)]
    text = swf_text(jobs).replace(";", "one two\n;", 1).split("\n", 1)[1] + "one two\n"
    file.write_bytes(gzip.compress(text.encode()))
    said: list[Json] = []
    read({"file": str(file), "name": "x", "format": None}, said.append)
    facts = said[-1]["trace"]
    assert (facts["format"], facts["jobs"], facts["broken"]) == ("swf", 5, 1)
    assert (facts["first_submit_s"], facts["last_submit_s"]) == (0, 240)
    assert (facts["accelerators_max"], facts["accelerator_h"]) == (2, round(5 * 1200 / 3600, 2))
    assert facts["broken_first"][0]["text"] == "one two"


def test_a_trace_without_a_job_is_none(tmp_path: Path) -> None:
    file = tmp_path / "trace"
    file.write_text(swf_text([(0, 0, 60, 1, 1)]))
    with pytest.raises(InvalidInput, match=r"mine\.swf has no job that can be replayed"):
        read({"file": str(file), "name": "mine.swf", "format": None}, [].append)


def test_an_error_has_the_caller_s_name_of_the_trace_and_no_path(tmp_path: Path) -> None:
    file = tmp_path / "trace"
    file.write_text("nothing that anybody knows\n")
    task = {"file": str(file), "name": "mine.swf", "format": None}
    with pytest.raises(InvalidInput) as raised:
        read(task, [].append)
    told = _told(raised.value, task)
    assert told["message"].startswith("mine.swf is not of any known trace format")
    assert str(tmp_path) not in orjson.dumps(told).decode()


def test_the_figures_are_those_of_the_summary_and_by_project(lived: Any) -> None:
    # Eight accelerators: the second job waits for the first, whosever they are.
    outcome, said = lived(swf_text([(0, 600, 600, 8, 1), (0, 600, 600, 8, 1)]))
    assert figure(outcome, "jobs") == 2 and figure(outcome, "placed") == 2
    assert figure(outcome, "wait_mean_s") == 300 and figure(outcome, "wait_max_s") == 600
    assert figure(outcome, "floors_broken") == 0
    (project,) = {one["of"] for one in outcome["figures"] if one["scope"] == "project"}
    assert figure(outcome, "placed", "project", project) == 2
    assert figure(outcome, "wait_p99_s", "project", project) == 600
    assert all(one["unit"] and one["basis"] for one in outcome["figures"])
    assert len(
        {tuple(one[k] for k in ("name", "scope", "site", "of")) for one in outcome["figures"]}
    ) == len(outcome["figures"])
    assert said[-1] == {"done": True}
    last = said[-2]["progress"]
    assert (last["phase"], last["jobs"]) == ("reporting", 2)
    assert last["simulated_at_s"] == STARTS_S + 1200
    assert outcome["trace"]["name"] == "mine.swf"


def test_use_over_time_is_what_was_at_work(lived: Any) -> None:
    outcome, _ = lived(swf_text([(0, 2 * HOUR_S, 2 * HOUR_S, 4, 1)]))
    use = next(one for one in outcome["series"] if one["name"] == "utilisation")
    assert (use["start_s"], use["step_s"]) == (STARTS_S, HOUR_S)
    assert use["values"] == [0.5, 0.5]
    power = next(one for one in outcome["series"] if one["name"] == "power")
    hours = sum(power["values"]) * power["step_s"] / 3600
    assert hours == pytest.approx(figure(outcome, "energy_wh"), rel=0.001)


def test_a_long_replay_has_few_points(lived: Any) -> None:
    days = 400
    jobs = [(day * 86_400, 600, 600, 1, 1) for day in range(days)]
    outcome, _ = lived(swf_text(jobs))
    for one in outcome["series"]:
        assert 500 <= len(one["values"]) <= 1000
        assert one["step_s"] * len(one["values"]) >= (days - 1) * 86_400
    running = next(one for one in outcome["series"] if one["name"] == "running")
    at_work = sum(running["values"]) * running["step_s"]
    # Rounded to a tenth in each step.
    assert at_work == pytest.approx(days * 600, abs=0.05 * running["step_s"] * 1000)


def test_progress_counts_jobs_of_all_or_says_that_it_does_not_know(lived: Any) -> None:
    jobs = swf_text([(i, 10, 10, 1, 1) for i in range(100)])
    _, said = lived(jobs, jobs=100)
    seen = [one["progress"] for one in said if "progress" in one]
    assert {one["phase"] for one in seen} >= {"reading", "reporting"}
    assert all(one["jobs_total"] == 100 for one in seen)
    _, said = lived(jobs, jobs=100, to_s=50)
    seen = [one["progress"] for one in said if "progress" in one]
    assert seen[0]["jobs_total"] is None and seen[-1]["jobs"] == 50


def test_a_charter_of_another_shape_comes_to_other_waits(lived: Any) -> None:
    # Ada's surplus fills the site; a start-up wants its floor back.
    text = swf_text([(0, HOUR_S, HOUR_S, 8, user) for user in range(1, 9)])
    with_floor, _ = lived(text)
    charter = documents(SCENARIO.replace("floor: 4, ", ""))
    without, _ = lived(text, documents=charter)
    classes = {one["of"] for one in with_floor["figures"] if one["scope"] == "class"}
    assert classes == {"start-ups", "surplus"}
    assert figure(with_floor, "placed") == figure(without, "placed") == 8
    assert [one["access_class"] for one in with_floor["floors"]] == ["start-ups"]
    assert without["floors"] == []


def test_a_pool_needs_no_world(lived: Any) -> None:
    outcome, _ = lived(swf_text([(0, 60, 60, 8, 1)]), documents=[], pool=8)
    assert outcome["policy"] == "easy" and figure(outcome, "placed") == 1


# ---------------------------------------------------------------- recorded work

DATASET = """\
---
apiVersion: allod/v1
kind: Dataset
metadata: {name: moroccan}
spec:
  title: Bound to Morocco
  residency: {storage: [MA], processing: [MA], management: [MA]}
"""


def recorded(tmp_path: Path, *items: Json) -> Json:
    work = tmp_path / "work.jsonl"
    work.write_bytes(b"".join(orjson.dumps(item) + b"\n" for item in items))
    world = documents(SCENARIO + DATASET)
    world[-1]["spec"]["starts"] = 0
    return {"work": str(work), "jobs": None, "documents": world, "format": "allod"}


def workload(number: int, submit_s: int = 0, **more: Any) -> Json:
    spec = {"project": "media", "accelerators": 2, "wall_time_s": HOUR_S}
    known = {name: more.pop(name) for name in ("run_s", "assumed") if name in more}
    return {
        "job_id": f"w{number}",
        "submit_s": STARTS_S + submit_s,
        "run_s": 600,
        "wall_s": HOUR_S,
        "assumed": False,
        "spec": spec | more,
        **known,
    }


def test_recorded_work_keeps_its_data_and_its_rules(lived: Any, tmp_path: Path) -> None:
    # Latest first, as the node writes it; the law of the dataset binds only the first.
    bound = workload(1, reads=["moroccan"])
    task = recorded(tmp_path, workload(2, 60), bound)
    outcome, _ = lived("", **task)
    assert figure(outcome, "jobs") == 2 and figure(outcome, "refused") == 1
    assert figure(outcome, "placed", "project", "media") == 1
    assert {one["code"] for one in outcome["refusals"]} >= {"processing-not-permitted"}
    assert outcome["first_submit_at_s"] == STARTS_S + 60
    assert str(tmp_path) not in orjson.dumps(outcome).decode()


def test_what_is_assumed_of_recorded_work_and_what_is_left_out_is_said(
    lived: Any, tmp_path: Path
) -> None:
    task = recorded(
        tmp_path,
        workload(4, 3, reads=["of-another-world"]),
        workload(3, 2, project="gone"),
        workload(2, 1, assumed=True, run_s=HOUR_S),
        workload(1),
    )
    outcome, _ = lived("", **task)
    assert figure(outcome, "placed") == 2
    first, second, third = outcome["trace"]["notes"]
    assert first.startswith("1 workloads did not run to an end")
    assert second == "1 workloads are of projects that the world does not have"
    assert third.startswith("1 workloads name what the world no longer has")


def test_a_log_without_work_says_so(lived: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no work"):
        lived("", **recorded(tmp_path))


def test_the_size_of_chunks_changes_nothing(lived: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [(i // 3 * 20, 50 + i % 7, 100, 1 + i % 5, i % 9) for i in range(300)]
    found = []
    for rows in (7, CHUNK_ROWS):
        monkeypatch.setattr("allod.replay.tasks._CHUNK_ROWS", rows)
        outcome, _ = lived(swf_text(jobs))
        found.append({**outcome, "read_s": 0, "loop_s": 0})
    assert found[0] == found[1]
