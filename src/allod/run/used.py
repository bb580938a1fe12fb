"""What a run that has ended may have used, as far as its placement and its times tell."""

from __future__ import annotations

from allod.domain.decision import Footprint
from allod.run.log import WorkloadRow

_S_PER_H = 3600


def time_s(row: WorkloadRow) -> int | None:
    """How long the latest run took; None if it has not begun or not ended. [s]"""
    if row.started_at_s is None or row.ended_at_s is None:
        return None
    return max(0, row.ended_at_s - row.started_at_s)


def modelled_wh(row: WorkloadRow, power_w: int) -> int | None:
    """Energy of a run that has ended, rounded up: it may have drawn less, never more. [Wh]"""
    took_s = time_s(row)
    return None if took_s is None or not power_w else -(-power_w * took_s // _S_PER_H)


def modelled_part(row: WorkloadRow, whole: int | None, whole_s: int) -> int | None:
    """Of what was forecast for `whole_s`, the part for the time that the run took, rounded up."""
    took_s = time_s(row)
    if took_s is None or whole is None or whole_s <= 0:
        return None
    return -(-whole * took_s // whole_s)


def footprint_of(decision: dict[str, object]) -> Footprint | None:
    """What the placement in `decision` expects, if it is one and something was forecast."""
    told = decision.get("footprint")
    return Footprint(**told) if isinstance(told, dict) else None
