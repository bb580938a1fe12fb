"""Clusters to try things on by hand, which outlive the command that starts them.

    python -m tests.slurm up [--count 2] [--accounting] [--folder DIR]
    python -m tests.slurm federation --data .allod [--folder DIR]
    python -m tests.slurm down [--folder DIR]

The folder is short, as it holds unix sockets, and by default one of /run: only root can write
there, and like the daemons it is gone when the machine starts anew.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tests.slurm.cluster import Cluster
from tests.slurm.federation import CHECKOUT, LIST, WORLD, bring_up
from tests.slurm.leftovers import end_cluster
from tests.slurm.machine import why_not
from tests.slurm.shape import Accounts

FOLDER = Path("/run/allod-slurm")
NAMES = ("north", "south", "east", "west")


def up(folder: Path, count: int, accounting: bool) -> None:
    """Start clusters, say how to use them, and write the same to clusters.json."""
    if why := why_not():
        raise SystemExit(f"no cluster can be started: {why}")
    if (folder / LIST).exists():
        raise SystemExit(f"{folder} has clusters; `python -m tests.slurm down` ends them")
    accounts = Accounts() if accounting else None
    clusters: list[Cluster] = []
    try:
        for name in NAMES[:count]:
            cluster = Cluster(folder / name, name=name, licences={"kw": 400}, accounts=accounts)
            clusters.append(cluster)
            cluster.start()
    except BaseException:
        for cluster in clusters:
            cluster.stop(remove=True)
        raise
    known = [
        {"name": one.name, "rest_url": one.rest_url, "conf": str(one.conf)}
        | {"jwt_key": str(one.jwt_key), "folder": str(one.folder)}
        for one in clusters
    ]
    (folder / LIST).write_text(json.dumps(known, indent=2) + "\n")
    for one in known:
        print(f"{one['name']}: {one['rest_url']}, tokens are signed with {one['jwt_key']}")
        print(f"  export SLURM_CONF={one['conf']}")
    print(f"to stop: python -m tests.slurm down --folder {folder}")


def down(folder: Path) -> None:
    """End the clusters of a folder, with all their jobs, and remove it."""
    if not folder.is_dir():
        print(f"no clusters in {folder}")
        return
    # By pid files, not by the list: one that came up in part is not in it.
    for path in sorted(folder.glob("*/pid")):
        end_cluster(path.parent)
        print(f"{path.parent.name}: ended")
    for name in (LIST, WORLD, CHECKOUT):
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def main() -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tests.slurm", description="Slurm clusters")
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("up", help="start clusters that outlive this command")
    starting.add_argument("--count", type=int, default=2, choices=range(1, len(NAMES) + 1))
    starting.add_argument("--accounting", action="store_true", help="with slurmdbd and MariaDB")
    ending = commands.add_parser("down", help="end them and remove what they wrote")
    federation = commands.add_parser("federation", help="start those of the example, once")
    federation.add_argument("--data", type=Path, required=True, help="the node's data folder")
    for command in (starting, ending, federation):
        command.add_argument("--folder", type=Path, default=FOLDER)
    asked = parser.parse_args()
    if asked.command == "up":
        up(asked.folder.resolve(), asked.count, asked.accounting)
    elif asked.command == "federation":
        bring_up(asked.folder.resolve(), asked.data)
    else:
        down(asked.folder.resolve())


if __name__ == "__main__":
    main()
