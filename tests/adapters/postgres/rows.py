"""Rows as short as a test wants them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from allod.run.log import Leaf, WorkloadRow


def leaves(first: int, count: int, body: bytes = b"{}") -> list[Leaf]:
    return [Leaf(seq, 100 + seq, "event/Told", body) for seq in range(first, first + count)]


def workload(ordinal: int, **changes: Any) -> WorkloadRow:
    row = WorkloadRow(
        workload_id=f"w-{ordinal}",
        ordinal=ordinal,
        project="climate",
        class_name="national",
        site="",
        pool="",
        state="waiting",
        accelerators=8,
        submitted_at_s=100,
        started_at_s=None,
        ended_at_s=None,
        run=0,
        exit_status=None,
        spec="{}",
        reasons="[]",
        last_seq=0,
    )
    return replace(row, **changes)
