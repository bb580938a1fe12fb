"""Start times equal those of the reference simulator, to the job."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest

from allod.replay.report import summary
from tests.replay.conftest import Replay

COLUMN = {"fcfs": "fcfs_batched", "easy": "easy_perevent"}
SEMANTICS = {"fcfs": "batched", "easy": "perevent"}


@pytest.mark.parametrize("policy", ["fcfs", "easy"])
@pytest.mark.parametrize(("name", "units"), [("sdsc5k", 128), ("hpc2n", 240), ("helios800", 800)])
def test_start_times_are_those_of_the_reference(
    shared_data: Path, replay: Replay, name: str, units: int, policy: str
) -> None:
    folder = shared_data / "traces/reference"
    with gzip.open(folder / f"{name}_starts.csv.gz", "rt") as file:
        wanted = {int(row["job"]): int(row[COLUMN[policy]]) for row in csv.DictReader(file)}
    result, jobs = replay(folder / f"{name}.swf.gz", pool=units, policy=policy)
    assert wanted == {job["job_id"]: job["start_s"] for job in jobs}

    expected = next(
        one
        for one in json.loads((folder / "expected.json").read_text())
        if (one["workload"], one["policy"], one["semantics"]) == (name, policy, SEMANTICS[policy])
    )
    total = summary(result)["total"]
    assert int(result.outcome.tally.wait_s.sum()) == expected["sum_wait"]
    assert total["wait_max_s"] == expected["max_wait"]
    assert summary(result)["span_s"] == expected["makespan"]
    assert total["utilisation"] == pytest.approx(expected["util"], abs=1e-6)
    # Slowdowns are summed in whole thousandths, each rounded down.
    assert expected["mean_bsld"] - 0.001 <= total["slowdown_mean"] <= expected["mean_bsld"]
