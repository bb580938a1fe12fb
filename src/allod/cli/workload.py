"""One workload: what it is, why it stands where it stands, its end, its output."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from allod.cli.client import Json, connect, part
from allod.cli.decisions import place_of
from allod.cli.explanation import told_explanation
from allod.cli.output import Column, note, out, out_bytes, out_json, pairs, report, table
from allod.cli.submission import LIVE, end_told
from allod.cli.used import used
from allod.cli.words import counted, from_now, instant, power, printable, span
from allod.errors import AllodError, NotFound

_PART_BYTES = 1 << 20
_DECISIONS = (
    Column("seq", right=True),
    Column("at"),
    Column("decision"),
    Column("where"),
    Column("reasons", wraps=True),
)


def show(data: Path, workload_id: str, *, as_json: bool) -> None:
    """Print a workload and all decisions about it."""
    path = f"/v1/workloads/{part(workload_id)}"
    with connect(data) as node:
        view = node.get(path)
        decisions, _ = node.items(f"{path}/decisions", most=0)
    if as_json:
        out_json(view | {"decisions": decisions})
        return
    pairs(_facts(view, int(time.time())))
    out()
    table(_DECISIONS, (_decision(item) for item in decisions), none="nothing is decided about it")


def _facts(view: Json, now_s: int) -> Iterator[tuple[str, object]]:
    asks = f"{counted(view['accelerators'], 'accelerator')} for {span(view['wall_time_s'])} at most"
    state = view["state"] + (", its site is out of reach" if view["out_of_reach"] else "")
    yield "workload", f"{view['id']} {view['name']}"
    yield "state", state
    yield "project", view["project"]
    yield "asks for", f"{asks}, {view['kind']}"
    if view["site"]:
        yield "placed at", f"{view['site']}/{view['pool']}, run {view['run']}"
    yield "class", view["access_class"]
    yield "nodes", ", ".join(f"{node}×{count}" for node, count in view["nodes"])
    where = f" on {', '.join(view['node_names'])}" if view["node_names"] else ""
    again = f", begun anew {view['restarts']}×" if view["restarts"] else ""
    yield "job", f"{view['job']}{where}{again}" if view["job"] else ""
    yield "power", power(view["power_w"]) if view["power_w"] else ""
    if view["limit_w"] is not None:
        how = "capped" if view["limit_set"] else "to be capped"
        until = instant(view["limit_ends_at_s"])
        yield "slowed", f"{how}: {power(view['limit_w'])} an accelerator, until {until}"
    yield "lent", "yes: its room may be reclaimed" if view["lent"] else ""
    yield "submitted", f"{instant(view['submitted_at_s'])} by {view['actor'] or 'nobody'}"
    yield "placed", instant(view["placed_at_s"])
    yield "started", instant(view["started_at_s"])
    if view["state"] in LIVE:
        if view["ends_at_s"]:
            yield "ends by", from_now(view["ends_at_s"], now_s)
        if view["stop_at_s"]:
            yield "stops by", from_now(view["stop_at_s"], now_s)
        if view["state"] == "waiting" and view["expected_at_s"]:
            yield "expected", f"{from_now(view['expected_at_s'], now_s)}: {view['basis']}"
    yield "ended", instant(view["ended_at_s"])
    yield from used(view)
    yield from _outcome(view)
    yield "cancelled by", view["cancelled_by"]
    command = view["spec"].get("command", ())
    yield "command", " ".join(command)


def _outcome(view: Json) -> Iterator[tuple[str, object]]:
    """How it ended; of work that is asked for again, how the run before ended."""
    status = view["exit_status"]
    if view["state"] == "waiting":
        if view["run"]:
            ends = [view["outcome"], view["detail"], "" if status is None else f"exit {status}"]
            yield "last run", ", ".join([f"run {view['run']}", *(end for end in ends if end)])
        return
    if status is not None:
        yield "exit status", status
    yield "detail", view["detail"]


def _decision(item: Json) -> tuple[object, ...]:
    where = place_of(item)
    reasons = "; ".join(_reason(reason) for reason in item["reasons"])
    return item["seq"], instant(item["at_s"]), item["kind"], where, reasons or "-"


def _reason(reason: Json) -> str:
    site = f"{reason['site']}: " if reason["site"] else ""
    return f"{site}{reason['message']}"


def why(data: Path, workload_id: str, *, as_json: bool) -> None:
    """Print for every site what stands in the way."""
    path = f"/v1/workloads/{part(workload_id)}"
    with connect(data) as node:
        explanation = node.get(f"{path}/why")
        view = node.get(path)
    if as_json:
        out_json(explanation)
        return
    for line in told_explanation(view, explanation, int(time.time())):
        out(line)


def cancel(data: Path, workload_ids: Sequence[str], *, as_json: bool) -> int:
    """Cancel workloads one by one; the exit status of the first that could not be."""
    views: list[Json] = []
    status = 0
    with connect(data) as node:
        for workload_id in dict.fromkeys(workload_ids):
            path = f"/v1/workloads/{part(workload_id)}"
            try:
                before = node.get(path)["state"]
                view = node.post(f"{path}/cancel")
            except AllodError as error:
                report(error)
                status = status or error.exit_code
                continue
            views.append(view)
            if not as_json:
                out(_cancelled(view, before))
    if as_json:
        out_json(views)
    return status


def _cancelled(view: Json, before: str) -> str:
    if before not in LIVE:
        return f"{end_told(view)}; it stays as it is"
    return f"{view['id']} {printable(view['name'])}: {view['state']}"


def logs(
    data: Path, workload_id: str, *, follow: bool, stream: str, run: int | None, as_json: bool
) -> None:
    """Print a workload's output, byte by byte as it was written."""
    path = f"/v1/workloads/{part(workload_id)}/logs"
    with connect(data) as node:
        if follow:
            with node.streamed(path, stream=stream, run=run, follow=True) as response:
                for data_part in response.iter_bytes():
                    _print_part(data_part, workload_id, stream, as_json=as_json)
            return
        offset, missing, whole = 0, 0, bytearray()
        while True:
            try:
                piece, headers = node.get_bytes(
                    path, stream=stream, run=run, offset=offset, limit=_PART_BYTES
                )
            except NotFound as error:
                raise _without_output(error, workload_id) from error
            following = int(headers.get("allod-next-offset", offset + len(piece)))
            missing += max(0, following - offset - len(piece))
            offset = following
            if not piece:
                break
            if as_json:
                whole += piece
            else:
                out_bytes(piece)
    if as_json:
        text = whole.decode(errors="replace")
        out_json({"id": workload_id, "stream": stream, "text": text, "missing_bytes": missing})
    elif missing:
        note(f"{missing:,} bytes of the output were not kept: it was over the limit")


def _without_output(error: NotFound, workload_id: str) -> NotFound:
    """The error in words that fit where nobody asked for a run by its number."""
    if not error.message.endswith("has no run 0"):
        return error
    return NotFound(
        f"workload '{workload_id}' has not run, so it has written nothing",
        mend=f"see what it waits for: `allod why {workload_id}`",
    )


def _print_part(piece: bytes, workload_id: str, stream: str, *, as_json: bool) -> None:
    if as_json:
        out_json({"id": workload_id, "stream": stream, "text": piece.decode(errors="replace")})
    else:
        out_bytes(piece)
