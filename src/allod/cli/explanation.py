"""An explanation in words: for every site all that stands in the way, in the order law, class,
hardware, power, room, then the smallest change and the expected start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from allod.cli.client import Json
from allod.cli.words import from_now, instant, power, printable

STEPS: Final = ("law", "class", "hardware", "power", "room")
_FINAL: Final = {
    "completed": ("completed", ""),
    "failed": ("failed", ""),
    "timeout": ("was stopped", ": its wall time was over"),
    "cancelled": ("was cancelled", ""),
    "reclaimed": ("was stopped", ": its room was lent, and given back"),
    "lost": ("was lost", ": its runner no longer knows it"),
    "node-failed": ("failed with its node", ": through no fault of its own"),
    "refused": ("was refused", ": as it was asked for it can never run"),
}
_HOLDS_ROOM: Final = ("placed", "running", "stopping")


def told_explanation(view: Json, explanation: Json, now_s: int) -> Iterator[str]:
    """The lines that explain where the workload of `view` stands."""
    yield _headline(view, explanation, now_s)
    yield from told_sites(explanation, now_s, ended=view["state"] in _FINAL)


def told_sites(explanation: Json, now_s: int, *, ended: bool) -> Iterator[str]:
    """The lines for every site, each behind an empty one."""
    for answer in explanation["sites"]:
        yield ""
        yield from _site(answer, now_s, ended=ended)


def _headline(view: Json, explanation: Json, now_s: int) -> str:
    head = f"{view['id']} {printable(view['name'])}"
    state = view["state"]
    if state in _FINAL:
        verb, because = _FINAL[state]
        at = f" at {instant(view['ended_at_s'])}" if view["ended_at_s"] else ""
        return f"{head} {verb}{at}{because}"
    if state in _HOLDS_ROOM:
        lent = ", on lent room that may be reclaimed" if view["lent"] else ""
        return f"{head} is {state} at {view['site']}/{view['pool']}{lent}{_slowed(view)}"
    expected, basis = explanation["expected_at_s"], printable(explanation["basis"])
    if expected is None:
        return f"{head} waits; when it can start is not known" + (f": {basis}" if basis else "")
    return f"{head} waits; expected to start {from_now(expected, now_s)}" + (
        f": {basis}" if basis else ""
    )


def _slowed(view: Json) -> str:
    """Words for its power cap, if it has one."""
    if view.get("limit_w") is None:
        return ""
    until = instant(view["limit_ends_at_s"])
    if view["limit_set"]:
        return f", slowed: each accelerator is capped at {power(view['limit_w'])} until {until}"
    return f"; each accelerator is to be capped at {power(view['limit_w'])}, until {until}"


def _site(answer: Json, now_s: int, *, ended: bool) -> Iterator[str]:
    where = answer["site"] or "everywhere"
    spoke_for = answer.get("spoke_for", [])
    if spoke_for:
        yield f"{where}: it was placed there"
    else:
        yield f"{where}: {_verdict(answer['blockers'], ended=ended)}"
    told = (*answer["blockers"], *spoke_for)
    grouped = {step: [item for item in told if item["step"] == step] for step in STEPS}
    for step, reasons in grouped.items():
        for i, reason in enumerate(reasons):
            yield f"  {step if i == 0 else '':<8}  {printable(reason['message'])}"
    if answer["change"]:
        yield f"  {'change':<8}  {printable(answer['change'])}"
    if answer["expected_at_s"] is not None:
        basis = f"; {printable(answer['basis'])}" if answer["basis"] else ""
        yield f"  {'expected':<8}  {from_now(answer['expected_at_s'], now_s)}{basis}"


def _verdict(blockers: list[Json], *, ended: bool) -> str:
    """Whether waiting is of any use there, before all the reasons."""
    if not blockers:
        return "nothing stood in its way" if ended else "nothing stands in its way"
    if any(blocker["code"] == "floor-reclaimed" for blocker in blockers):
        return "it had to go from there"
    if any(blocker["forever"] for blocker in blockers):
        return "no, and waiting does not change that"
    return "it could not" if ended else "not now"
