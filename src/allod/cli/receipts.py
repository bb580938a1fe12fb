"""Receipts: written to a file, with word of what is open in them and what stays hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from allod.adapters.whole import write_whole
from allod.cli.client import Json, connect, part
from allod.cli.output import note, out, out_json
from allod.cli.words import counted, instant, value
from allod.domain.decision import DECISIONS
from allod.domain.event import EVENTS
from allod.prove.checkpoint import Checkpoint
from allod.prove.encoding import LEFT_OUT
from allod.prove.leaf import KIND
from allod.prove.note import read_note
from allod.prove.receipt import Shown, parse

_VALUE_MAX = 80  #: The receipt has it whole.


def take(
    data: Path,
    workload_id: str,
    disclose: Sequence[str],
    output: Path | None,
    *,
    whole: bool,
    as_json: bool,
) -> None:
    """Write the receipt for a workload and say what it shows."""
    with connect(data) as node:
        path = f"/v1/workloads/{part(workload_id)}/receipt"
        content, _ = node.get_bytes(path, disclose=list(disclose), whole=whole)
        key = node.get_bytes("/log/key")[0].decode().strip()
    records = parse(content)
    file = output or Path(f"{workload_id}.tlog-proof")
    write_whole(file, content)
    point = Checkpoint.parse(read_note(records[-1].note)[0])
    if as_json:
        out_json(
            {
                "file": str(file),
                "bytes": len(content),
                "log": point.origin,
                "key": key,
                "size": point.size,
                "records": [_plain(record) for record in records],
            }
        )
        return
    out(
        f"{file}: a receipt of {len(content):,} bytes for {counted(len(records), 'record')} of the "
        f"log '{point.origin}'"
    )
    for record in records:
        told = _plain(record)
        opened = dict(told["open"])
        out(f"\nentry {record.index}  {opened.pop(KIND)}")
        shown = "; ".join(f"{name} {_shown(name, item)}" for name, item in opened.items())
        out(f"  open    {shown or 'nothing'}")
        out(f"  hidden  {', '.join(told['hidden']) or 'nothing'}")
    note(f"\nto verify it: allod verify {file} --key {key}")


def _plain(record: Shown) -> Json:
    opened = {item.name: item.value for item in record.disclosed}
    return {
        "index": record.index,
        "open": opened,
        "hidden": [
            name
            for name in _fields_of(opened.get(KIND, ""))
            # What a record leaves out where there is nothing to say may not be there to hide.
            if name not in opened and name not in LEFT_OUT
        ],
    }


def _fields_of(kind: str) -> list[str]:
    """The fields that a record of this kind has; the receipt tells only of those that are open."""
    known = {**EVENTS, **DECISIONS}.get(kind.partition("/")[2])
    return sorted(field.name for field in fields(known)) if known else []


def _shown(name: str, item: object) -> str:
    if isinstance(item, int) and name.endswith("at_s"):
        return instant(item)
    text = value(item)
    return text if len(text) <= _VALUE_MAX else f"{text[:_VALUE_MAX]}..."
