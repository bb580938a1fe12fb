"""Commands about evidence: receipt, verify, erase, log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allod.cli.commands.options import DATA_DEFAULT, DataOption, JsonOption, WorkloadId


def receipt(
    workload: WorkloadId,
    disclose: Annotated[
        list[str] | None,
        typer.Option(
            "--disclose",
            metavar="FIELD",
            help="Open this field too, such as power_w; may be given often; 'all' opens every one.",
            show_default=False,
        ),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="All records of it, not its last placement alone.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="Write it there.", show_default="WORKLOAD.tlog-proof"
        ),
    ] = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Write a receipt: the proof of what was decided about a workload.

    Whoever has it verifies it without this node. Who, where and when are open in it; all else
    stays hidden unless you disclose it. It waits for the log's next checkpoint.
    """
    from allod.cli import receipts

    receipts.take(data, workload, disclose or [], output, whole=whole, as_json=as_json)


def verify(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The receipt, or the section.")],
    key: Annotated[
        str,
        typer.Option("--key", metavar="LOGKEY", help="Key of the log, or a file that holds it."),
    ],
    witness_policy: Annotated[
        str,
        typer.Option(
            "--witness-policy",
            metavar="FILE",
            help="Which witnesses must have seen it (tlog-policy).",
        ),
    ] = "",
    known: Annotated[
        str,
        typer.Option(
            "--known",
            metavar="FILE",
            help="A checkpoint that you kept, after a consistency proof if you have one.",
        ),
    ] = "",
    replay: Annotated[
        bool,
        typer.Option("--replay", help="FILE is a section of the log; make its decisions again."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Verify a receipt, without network and without anyone's help.

    It says what is proved, what is attested and what is only declared. Exit status: 0 yes, 1 no,
    2 wrong use or a file that cannot be read. `python -m allod.prove` is the same command, and
    needs nothing but Python and `cryptography`.

    With --replay it verifies what `allod log section` wrote: that it is the whole log up to its
    checkpoint, and that the engine makes every decision in it again, byte for byte.
    """
    from allod.cli import sections, verifying

    if replay:
        sections.check_alone({"--witness-policy": witness_policy, "--known": known})
        sections.verify(file, key=key, as_json=as_json)
        return
    status = verifying.perform(
        file, key=key, witness_policy=witness_policy, known=known, as_json=as_json
    )
    if status:
        raise typer.Exit(status)


def erase(
    workloads: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORKLOAD...", help="Workloads that have ended.", show_default=False
        ),
    ] = None,
    project: Annotated[
        str,
        typer.Option(
            "--project", metavar="NAME", help="All workloads of this project.", show_default=False
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Destroy for ever what the log says of workloads that have ended.

    Nobody can then tell what their leaves said; every receipt that was given stays valid, and that
    they were erased is itself in the log. Output in the folder of a run and backups are yours to
    remove.
    """
    from allod.cli import erasing

    status = erasing.perform(data, workloads or [], project, yes=yes, as_json=as_json)
    if status:
        raise typer.Exit(status)


log = typer.Typer(help="The sealed log: its key, checkpoints, copies.", no_args_is_help=True)


@log.command("key")
def log_key(data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Print the key of the log, which verifies its receipts.

    Give it to those who verify by another way than the receipts.
    """
    from allod.cli import log as of_log

    of_log.show_key(data, as_json=as_json)


@log.command("witness-key")
def log_witness_key(data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Print the key with which this node cosigns the logs of others.

    They name it in their witness policy.
    """
    from allod.cli import log as of_log

    of_log.show_witness_key(data, as_json=as_json)


@log.command("rotate-key")
def log_rotate_key(
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="Where the receipt is written.")
    ] = Path("log-key.tlog-proof"),
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Sign the log under a new key from now on.

    The change is a record of the log. Its receipt, which the old key and the new one have signed,
    tells the new key to all who trust the old one: give it to them, and to your witnesses first.
    """
    from allod.cli import log as of_log

    of_log.rotate_key(data, output, as_json=as_json)


@log.command("checkpoint")
def log_checkpoint(data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Print the newest checkpoint of the log.

    Whoever keeps one finds out if the log is ever rewritten or cut: `allod verify --known`.
    """
    from allod.cli import log as of_log

    of_log.show_checkpoint(data, as_json=as_json)


@log.command("consistency")
def log_consistency(
    known: Annotated[
        Path, typer.Argument(metavar="KNOWN", help="A checkpoint that was kept from before.")
    ],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A receipt, or another checkpoint of the log.")
    ],
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Print KNOWN after the proof that it and FILE are of one log.

    That is what `allod verify --known` wants if the two are not of one size. The proof is made of
    the log's tiles, and checked.
    """
    from allod.cli import log as of_log

    of_log.show_consistency(data, known, file, as_json=as_json)


@log.command("export")
def log_export(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A new folder, or that of an earlier export.")
    ],
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Write the sealed log to a folder that any static server can publish.

    Checkpoint, tiles, entries and key, as C2SP tlog-tiles has them; nothing in them says what was
    recorded. It goes on from where an earlier export ended, and stops if the log is not the one
    that was exported before. The export itself becomes a record of the log.
    """
    from allod.cli import export

    export.perform(data, folder, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    for command in (receipt, verify, erase):
        app.command()(command)
    app.add_typer(log, name="log")
