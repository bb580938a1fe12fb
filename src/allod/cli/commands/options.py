"""Options that several commands share, so that each reads and is explained alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allod.cli.complete import workload_ids

#: Where a node keeps all that is its own, unless told otherwise.
DATA_DEFAULT = Path(".allod")

DataOption = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="ALLOD_DATA",
        help="Data folder of the node; address and token are found there.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON on standard output, and nothing else.")
]
LimitOption = Annotated[
    int, typer.Option("--limit", metavar="N", min=0, help="Show at most N; 0 shows all.")
]
Files = Annotated[
    list[Path], typer.Argument(metavar="FILE", help="YAML files; '-' is standard input.")
]
WorkloadId = Annotated[
    str,
    typer.Argument(
        metavar="WORKLOAD",
        help="Its id, such as w12.",
        autocompletion=workload_ids,
    ),
]
WorkloadIds = Annotated[
    list[str],
    typer.Argument(
        metavar="WORKLOAD",
        help="Their ids, such as w12.",
        autocompletion=workload_ids,
    ),
]
