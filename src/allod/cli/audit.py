"""An audit in words: a site at an instant, each line with the leaf that it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from allod.adapters.whole import write_whole
from allod.cli.client import Json, NodeClient, connect
from allod.cli.output import Column, counting, note, out, out_json, pairs, table
from allod.cli.submission import first_reason
from allod.cli.words import counted, instant, printable, span, value

_RAN = (
    Column("leaf", right=True),
    Column("workload"),
    Column("project"),
    Column("class"),
    Column("accelerators", right=True),
    Column("pool"),
    Column("run", right=True),
    Column("state"),
    Column("since"),
)
_PARTIES = (
    Column("leaf", right=True),
    Column("party"),
    Column("role"),
    Column("seat"),
    Column("controls"),
    Column("owners", wraps=True),
)
_FLOORS = (
    Column("class"),
    Column("floor", right=True),
    Column("in use", right=True),
    Column("waiting", right=True),
    Column("within the floor", right=True),
    Column("promise"),
    Column("held"),
)
_WAITED = (
    Column("leaf", right=True),
    Column("workload"),
    Column("accelerators", right=True),
    Column("since"),
    Column("waits for", wraps=True),
)
_REFUSED = (
    Column("leaf", right=True),
    Column("workload"),
    Column("project"),
    Column("at"),
    Column("why", wraps=True),
)
_RECLAIMED = (
    Column("leaf", right=True),
    Column("workload"),
    Column("project"),
    Column("at"),
    Column("for"),
    Column("why", wraps=True),
)
#: What a receipt opens beside who, where and when, so that all that a line says is in it.
_RAN_FIELDS = ("access_class", "accelerators", "lent", "reasons")
_REFUSED_FIELDS = ("reasons",)
_RECLAIMED_FIELDS = ("for_workload_id", "stop_at_s", "reasons")


def show(data: Path, site: str, at: str, receipts: Path | None, *, as_json: bool) -> None:
    """Print an audit, and write its receipts."""
    with connect(data) as node:
        # Of a long log it takes longer than an answer usually may.
        with node.streamed("/v1/audit", site=site, at=at) as answer:
            found: Json = json.loads(answer.read())
        files = _receipts(node, found, receipts) if receipts is not None else None
    if as_json:
        out_json(found if files is None else {**found, "receipts": files})
        return
    _words(found)
    if files is not None:
        out(f"\n{receipts}: {counted(len(files), 'receipt')}")


def _receipts(node: NodeClient, found: Json, folder: Path) -> list[str]:
    """Write a receipt for each line that rests on one decision; their files."""
    wanted: list[tuple[int, tuple[str, ...]]]
    wanted = [(item["seq"], _RAN_FIELDS) for item in found["ran"]]
    wanted += [(item["seq"], _REFUSED_FIELDS) for item in found["refused"]]
    wanted += [(item["seq"], _RECLAIMED_FIELDS) for item in found["reclaimed"]]
    files = []
    with counting("receipts") as told:
        for seq, fields in wanted:
            data, _ = node.get_bytes(f"/v1/receipts/{seq}", disclose=list(fields))
            file = folder / f"leaf-{seq}.tlog-proof"
            write_whole(file, data)
            files.append(str(file))
            told(len(files))
    return files


def _words(found: Json) -> None:
    site = found["site"]
    pairs(_facts(found, site))
    out("\nRan there")
    table(_RAN, map(_ran, found["ran"]), none="nothing ran there")
    out("\nUnder whose control")
    table(_PARTIES, map(_party, found["parties"]), none="no party is named")
    for path in found["control_unknown"]:
        out(f"not known: {printable(path)}")
    out("\nFloors")
    table(_FLOORS, map(_floor, found["floors"]), none="no class had a floor")
    # A class and those inside it may wait for the same.
    each = {item["workload_id"]: item for floor in found["floors"] for item in floor["within"]}
    waited = list(each.values())
    if waited:
        out("\nWaited within a floor")
        table(_WAITED, map(_waited, waited), none="")
    out("\nRefused in the 24 hours before")
    table(_REFUSED, map(_refused, found["refused"]), none="nothing was refused")
    _more(found["refused_count"] - len(found["refused"]), "refusal")
    out("\nReclaimed in the 24 hours before")
    table(_RECLAIMED, map(_reclaimed, found["reclaimed"]), none="nothing was reclaimed")
    _more(found["reclaimed_count"] - len(found["reclaimed"]), "reclaim")


def _more(count: int, noun: str) -> None:
    if count:
        note(f"and {counted(count, noun)} before these")


def _facts(found: Json, site: Json) -> Iterator[tuple[str, object]]:
    yield "site", f"{site['name']}: {site['title']} (leaf {found['site_seq']})"
    yield "at", instant(found["at_s"])
    yield "log", f"up to leaf {found['seq']:,}"
    if found["erased"]:
        yield "erased", f"{found['erased']:,} leaves; what they said is missing here"
    yield "accelerators", f"{site['live']:,} live, {site['in_use']:,} in use"
    for name in ("country", "operator", "management", "metadata"):
        fact = site[name]
        yield name, f"{value(fact['value'])} ({fact['standing']}: {fact['source']})"
    yield "control", value(list(site["control"])).replace("?", "unknown")
    if found["charter_seq"] is not None:
        yield "charter", f"leaf {found['charter_seq']}"


def _ran(item: Json) -> tuple[object, ...]:
    return (
        item["seq"],
        item["workload_id"],
        item["project"],
        item["access_class"] or "-",
        item["accelerators"],
        item["pool"],
        item["run"],
        f"{item['state']}, lent" if item["lent"] else item["state"],
        instant(item["started_at_s"] or item["placed_at_s"]),
    )


def _party(item: Json) -> tuple[object, ...]:
    owners = (f"{one['party']} {_share(one['share_bp'])}" for one in item["owners"])
    return (
        "-" if item["seq"] is None else item["seq"],
        item["party"],
        ", ".join(item["roles"]) or "owner of one",
        item["seat"] or "unknown",
        "yes" if item["controls"] else "no",
        ", ".join(owners) or "-",
    )


def _share(share_bp: int | None) -> str:
    """A share in percent: '25 %', '33.33 %'."""
    if share_bp is None:
        return "unknown"
    whole, part = divmod(share_bp, 100)
    return f"{whole}.{part:02} %" if part else f"{whole} %"


def _floor(item: Json) -> tuple[object, ...]:
    return (
        item["access_class"],
        item["floor"],
        item["in_use"],
        item["waiting"],
        sum(one["accelerators"] for one in item["within"]),
        span(item["promise_s"]),
        "yes" if item["held"] else "NO",
    )


def _waited(item: Json) -> tuple[object, ...]:
    return (
        "-" if item["seq"] is None else item["seq"],
        item["workload_id"],
        item["accelerators"],
        instant(item["since_s"]),
        first_reason(item["reasons"]) if item["reasons"] else "-",
    )


def _refused(item: Json) -> tuple[object, ...]:
    why = "; ".join(reason["message"] for reason in item["reasons"])
    return item["seq"], item["workload_id"], item["project"] or "-", instant(item["at_s"]), why


def _reclaimed(item: Json) -> tuple[object, ...]:
    why = "; ".join(reason["message"] for reason in item["reasons"])
    return (
        item["seq"],
        item["workload_id"],
        item["project"] or "-",
        instant(item["at_s"]),
        item["for_workload_id"] or "less power",
        why or "-",
    )
