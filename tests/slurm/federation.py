"""The example federation on Slurm: three clusters that outlive the command, and a world on them.

    python -m tests.slurm federation --data .allod [--folder DIR]

The node's data folder gets the keys, and the folder of the clusters `world.yaml` for
`allod up --example --world`. Where they run already they are left as they are.
"""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from tests.slurm.cluster import Cluster
from tests.slurm.leftovers import end_cluster
from tests.slurm.machine import why_not
from tests.slurm.world import SHAPES, give_keys, world

LIST = "clusters.json"
WORLD = "world.yaml"
CHECKOUT = "checkout"  #: Says whose they are, so that `make clean` ends its own alone.


def bring_up(folder: Path, data_dir: Path) -> None:
    """Have the clusters run, their keys in `data_dir`, and say how to use them."""
    if why := why_not():
        raise SystemExit(f"no cluster can be started: {why}")
    known = _known(folder)
    if known is None:
        known = _start(folder, data_dir)
    else:
        keys = data_dir / "keys"
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        for one in known:
            shutil.copy(one["jwt_key"], keys / one["name"])
            (keys / one["name"]).chmod(0o600)
    print("three Slurm clusters run on this machine; their GPUs are made up, all else is real:")
    for one in known:
        print(f"  {one['name']:<10}{one['rest_url']}  {one['what']}")
    print(f"see into one: SLURM_CONF={known[0]['conf']} squeue")
    print("`make slurm-down` ends them with all their jobs, and so does `make clean`")


_FIRST_PORT = 16_820


def _start(folder: Path, data_dir: Path) -> list[dict[str, Any]]:
    # On the same ports each time: the node's documents still name those of before.
    clusters = {
        name: Cluster(folder / name, shape, range(first, first + 20))
        for first, (name, shape) in zip(count(_FIRST_PORT, 20), SHAPES.items(), strict=False)
    }
    try:
        for cluster in clusters.values():
            cluster.start()
    except BaseException:
        for cluster in clusters.values():
            cluster.stop(remove=True)
        raise
    give_keys(clusters, data_dir)
    text = yaml.safe_dump_all(
        [document.to_json() for document in world(clusters)], allow_unicode=True, sort_keys=False
    )
    (folder / WORLD).write_text(text, encoding="utf-8")
    (folder / CHECKOUT).write_text(f"{Path.cwd()}\n")
    known = [
        {"name": name, "rest_url": one.rest_url, "conf": str(one.conf)}
        | {"jwt_key": str(one.jwt_key), "folder": str(one.folder)}
        | {"what": f"{_nodes(one.shape.nodes)}, {one.shape.gpus} {one.shape.gpu_type} each"}
        for name, one in clusters.items()
    ]
    (folder / LIST).write_text(json.dumps(known, indent=2) + "\n")
    return known


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count} nodes"


def _known(folder: Path) -> list[dict[str, Any]] | None:
    """The federation's clusters if they run; None if none do, and what is left of them is gone."""
    if not (folder / LIST).exists():
        return None
    known: list[dict[str, Any]] = json.loads((folder / LIST).read_text())
    if [one["name"] for one in known] != list(SHAPES):
        raise SystemExit(f"{folder} has other clusters; `make slurm-down` ends them")
    if all(_answers(one["rest_url"]) for one in known):
        return known
    for one in known:
        end_cluster(Path(one["folder"]))
    return None


def _answers(url: str) -> bool:
    """Whether a slurmrestd listens; it asks who speaks before it answers."""
    try:
        with urllib.request.urlopen(f"{url}/openapi/v3", timeout=10):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
