"""The example world with its three sites on Slurm clusters in place of local processes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from allod.domain.document import Document, from_json, read_documents
from tests.slurm.cluster import Cluster
from tests.slurm.machine import need_user
from tests.slurm.shape import Shape

WORLD = Path(__file__).resolve().parents[2] / "examples/world.yaml"
LICENCE = {"name": "power", "unit_w": 25}  #: An accelerator of narvik draws 99 of them.
#: A cluster for each site: its nodes as the site counts them, and watts for work as licences.
SHAPES = {
    "narvik": Shape(name="narvik", nodes=4, gpus=4, gpu_type="gb300", licences={"power": 1680}),
    "nouaceur": Shape(name="nouaceur", nodes=4, gpus=4, gpu_type="b200", licences={"power": 1560}),
    "cambrai": Shape(name="cambrai", nodes=1, gpus=8, gpu_type="h200", licences={"power": 540}),
}


def work_folder(cluster: Cluster) -> Path:
    """The folder in which every user of a cluster may leave output."""
    folder = cluster.folder / "work"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o1777)
    return folder


def slurm_section(cluster: Cluster, pool: str, **changes: Any) -> dict[str, Any]:
    """`spec.slurm` of a site with one pool, all of whose nodes the cluster has."""
    for user in ("allod-ada", "allod-bo"):
        need_user(user)
    shape = cluster.shape
    section = {
        "rest": cluster.rest_url,
        # For reservations alone; the tests are root.
        "command": {"as_user": "runuser", "conf": str(cluster.conf)},
        "key": cluster.name,
        "pools": {
            pool: {
                "partition": shape.partitions[0].name,
                "nodes": f"n[1-{shape.nodes}]",
                "gres": f"gpu:{shape.gpu_type}",
            }
        },
        "others": {"user": "allod-ada", "people": {"bo": "allod-bo"}},
        "folder": str(work_folder(cluster)),
    }
    if LICENCE["name"] in shape.licences:
        section["power_licence"] = LICENCE
    return {**section, **changes}


def give_keys(clusters: Mapping[str, Cluster], data_dir: Path) -> None:
    """Put each cluster's key where a node looks for it."""
    keys = data_dir / "keys"
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    for cluster in clusters.values():
        shutil.copy(cluster.jwt_key, keys / cluster.name)
        (keys / cluster.name).chmod(0o600)


def world(clusters: Mapping[str, Cluster], **changes: Any) -> tuple[Document, ...]:
    """The documents; `clusters` are by site. `changes` go into every slurm section."""
    documents = []
    for document in read_documents(WORLD.read_text(encoding="utf-8"), str(WORLD)):
        item = document.to_json()
        if document.kind == "Site" and document.name in clusters:
            spec = item["spec"]
            pool = spec["pools"][0]["name"]
            section = slurm_section(clusters[document.name], pool, **changes)
            item["spec"] = {**spec, "runner": "slurm", "slurm": section}
        documents.append(from_json(item))
    return tuple(documents)
