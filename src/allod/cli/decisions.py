"""Decisions: the last ones, and those to come."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from allod.cli.client import Json, NodeClient, connect, part
from allod.cli.output import Column, note, out, out_json, table
from allod.cli.submission import first_reason
from allod.cli.words import instant, printable
from allod.errors import Unavailable

_COLUMNS = (
    Column("seq", right=True),
    Column("at"),
    Column("workload"),
    Column("decision"),
    Column("where"),
    Column("class"),
    Column("n", right=True),
    Column("reasons", wraps=True),
)
_PAUSE_S = 1.0


def show_last(data: Path, workload_id: str, *, limit: int, as_json: bool) -> None:
    """Print the last decisions, the latest at the end."""
    path = f"/v1/workloads/{part(workload_id)}/decisions" if workload_id else "/v1/decisions"
    with connect(data) as node:
        found, more = node.items(path, most=limit)
    found.reverse()
    if as_json:
        out_json(found)
        return
    table(_COLUMNS, (_row(item) for item in found), none="nothing is decided yet")
    if more:
        note(f"only the last {limit} are shown; --limit 0 shows all")


def place_of(item: Json) -> str:
    """Where a decision is about: a pool, or a node of an envelope."""
    return f"{item['site']}/{item.get('pool') or item.get('path')}" if item.get("site") else "-"


def _row(item: Json) -> tuple[object, ...]:
    return (
        item["seq"],
        instant(item["at_s"]),
        item.get("workload_id", "-"),  # A shed plan is about many.
        item["kind"],
        place_of(item),
        item.get("access_class") or "-",
        item.get("accelerators") or sum(n for _, n in item.get("nodes", ())) or "-",
        first_reason(item["reasons"]) if item["reasons"] else "-",
    )


def follow(data: Path, workload_id: str, *, as_json: bool) -> None:
    """Print decisions as they are made; goes on where it was when the node comes back."""
    with connect(data) as node:
        for leaf in _leaves(node, workload_id):
            # Placement, Hold, Refusal, Reclaim, ShedPlan
            kind = leaf["kind"].partition("/")[2].lower()
            item = {"seq": leaf["seq"], "kind": kind, **leaf["record"]}
            if as_json:
                out_json(item)
            else:
                out("  ".join(printable(cell) for cell in _row(item) if cell != "-"))


def _leaves(node: NodeClient, workload_id: str) -> Iterator[Json]:
    """The records of decisions, each once; a stream that breaks off is taken up again."""
    seen = node.get("/healthz")["seq"]
    away = False
    while True:
        try:
            with node.streamed(
                "/v1/events", kind="decision", workload_id=workload_id, after=seen
            ) as response:
                away = False
                for seq, leaf in _events(response.iter_lines()):
                    seen = seq
                    if leaf is not None:
                        yield leaf
        except Unavailable as error:
            if not away:
                note(f"{error.message}; waiting for it to come back")
            away = True
        time.sleep(_PAUSE_S)


def _events(lines: Iterable[str]) -> Iterator[tuple[int, Json | None]]:
    """Server-sent events as (id, data); data is None where only the place in the log moved on."""
    seq, data = "", ""
    for line in lines:
        name, _, value = line.partition(":")
        match name:
            case "id":
                seq = value.strip()
            case "data":
                data += value
            case "" if not line:
                if seq.isdigit():
                    yield int(seq), json.loads(data) if data else None
                seq, data = "", ""
            case _:
                pass
