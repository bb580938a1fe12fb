"""Erasure from the command line: asked once more, then done one workload after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from allod.cli.client import Json, NodeClient, connect, part
from allod.cli.output import out, out_json, report
from allod.cli.words import counted
from allod.errors import AllodError, InvalidInput

_MOST = 1_000_000


def perform(
    data: Path, workload_ids: Sequence[str], project: str, *, yes: bool, as_json: bool
) -> int:
    """Erase workloads, or all of a project; the exit status of the first that could not be.

    Raises:
        InvalidInput: Neither or both are named, or nobody is there to say yes.
    """
    if bool(workload_ids) == bool(project):
        raise InvalidInput(
            "name workloads or a project, one of the two",
            mend="such as 'allod erase w12', or 'allod erase --project NAME'",
        )
    done: list[Json] = []
    status = 0
    with connect(data) as node:
        chosen = list(dict.fromkeys(workload_ids)) or _of_project(node, project)
        if not yes:
            _ask(chosen)
        for workload_id in chosen:
            try:
                done.append(node.post(f"/v1/workloads/{part(workload_id)}/erase"))
            except AllodError as error:
                report(error)
                status = status or error.exit_code
                continue
            if not as_json:
                leaves = counted(int(done[-1]["leaves"]), "record")
                out(f"{workload_id}: {leaves} erased")
    if as_json:
        out_json(done)
    return status


def _of_project(node: NodeClient, project: str) -> list[str]:
    items, _ = node.items("/v1/workloads", most=_MOST, project=project)
    if not items:
        raise InvalidInput(f"project '{project}' has no workloads", mend="see 'allod queue'")
    return [item["id"] for item in items]


def _ask(chosen: Sequence[str]) -> None:
    what = ", ".join(chosen[:5]) + (f" and {len(chosen) - 5} more" if len(chosen) > 5 else "")
    try:
        typer.confirm(f"what the log says of {what} will be gone for ever; erase it?", abort=True)
    except typer.Abort as error:
        raise InvalidInput("nothing was erased", mend="say yes, or give --yes") from error
