"""A replay from trace to result: windows, broken lines, chunks, refusals, who waits."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from allod.errors import InvalidInput
from allod.replay.report import summary
from allod.replay.run import Progress, ReplayOptions, replay_trace
from tests.replay.conftest import SCENARIO, Job, Replay, swf_text

JOBS: list[Job] = [
    (10, 100, 100, 2, 1),
    (20, 50, 60, 4, 2),
    (20, 30, 30, 1, 3),
    (90, 30, 40, 4, 1),
    (400, 10, 20, 9, 1),
]


def test_the_rules_of_easy_on_five_jobs(replay: Replay) -> None:
    _, jobs = replay(JOBS[:4], pool=4, policy="easy")
    # The second (4 units) waits until 110; the third ends at 50, before that, and goes first.
    assert [job["start_s"] for job in jobs] == [10, 110, 20, 160]
    _, jobs = replay(JOBS[:4], pool=4, policy="fcfs")
    assert [job["start_s"] for job in jobs] == [10, 110, 160, 190]


def test_however_many_ask_in_one_second_what_ends_early_then_ends_after_them(
    replay: Replay,
) -> None:
    head, short = (105, 50, 50, 2, 2), (105, 20, 30, 1, 4)
    crowd = [(105, 5, 1000, 1, 3)] * 3000
    _, jobs = replay([(0, 105, 500, 1, 1), head, *crowd, short], pool=2, policy="easy")
    # The last one still fits beside the first, which has not ended when all of them ask.
    assert (jobs[-1]["start_s"], jobs[1]["start_s"]) == (105, 125)


def test_what_is_larger_than_the_pool_is_refused_and_counted(replay: Replay) -> None:
    result, jobs = replay(JOBS, pool=4)
    assert (result.jobs, result.refused_jobs, result.waiting_jobs) == (5, 1, 0)
    assert result.refused == {("pool", "larger-than-pool"): 1}
    assert [job["decision"] for job in jobs] == ["placed"] * 4 + ["refused"]
    assert jobs[4]["reasons"] == "pool: larger-than-pool"
    assert jobs[4]["start_s"] is None
    assert summary(result)["refusals"] == [{"site": "pool", "code": "larger-than-pool", "jobs": 1}]


def test_only_what_is_submitted_in_the_window(replay: Replay) -> None:
    result, jobs = replay(JOBS, pool=4, from_s=20, to_s=400)
    assert [job["job_id"] for job in jobs] == [2, 3, 4]
    assert jobs[0]["start_s"] == 20
    assert (result.jobs, result.trace.jobs) == (3, 5)
    result, jobs = replay(JOBS, pool=4, from_s=10_000)
    assert (jobs, result.jobs, summary(result)["total"]["utilisation"]) == ([], 0, None)


def test_broken_lines_are_counted_or_stop_it(replay: Replay, tmp_path: Path) -> None:
    trace = tmp_path / "broken.swf"
    trace.write_text(swf_text(JOBS) + "this is no job\n" * 7)
    result, _ = replay(trace, pool=16)
    told = summary(result)["trace"]
    assert (result.jobs, told["broken"], len(told["broken_first"])) == (5, 7, 5)
    assert told["broken_first"][0]["line"] == 7
    with pytest.raises(InvalidInput, match="line 7"):
        replay(trace, pool=16, strict=True)


@pytest.mark.parametrize("policy", ["charter", "easy", "fcfs"])
def test_chunks_make_no_difference(
    shared_data: Path, root: Path, replay: Replay, policy: str
) -> None:
    trace = shared_data / "traces/helios_venus_gpu.parquet"
    scenario = root / "examples/helios.scenario.yaml"
    options: dict[str, Any] = {"scenario": scenario, "policy": policy, "to_s": 2_400_000}
    whole, jobs = replay(trace, **options)
    cut, jobs_cut = replay(trace, chunk_rows=97, **options)
    assert whole.jobs > 5000
    assert jobs_cut == jobs
    assert _without_times(summary(cut)) == _without_times(summary(whole))


def _without_times(told: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in told.items()
        if name not in ("setup_s", "read_s", "loop_s", "jobs_per_s")
    }


def test_chunks_make_no_difference_where_submissions_tie(replay: Replay) -> None:
    jobs = [(60 * (i // 7), 30 + i % 50, 90, 1 + i % 4, 1) for i in range(300)]
    _, whole = replay(jobs, pool=6, policy="easy")
    for rows in (1, 2, 5):
        assert replay(jobs, pool=6, policy="easy", chunk_rows=rows)[1] == whole


def test_who_never_ran_is_told_with_the_reason(
    replay: Replay, scenario: Path, tmp_path: Path
) -> None:
    scenario.write_text(
        SCENARIO.replace(
            "sector: media}",
            "sector: media, grants: [{accelerator_hours: 1, starts: 2026-01-01, "
            "ends: 2027-01-01}]}",
        ).replace("{project: startup, weight: 1}", "{project: startup, weight: 1000000}")
    )
    scenario.write_text(
        scenario.read_text().replace("      - {project: startup, weight: 1000000}\n", "")
    )
    result, jobs = replay([(i, 3000, 3600, 1, 1) for i in range(3)], scenario=scenario)
    # One hour was granted; the first leaves 600 s of it unused, too little for the others.
    assert [job["decision"] for job in jobs] == ["placed", "waiting", "waiting"]
    assert jobs[1]["reasons"] == "fjord: grant-used-up"
    assert result.waiting_jobs == 2
    assert summary(result)["waits_for"] == [
        {"project": "media", "jobs": 2, "reasons": ["fjord: grant-used-up"]}
    ]


def test_the_job_table_as_csv_and_parquet_say_the_same(replay: Replay, tmp_path: Path) -> None:
    _, rows = replay(JOBS, pool=4)
    trace = tmp_path / "trace.swf"
    replay_trace(ReplayOptions(trace=trace, pool=4, jobs=tmp_path / "jobs.csv"))
    with (tmp_path / "jobs.csv").open() as file:
        as_csv = list(csv.DictReader(file))
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows] == as_csv
    columns = "job_id submit_s start_s end_s accelerators site pool class decision reasons".split()
    assert pyarrow.parquet.read_schema(tmp_path / "jobs.parquet").names == columns


def test_nothing_is_left_behind_by_what_cannot_be_done(tmp_path: Path) -> None:
    trace = tmp_path / "trace.swf"
    trace.write_text(swf_text(JOBS))
    for wrong, said in (
        ({"pool": 4, "jobs": tmp_path / "jobs.txt"}, "unknown ending"),
        ({"pool": 4, "jobs": tmp_path / "no/jobs.csv"}, "there is no folder"),
        ({"pool": 0}, "--pool is 0"),
        ({}, "needs a world"),
        ({"pool": 4, "policy": "best"}, "unknown policy 'best'"),
        ({"scenario": tmp_path / "none.yaml"}, "cannot be read"),
    ):
        with pytest.raises(InvalidInput, match=said):
            replay_trace(ReplayOptions(trace=trace, **wrong))
    assert [path.name for path in tmp_path.iterdir()] == ["trace.swf"]


def test_progress_ends_with_all_jobs(tmp_path: Path) -> None:
    trace = tmp_path / "trace.swf"
    trace.write_text(swf_text(JOBS))
    seen: list[Progress] = []
    replay_trace(ReplayOptions(trace=trace, pool=16, chunk_rows=2), seen.append)
    assert [one.jobs for one in seen] == [2, 4, 5]
    assert seen[-1].read_bytes == seen[-1].total_bytes > 0


def test_without_a_table_no_job_is_kept(tmp_path: Path) -> None:
    trace = tmp_path / "trace.swf"
    trace.write_text(swf_text((10 * i, 5, 5, 1, 1) for i in range(4000)))
    result = replay_trace(ReplayOptions(trace=trace, pool=16, chunk_rows=100))
    assert result.jobs == 4000
    # Rows of the engine are used again: it never had room for a quarter of them.
    assert len(result.engine.state.job) <= 1024
    assert result.engine.live == {}
    assert result.waiting == ()
