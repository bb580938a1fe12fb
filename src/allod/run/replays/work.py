"""The work that a node has recorded, for a replay of it: what was asked for and how long it ran."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Protocol

import orjson

from allod.run.log import WorkloadFilter, WorkloadRow
from allod.run.node_views import LIVE_STATES, State

Json = dict[str, Any]

WORKLOADS_MAX = 200_000  #: The latest; a replay of them is decided event by event.
_PAGE = 500
#: Between two pages, so that whoever submits is not kept waiting. [s]
_REST_S = 0.002
#: What the engine decides by. Commands and environments stay where they are: what is erased from
#: the log must not live on in a replay.
_DECIDED_BY = (
    "project",
    "kind",
    "accelerators",
    "models",
    "topology",
    "wall_time_s",
    "access_class",
    "sites",
    "reads",
    "writes",
    "residency",
    "flexibility",
    "on_reclaim",
    "on_node_failure",
)


class Rows(Protocol):
    """Workloads as they stand."""

    def workloads(
        self,
        where: WorkloadFilter,
        limit: int,
        after: int | None,
        *,
        newest_first: bool,
    ) -> list[WorkloadRow]:
        """A part of them."""


def recorded_work(rows: Rows) -> Iterator[Json]:
    """The latest workloads, latest first; without those that were cancelled before they began.

    What has not ended yet, and what was refused, is taken to need its wall time (`assumed`).
    """
    after, left = None, WORKLOADS_MAX
    while left > 0:
        page = rows.workloads(WorkloadFilter(), min(_PAGE, left), after, newest_first=True)
        for row in page:
            if (item := _item(row)) is not None:
                yield item
        if len(page) < _PAGE:
            return
        after, left = page[-1].ordinal, left - len(page)
        time.sleep(_REST_S)


def _item(row: WorkloadRow) -> Json | None:
    spec = orjson.loads(row.spec).get("spec") or {}
    if "project" not in spec or "wall_time_s" not in spec:
        return None  # It was erased.
    if row.state == State.CANCELLED and row.started_at_s is None:
        return None
    ended = State(row.state) not in LIVE_STATES and row.started_at_s is not None
    run_s = spec["wall_time_s"]
    if ended and row.started_at_s is not None and row.ended_at_s is not None:
        run_s = max(1, row.ended_at_s - row.started_at_s)
    return {
        "job_id": row.workload_id,
        "submit_s": row.submitted_at_s,
        "run_s": run_s,
        "wall_s": max(run_s, spec["wall_time_s"]),
        "assumed": not ended,
        "spec": {name: spec[name] for name in _DECIDED_BY if name in spec},
    }
