"""Commands about work: submit, queue, show, why, cancel, logs."""

from __future__ import annotations

from typing import Annotated

import typer

from allod.cli.commands.options import (
    DATA_DEFAULT,
    DataOption,
    Files,
    JsonOption,
    LimitOption,
    WorkloadId,
    WorkloadIds,
)


def submit(
    files: Files,
    wait: Annotated[bool, typer.Option("--wait", help="Return when all of it has ended.")] = False,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Call it so, not as the file does.")
    ] = "",
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, help="Ask for N of each.")
    ] = 1,
    key: Annotated[
        str,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Idempotency key: the same files again with the same key start nothing twice.",
            show_default="made up anew",
        ),
    ] = "",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only say what would be decided now, and start nothing."),
    ] = False,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Ask for workloads to run.

    The answer says where each runs, or what stands in its way; with --dry-run where it would, and
    for every site what would be in its way.

    Exit status 1 if one of them was refused or, with --wait, did not complete.
    """
    from allod.cli import submission, trial

    if dry_run:
        trial.refuse_beside(wait=wait, count=count, key=key)
        tried = submission.orders(files, name=name, count=1, key="")
        if not trial.perform(data, [order.document for order in tried], as_json=as_json):
            raise typer.Exit(1)
        return
    orders = submission.orders(files, name=name, count=count, key=key)
    with_all_well = submission.perform(data, orders, wait=wait, as_json=as_json)
    if not with_all_well:
        raise typer.Exit(1)


def queue(
    state: Annotated[
        str,
        typer.Option(
            "--state",
            metavar="STATE",
            help="One state, such as waiting, running or refused; or 'all'.",
            show_default="waiting, or holding room",
        ),
    ] = "",
    project: Annotated[str, typer.Option("--project", metavar="NAME", help="Of a project.")] = "",
    site: Annotated[str, typer.Option("--site", metavar="NAME", help="Placed at a site.")] = "",
    access_class: Annotated[
        str, typer.Option("--class", metavar="NAME", help="Of an access class.")
    ] = "",
    search: Annotated[
        str,
        typer.Option(
            "--search", metavar="TEXT", help="With this in the name, or an id that begins so."
        ),
    ] = "",
    limit: LimitOption = 50,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List workloads, and what each waits for."""
    from allod.cli import queue as listing

    query = {"project": project, "site": site, "access_class": access_class, "q": search}
    listing.show_queue(data, state=state, query=query, limit=limit, as_json=as_json)


def show(
    workload: WorkloadId,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Show a workload and all decisions about it."""
    from allod.cli import workload as one

    one.show(data, workload, as_json=as_json)


def why(
    workload: WorkloadId,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Say for every site what stands in the way.

    With the smallest change that would admit it, and when it is expected to start. Law comes
    first, then class, hardware, power and room: where the law says no, no room helps.
    """
    from allod.cli import workload as one

    one.why(data, workload, as_json=as_json)


def cancel(
    workloads: WorkloadIds,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Take workloads from the queue, or stop them.

    What has ended stays as it is.
    """
    from allod.cli import workload as one

    status = one.cancel(data, workloads, as_json=as_json)
    if status:
        raise typer.Exit(status)


def logs(
    workload: WorkloadId,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as it is written, until it has ended.")
    ] = False,
    stderr: Annotated[
        bool, typer.Option("--stderr", help="What it wrote to standard error instead.")
    ] = False,
    run: Annotated[
        int | None,
        typer.Option(
            "--run", metavar="N", min=1, help="Which of its runs.", show_default="the latest"
        ),
    ] = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Print what a workload's command has written."""
    from allod.cli import workload as one

    stream = "stderr" if stderr else "stdout"
    one.logs(data, workload, follow=follow, stream=stream, run=run, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    for command in (submit, queue, show, why, cancel, logs):
        app.command()(command)
