"""Submitting: one request with its own key per workload, and waiting for the ends."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from allod.cli.client import AnswerLost, Json, NodeClient, connect
from allod.cli.output import out, out_json, waiting
from allod.cli.reading import read_all
from allod.cli.words import counted, from_now, printable, span
from allod.domain.document import Document, from_json
from allod.errors import AllodError, InvalidDocument, InvalidInput, Unavailable

LIVE = ("running", "placed", "stopping", "waiting")
_POLL_FIRST_S, _POLL_MAX_S = 0.1, 2.0
#: For how long a node that went away is waited for before --wait gives up. [s]
_AWAY_MAX_S = 60.0
#: From this many on a bar shows how far it is.
_MANY = 20


@dataclass(frozen=True, slots=True)
class Order:
    """One workload to ask for, and the key that makes asking again safe."""

    document: Document
    key: str
    base_key: str  #: What --key must be given for the same keys to come out again.


def orders(files: Sequence[Path], *, name: str, count: int, key: str) -> list[Order]:
    """What `files` ask for, `count` times each.

    Raises:
        InvalidDocument: A document is no workload or breaks its schema.
        InvalidInput: One name is given to several.
    """
    documents = read_all(files)
    _refuse_others(documents, files)
    if name:
        if len(documents) > 1:
            raise InvalidInput(
                f"--name '{name}' is one name for {len(documents)} workloads",
                mend="submit them one by one",
            )
        documents = [_named(document, name) for document in documents]
    base = key or str(uuid4())
    copies = [(document, i) for document in documents for i in range(count)]
    alone = len(copies) == 1
    return [
        Order(document, base if alone else f"{base}.{document.name}.{i + 1}", base)
        for document, i in copies
    ]


def _refuse_others(documents: Sequence[Document], files: Sequence[Path]) -> None:
    """Say where documents belong that are no workloads; a service first, whatever is beside it."""
    others = [document for document in documents if document.kind != "Workload"]
    services = [document for document in others if document.kind == "Service"]
    if services:
        raise InvalidDocument(
            f"{services[0].key} is a model to be called, not a workload",
            file=services[0].file,
            mend=f"give it to `allod service deploy {' '.join(map(str, files))}`",
        )
    if others:
        raise InvalidDocument(
            f"{others[0].key} is not a workload",
            file=others[0].file,
            mend="give it to `allod apply`",
        )


def _named(document: Document, name: str) -> Document:
    """The document under another name, which is checked as if it stood in the file."""
    item = document.to_json()
    return from_json(item | {"metadata": {"name": name}}, file="--name")


def perform(data: Path, wanted: Sequence[Order], *, wait: bool, as_json: bool) -> bool:
    """Submit all and say what became of each; True if none was refused or ended badly."""
    answers: list[Json] = []
    with connect(data) as node:
        try:
            with _bar(len(wanted)) as forward:
                for order in wanted:
                    body = order.document.to_json()
                    try:
                        answer = node.post("/v1/workloads", body, key=order.key)
                    except (Unavailable, AnswerLost) as error:
                        raise _with_key(error, order, len(answers)) from error
                    answers.append(answer | {"key": order.key})
                    if not as_json:
                        out(told(answer, body["spec"].get("sites", ())))
                    forward()
        finally:
            # What was taken before something went wrong must not be lost to the caller.
            if as_json and not wait:
                out_json(answers)
        if wait:
            return _ends(node, answers, as_json=as_json)
    return all(answer["state"] != "refused" for answer in answers)


def _with_key(error: Unavailable | AnswerLost, order: Order, taken: int) -> AllodError:
    """The error with what makes asking again safe, if anything was taken or may have been."""
    if not taken and not isinstance(error, AnswerLost):
        return error
    before = f"; {counted(taken, 'workload')} before it {'was' if taken == 1 else 'were'} taken"
    return type(error)(
        error.message + (before if taken else ""),
        mend=f"ask again for the same with --key {order.base_key}; that starts nothing twice",
    )


def told(answer: Json, sites: Sequence[str] = ()) -> str:
    """The first decision about a workload, in a line."""
    verb, rest = decision_told(answer["decision"], sites)
    return f"{answer['id']} {printable(answer['name'])}: {verb}{rest}"


def decision_told(decision: Json, sites: Sequence[str] = ()) -> tuple[str, str]:
    """A first decision in words: placed, waits or refused, and the rest of the line."""
    match decision["kind"]:
        case "placement":
            room = counted(decision["accelerators"], "accelerator")
            of = f", class {decision['access_class']}" if decision["access_class"] else ""
            lent = f", lent (notice {span(decision['notice_s'])})" if decision["lent"] else ""
            return "placed", f" at {decision['site']}/{decision['pool']}, {room}{of}{lent}"
        case "hold":
            expected = decision["expected_at_s"]
            start = f"; expected {from_now(expected, int(time.time()))}" if expected else ""
            return "waits", f": {first_reason(decision['reasons'], sites)}{start}"
        case _:
            return "refused", f": {first_reason(decision['reasons'], sites)}"


def first_reason(reasons: Sequence[Json], sites: Sequence[str] = ()) -> str:
    """The reason that says most, where it holds, and how many more there are.

    Where a site is closed for ever its reasons are of less use than those of one that may open,
    and those of a site that was not asked for (`sites`; none named: all were) are of none.
    """
    if not reasons:
        return "no reason was given"
    meant = [item for item in reasons if _asked_for(item, sites)] or reasons
    closed = {reason["site"] for reason in meant if reason["forever"]}
    reason = next((reason for reason in meant if reason["site"] not in closed), meant[0])
    site = f"{reason['site']}: " if reason["site"] else ""
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{site}{printable(reason['message'])}{more}"


def _asked_for(reason: Json, sites: Sequence[str]) -> bool:
    if reason["code"] == "site-not-asked-for":
        return False
    return not sites or reason["site"] in ("", *sites)


def _ends(node: NodeClient, answers: Sequence[Json], *, as_json: bool) -> bool:
    """Wait until all have ended; True if all completed."""
    open_ids = [answer["id"] for answer in answers]
    ended: dict[str, Json] = {}
    pause_s = _POLL_FIRST_S
    with waiting(f"waiting for {counted(len(open_ids), 'workload')}"):
        while open_ids:
            for workload_id in tuple(open_ids):
                view = _patiently(node, f"/v1/workloads/{workload_id}")
                if view["state"] in LIVE:
                    continue
                open_ids.remove(workload_id)
                ended[workload_id] = view
                pause_s = _POLL_FIRST_S
                if not as_json:
                    out(end_told(view))
            if open_ids:
                time.sleep(pause_s)
                pause_s = min(1.5 * pause_s, _POLL_MAX_S)
    views = [ended[answer["id"]] | {"key": answer["key"]} for answer in answers]
    if as_json:
        out_json(views)
    return all(view["state"] == "completed" for view in views)


def _patiently(node: NodeClient, path: str) -> Any:
    """What is at `path`, also if the node is away for a while."""
    until = time.monotonic() + _AWAY_MAX_S
    while True:
        try:
            return node.get(path)
        except Unavailable:
            if time.monotonic() > until:
                raise
            time.sleep(_POLL_MAX_S)


def end_told(view: Json) -> str:
    """How a workload ended, in a line."""
    head = f"{view['id']} {printable(view['name'])}: {view['state']}"
    if view["state"] == "refused":
        return f"{head}: {first_reason(view['reasons'], view['spec'].get('sites', ()))}"
    began, ended = view["started_at_s"] or view["placed_at_s"], view["ended_at_s"]
    after = f" after {span(ended - began)}" if began and ended else ""
    status = f", exit status {view['exit_status']}" if view["exit_status"] else ""
    detail = f": {printable(view['detail'])}" if view["detail"] else ""
    return f"{head}{after}{status}{detail}"


@contextmanager
def _bar(total: int) -> Iterator[Any]:
    """A bar on a terminal when there are many; what it yields moves it by one."""
    from rich.console import Console

    console = Console(stderr=True)
    if total < _MANY or not console.is_terminal:
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("submitting", total=total)
        yield lambda: progress.advance(task)
