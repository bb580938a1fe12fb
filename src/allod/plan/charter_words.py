"""A charter in words: who may use what, how much of it is theirs, and how soon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from allod.domain.charter import AccessClass, Anchor, Charter, Eligibility
from allod.domain.said import Said, said
from allod.domain.units import NEVER_S, instant_text


def charter_says(charter: Charter) -> tuple[Said, ...]:
    """What `charter_words` says, by code."""
    tops = [item for item in charter.classes if item.floor or item.anchor]
    rest = [item for item in charter.classes if item not in tops]
    parts = []
    if tops:
        parts.append(said("floors-for", classes=", ".join(_called(item) for item in tops)))
    if rest:
        code = "idle-for" if tops else "room-for"
        parts.append(said(code, classes=", ".join(_called(item) for item in rest)))
    return tuple(parts)


def class_says(item: AccessClass, stop_time_s: int) -> tuple[Said, ...]:
    """What `class_words` says, by code."""
    eligible = item.eligible
    parts = [
        said(code, **{name: ", ".join(values)})
        for code, name, values in (
            ("for-seats", "countries", eligible.countries),
            ("for-sectors", "sectors", eligible.sectors),
            ("for-parties", "parties", eligible.parties),
            ("for-projects", "projects", eligible.projects),
        )
        if values
    ] or [said("for-everybody")]
    if item.anchor:
        parts += _anchor_says(item.anchor)
    else:
        parts.append(said("own-floor", floor=item.floor) if item.floor else said("own-no-floor"))
        no_ceiling = item.ceiling is None
        parts.append(
            said("own-no-ceiling") if no_ceiling else said("own-ceiling", ceiling=item.ceiling or 0)
        )
    if item.floor or item.anchor:
        notice, stop = f"{item.reclaim_notice_s} s", f"{stop_time_s} s"
        parts.append(said("room-back", notice=notice, stop=stop))
    if item.run_time_min_s:
        parts.append(said("own-run-time", span=f"{item.run_time_min_s} s"))
    return (*parts, said("priority", priority=item.priority))


def _anchor_says(anchor: Anchor) -> Iterator[Said]:
    yield said("anchor", party=anchor.party)
    for step in sorted(anchor.ramp, key=lambda step: step.starts):
        begins = instant_text(step.starts)[:10]
        if step.ceiling is None:
            yield said("anchor-step", begins=begins, floor=step.floor)
        else:
            yield said("anchor-step-to", begins=begins, floor=step.floor, ceiling=step.ceiling)
    if anchor.take_min_bp:
        yield said("anchor-paid", bp=anchor.take_min_bp)
    if anchor.ends < NEVER_S:
        yield said("anchor-ends", ends=instant_text(anchor.ends)[:10])


def charter_words(charter: Charter) -> str:
    """The whole in a sentence or two."""
    tops = [item for item in charter.classes if item.floor or item.anchor]
    rest = [item for item in charter.classes if item not in tops]
    said = [f"Floors are kept for {_listed([_called(item) for item in tops])}"] if tops else []
    if rest:
        lent = "what they leave idle is lent to" if tops else "Room goes to"
        said.append(f"{lent} {_listed([_called(item) for item in rest])}")
    return "; ".join(said) + "."


def class_words(item: AccessClass, stop_time_s: int) -> str:
    """What a class promises, in sentences; the runner takes up to `stop_time_s` to stop work."""
    parts = [f"For {eligible_words(item.eligible)}."]
    parts += [_anchor_words(item.anchor)] if item.anchor else [_room_words(item)]
    if item.floor or item.anchor:
        parts.append(
            f"Lent room of its floor is back within {item.reclaim_notice_s} s of notice and "
            f"{stop_time_s} s to stop."
        )
    if item.run_time_min_s:
        parts.append(
            f"Its own work runs for {item.run_time_min_s} s before it is taken, while other work "
            "can be."
        )
    parts.append(f"Priority {item.priority}.")
    return " ".join(parts)


def eligible_words(eligible: Eligibility) -> str:
    """Who may use it."""
    said = list(_eligible(eligible))
    return ", and ".join(said) if said else "everybody"


def _eligible(eligible: Eligibility) -> Iterator[str]:
    for values, before in (
        (eligible.countries, "projects seated in"),
        (eligible.sectors, "sector"),
        (eligible.parties, "projects of"),
        (eligible.projects, "project"),
    ):
        if values:
            yield f"{before} {_listed(values, 'or')}"


def _room_words(item: AccessClass) -> str:
    floor = f"{_units(item.floor)} are its own whenever it asks" if item.floor else "No floor"
    ceiling = "no ceiling of its own" if item.ceiling is None else f"at most {item.ceiling} at once"
    return f"{floor}; {ceiling}."


def _anchor_words(anchor: Anchor) -> str:
    steps = [
        f"from {instant_text(step.starts)[:10]} a floor of {_units(step.floor)}"
        + ("" if step.ceiling is None else f" and at most {step.ceiling}")
        for step in sorted(anchor.ramp, key=lambda step: step.starts)
    ]
    ends = "" if anchor.ends >= NEVER_S else f"; it ends on {instant_text(anchor.ends)[:10]}"
    take = ""
    if anchor.take_min_bp:
        whole, part = divmod(anchor.take_min_bp, 100)
        percent = f"{whole}.{part:02}" if part else str(whole)
        take = f"; {percent} % of the floor are paid for whether used or not"
    return f"Contract with {anchor.party}: {', '.join(steps)}{take}{ends}."


def _called(item: AccessClass) -> str:
    return item.title or item.name


def _units(count: int) -> str:
    return f"{count} accelerator{'' if count == 1 else 's'}"


def _listed(values: Sequence[str], last: str = "and") -> str:
    *before, end = values
    return f"{', '.join(before)} {last} {end}" if before else end
