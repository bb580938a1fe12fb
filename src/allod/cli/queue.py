"""The queue: workloads that wait or hold room, and what each waits for."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from allod.cli.client import Json, NodeClient, connect, part
from allod.cli.output import Column, note, out_json, table
from allod.cli.submission import LIVE, first_reason
from allod.cli.words import span
from allod.domain.nearest import mend_of
from allod.errors import Conflict, InvalidInput, NotFound

_ENDED = (
    "completed",
    "failed",
    "timeout",
    "cancelled",
    "reclaimed",
    "lost",
    "node-failed",
    "refused",
)
_STATES = (*LIVE, *_ENDED)
#: For so many that lost their room it is asked what they wait for; each is a request.
_ASKED_ANEW_MAX = 50
_COLUMNS = (
    Column("id"),
    Column("name"),
    Column("project"),
    Column("class"),
    Column("site"),
    Column("n", right=True),
    Column("state"),
    Column("waiting for", wraps=True),
    Column("since", right=True),
)


def show_queue(data: Path, *, state: str, query: Json, limit: int, as_json: bool) -> None:
    """Print the queue: what holds room first, then what waits, each in the order of asking."""
    states = _states(state)
    with connect(data) as node:
        found, more = _found(node, states, query, limit)
        if not as_json:
            _ask_anew(node, found)
        if more and not as_json:
            counted = None if state == "all" else states
            total = node.get("/v1/workloads/count", state=counted, **query)["count"]
    if as_json:
        out_json(found)
        return
    now_s = int(time.time())
    empty = "no workload waits or runs" if not state else f"no workload ({state}) is there"
    table(_COLUMNS, (_row(item, now_s) for item in found), none=empty)
    if more:
        note(f"only the latest {limit} of each state are shown, of {total:,}; --limit 0 shows all")


def _states(state: str) -> tuple[str, ...]:
    if not state:
        return LIVE
    if state == "all" or state in _STATES:
        return (state,)
    known = (*_STATES, "all")
    mend = mend_of(state, known, f"write one of {', '.join(known)}")
    raise InvalidInput(f"--state '{state}' is not a state", mend=mend)


def _found(
    node: NodeClient, states: tuple[str, ...], query: Json, limit: int
) -> tuple[list[Json], bool]:
    """Workloads of these states; each state is asked for, so that no ended ones are walked by."""
    found, more = list[Json](), False
    for state in states:
        wanted = None if state == "all" else state
        items, rest = node.items("/v1/workloads", most=limit, state=wanted, **query)
        # The node tells the latest first; a queue begins with who came first.
        found += reversed(items)
        more |= rest
    return found, more


def _ask_anew(node: NodeClient, found: list[Json]) -> None:
    """Ask what work waits for that lost its room: recorded is only why it had to go."""
    anew = [item for item in found if item["state"] == "waiting" and _why_again(item)]
    for item in anew[:_ASKED_ANEW_MAX]:
        with suppress(NotFound, Conflict):  # It has ended since the list was made.
            answers = node.get(f"/v1/workloads/{part(item['id'])}/why")["sites"]
            item["reasons"] = [reason for answer in answers for reason in answer["blockers"]]


def _why_again(item: Json) -> str:
    """Why it waits for another run, if nothing else is known; else ''."""
    if any(reason["code"] == "floor-reclaimed" for reason in item["reasons"]):
        return "room: its lent room was reclaimed"
    if item["outcome"] == "node-failed" and not item["reasons"]:
        return "room: the node that it ran on failed"
    return ""


def _waits_for(item: Json) -> str:
    if again := _why_again(item):
        return again
    return first_reason(item["reasons"], item["spec"].get("sites", ()))


def _row(item: Json, now_s: int) -> tuple[object, ...]:
    placed = f"{item['site']}/{item['pool']}" if item["site"] else "-"
    waits = _waits_for(item) if item["state"] == "waiting" else ""
    state = f"{item['state']}, out of reach" if item["out_of_reach"] else item["state"]
    return (
        item["id"],
        item["name"],
        item["project"],
        item["access_class"] or "-",
        placed if item["state"] != "waiting" else "-",
        item["accelerators"],
        state,
        waits or "-",
        span(now_s - _since_s(item)),
    )


def _since_s(item: Json) -> int:
    """When it came to stand where it stands, as near as is known. [epoch s]"""
    match item["state"]:
        case "waiting":
            at_s = item["submitted_at_s"]
        case "running" | "placed" | "stopping":
            at_s = item["started_at_s"] or item["placed_at_s"]
        case _:
            at_s = item["ended_at_s"]
    return int(at_s or item["submitted_at_s"])
