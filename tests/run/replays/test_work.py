"""The work that a node has recorded, for a replay of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from allod.run.log import WorkloadFilter, WorkloadRow
from allod.run.node_views import State
from allod.run.replays import work
from allod.run.replays.work import recorded_work

SPEC = {
    "project": "media",
    "accelerators": 4,
    "wall_time_s": 3600,
    "reads": ["weather"],
    "command": ["sh", "-c", "echo secret"],
    "environment": {"TOKEN": "secret"},
}
ROW = WorkloadRow(
    workload_id="w1",
    ordinal=1,
    project="media",
    class_name="all",
    site="fjord",
    pool="gb300",
    state=State.COMPLETED.value,
    accelerators=4,
    submitted_at_s=100,
    started_at_s=160,
    ended_at_s=460,
    run=1,
    exit_status=0,
    spec=orjson.dumps({"name": "a", "actor": "ada", "spec": SPEC}).decode(),
    reasons="{}",
    last_seq=9,
)


class Rows:
    def __init__(self, *rows: WorkloadRow) -> None:
        self.rows = sorted(rows, key=lambda row: -row.ordinal)

    def workloads(
        self, where: WorkloadFilter, limit: int, after: int | None, *, newest_first: bool
    ) -> list[WorkloadRow]:
        assert newest_first and where == WorkloadFilter()
        return [row for row in self.rows if after is None or row.ordinal < after][:limit]


def of(**change: Any) -> list[Any]:
    return list(recorded_work(Rows(replace(ROW, **change))))


def test_a_run_that_ended_is_taken_as_long_as_it_was_without_what_it_ran() -> None:
    (item,) = of()
    assert item == {
        "job_id": "w1",
        "submit_s": 100,
        "run_s": 300,
        "wall_s": 3600,
        "assumed": False,
        "spec": {
            "project": "media",
            "accelerators": 4,
            "wall_time_s": 3600,
            "reads": ["weather"],
        },
    }
    assert "secret" not in orjson.dumps(item).decode()


@pytest.mark.parametrize(
    ("change", "run_s", "assumed"),
    [
        ({"ended_at_s": 160}, 1, False),
        ({"ended_at_s": 9_000}, 8_840, False),
        ({"state": "running", "ended_at_s": None}, 3600, True),
        ({"state": "waiting", "started_at_s": None, "ended_at_s": None}, 3600, True),
        ({"state": "refused", "started_at_s": None}, 3600, True),
        ({"state": "cancelled"}, 300, False),
    ],
)
def test_what_has_not_ended_is_taken_to_need_its_wall_time(
    change: dict[str, Any], run_s: int, assumed: bool
) -> None:
    (item,) = of(**change)
    assert (item["run_s"], item["assumed"]) == (run_s, assumed)
    assert item["wall_s"] == max(run_s, 3600)


def test_what_was_cancelled_before_it_began_and_what_was_erased_is_left_out() -> None:
    assert of(state="cancelled", started_at_s=None) == []
    assert of(spec=orjson.dumps({"name": "", "actor": "", "spec": {}}).decode()) == []


def test_it_reads_page_by_page_up_to_the_latest_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Rows(*(replace(ROW, workload_id=f"w{i}", ordinal=i) for i in range(1, 8)))
    monkeypatch.setattr(work, "_PAGE", 3)
    names = [f"w{i}" for i in range(7, 0, -1)]
    assert [item["job_id"] for item in recorded_work(rows)] == names
    monkeypatch.setattr(work, "WORKLOADS_MAX", 5)
    assert [item["job_id"] for item in recorded_work(rows)] == names[:5]
