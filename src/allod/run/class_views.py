"""Access classes as they are shown: use against floor and ceiling, what is lent, what is owed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from allod.decide.floors import ClassKey, FloorAccount
from allod.decide.layout import class_steps
from allod.domain.charter import AccessClass, Charter
from allod.domain.units import UNBOUNDED
from allod.run.node_views import ClassView


@dataclass(frozen=True, slots=True)
class ClassUse:
    """What the classes of one site have, at a time."""

    site: str
    at_s: int
    free: int  #: Accelerators of the site that nobody has.
    in_use: Mapping[str, int]  #: By class, without those inside it.
    waiting: Mapping[str, int]  #: The same of waiting work.
    floors: Mapping[ClassKey, FloorAccount]  #: As the engine keeps account; empty: nobody does.


def class_views(charter: Charter, use: ClassUse) -> tuple[ClassView, ...]:
    """Each class with its use, its children's included; parents first."""
    return tuple(_views(charter.classes, None, use.free, use))


def floor_and_ceiling(item: AccessClass, at_s: int) -> tuple[int, int]:
    """The floor and the ceiling of a class at a time; UNBOUNDED: it has no ceiling of its own."""
    _, floor, ceiling = [step for step in class_steps(item) if step[0] <= at_s][-1]
    return floor, ceiling


def _views(
    classes: Iterable[AccessClass], parent: str | None, room: int, use: ClassUse
) -> Iterator[ClassView]:
    """Those of `classes`, which may have `room` accelerators more between them."""
    for item in classes:
        inside = [inner.name for inner in item.walk()]
        floor, ceiling = floor_and_ceiling(item, use.at_s)
        in_use = sum(use.in_use.get(name, 0) for name in inside)
        free = max(0, min(room, ceiling - in_use))
        accounts = [use.floors[use.site, name] for name in inside if (use.site, name) in use.floors]
        yield ClassView(
            name=item.name,
            title=item.title,
            parent=parent,
            floor=floor,
            ceiling=None if ceiling >= UNBOUNDED else ceiling,
            priority=item.priority,
            in_use=in_use,
            waiting=sum(use.waiting.get(name, 0) for name in inside),
            reclaim_notice_s=item.reclaim_notice_s,
            within_floor=min(in_use, floor),
            borrowed=max(0, in_use - floor),
            idle_floor=max(0, floor - in_use),
            lent_out=max(0, floor - in_use - use.free),
            free=free,
            **_account(accounts),
        )
        yield from _views(item.classes, item.name, free, use)


def _account(accounts: list[FloorAccount]) -> dict[str, Any]:
    """What is owed to a class and those inside it; nothing where nobody keeps account."""
    if not accounts:
        return {}
    since = [one.broken_since_s for one in accounts if one.broken_since_s is not None]
    broken = sum(one.broken for one in accounts)
    return {
        "claimed": sum(one.claimed for one in accounts),
        "owed": sum(one.owed for one in accounts),
        "broken": broken,
        "broken_since_s": min(since, default=None),
        "floor_kept": broken == 0,
        "claims_met": sum(one.met for one in accounts),
        "claims_late": sum(one.late for one in accounts),
    }
