"""Work that a node recorded, as a trace: what was asked for, and how long it really ran."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from allod.domain.event import Json
from allod.errors import InvalidInput

_COLUMNS = {
    "job_id": pa.string(),
    "submit_s": pa.int64(),
    "run_s": pa.int64(),
    "wall_s": pa.int64(),
    "accelerators": pa.int64(),
    "project": pa.string(),
}


def recorded(work: Path, table: Path, projects: Set[str], notes: list[str]) -> dict[str, Json]:
    """What each workload in the file `work` asked for; their jobs are then in `table` (parquet).

    Of projects that the world no longer has work is left out, and `notes` says how much.

    Raises:
        InvalidInput: There is none.
    """
    columns: dict[str, list[object]] = {name: [] for name in _COLUMNS}
    specs: dict[str, Json] = {}
    assumed = left_out = 0
    with work.open("rb") as lines:
        for line in lines:
            item = orjson.loads(line)
            if item["spec"]["project"] not in projects:
                left_out += 1
                continue
            assumed += item["assumed"]
            specs[item["job_id"]] = item["spec"]
            for name in _COLUMNS:
                columns[name].append(item[name] if name in item else item["spec"][name])
    if assumed:
        notes.append(
            f"{assumed} workloads did not run to an end: each is taken to need all its wall time"
        )
    if left_out:
        notes.append(f"{left_out} workloads are of projects that the world does not have")
    if not specs:
        raise InvalidInput(
            "the log holds no work that could be replayed",
            mend="send a trace to POST /v1/traces and name that",
        )
    pq.write_table(pa.table({n: pa.array(columns[n], t) for n, t in _COLUMNS.items()}), table)
    return specs
