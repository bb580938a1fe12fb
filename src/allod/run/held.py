"""Held: the room that placed work has at one site, read while the controller rests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from allod.run.standing import Standing


@dataclass(frozen=True, slots=True)
class Held:
    """A workload that holds room."""

    workload_id: str
    project: str
    access_class: str
    lent: bool
    pool: str
    accelerators: int
    nodes: Sequence[Sequence[int]]  #: (node of the pool, accelerators on it); empty: equal units.
    ends_at_s: int | None  #: When its wall time runs out. [epoch s]
    stop_at_s: int | None  #: When it is to be stopped. [epoch s]
    saved_w: int  #: What a cap that is set takes off its draw. [W]
    saved_until_s: int  #: Until when. [epoch s]


def held_at(site: str, live: Iterable[Standing]) -> list[Held]:
    """What holds room at `site`, in the order of asking."""
    return [
        Held(
            workload_id=one.workload_id,
            project=one.project,
            access_class=one.class_name,
            lent=one.placed.lent,
            pool=one.pool,
            accelerators=one.accelerators,
            nodes=one.placed.nodes,
            ends_at_s=one.placed.ends_at_s,
            stop_at_s=one.placed.stop_at_s,
            saved_w=one.placed.saved_w if one.placed.limit_set else 0,
            saved_until_s=one.placed.limit_ends_at_s or 0,
        )
        for one in live
        if one.site == site and one.holds_room
    ]
