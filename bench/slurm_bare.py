"""The cluster, the work and the bare client of `bench.slurm_site`."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from allod.adapters.slurm.request import NodeSize, request_of
from allod.adapters.slurm.versions import submission
from allod.domain.document import Document, from_json
from allod.domain.site import Site
from allod.run.ports import StartOrder
from tests.slurm.cluster import Cluster
from tests.slurm.leftovers import new_folder
from tests.slurm.shape import Shape
from tests.slurm.world import slurm_section

SITE = "here"


@contextmanager
def a_cluster() -> Iterator[Cluster]:
    """One that remembers no jobs of before: slurmctld takes none while it lists those it has."""
    cluster = Cluster(new_folder(), Shape(name=SITE))
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop(remove=True)


def documents(cluster: Cluster) -> tuple[Document, ...]:
    """A site with room for all of the work at once, whatever the cluster has."""
    spec: dict[str, Any] = {
        "title": "Here",
        "country": "NO",
        "operator": "operator",
        "management": ["NO"],
        "metadata": ["NO"],
        "pools": [{"name": "p", "accelerator": "b200"}],
        "phases": [{"name": "one", "state": "live", "accelerators": {"p": 100_000}}],
        "runner": "slurm",
        "slurm": slurm_section(cluster, "p"),
    }
    return tuple(
        from_json({"apiVersion": "allod/v1", "kind": k, "metadata": {"name": n}, "spec": s})
        for k, n, s in (
            ("Party", "operator", {"title": "Operator", "seat": "NO", "dispersed": True}),
            ("Project", "ours", {"country": "NO"}),
            ("Site", SITE, spec),
        )
    )


def work(name: str, script: str) -> Document:
    """A workload of one accelerator."""
    spec = {"project": "ours", "accelerators": 1, "wall_time_s": 600}
    spec |= {"command": ["sh", "-c", script]}
    item = {"apiVersion": "allod/v1", "kind": "Workload", "metadata": {"name": name}}
    return from_json({**item, "spec": spec})


class Bare:
    """A client that posts and reads, and does nothing else."""

    def __init__(self, cluster: Cluster, user: str) -> None:
        self._host = urlsplit(cluster.rest_url).netloc
        token = cluster.token(user, 36_000)
        self._headers = {"X-SLURM-USER-NAME": user, "X-SLURM-USER-TOKEN": token}
        self._headers["Content-Type"] = "application/json"
        self._local = threading.local()

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The body of an answer."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(self._host)
        connection.request(method, f"/slurm/v0.0.38/{path}", body, self._headers)
        content: bytes = connection.getresponse().read()
        return content


def bodies(cluster: Cluster, count: int, *, hold: bool) -> list[bytes]:
    """The bodies that the adapter would post for so many workloads."""
    site = documents(cluster)[-1].spec
    assert isinstance(site, Site) and site.slurm is not None
    sizes = {name: NodeSize(8, 32, 32_000) for name in cluster.shape.node_names()}
    made = []
    for number in range(count):
        order = StartOrder(
            f"w{number}", 1, ("sh", "-c", "true"), (), 600, 5, SITE, "p", 1, project="ours"
        )
        body = submission(request_of(order, site.slurm, "00000000", sizes), 38)
        body["job"] |= {"hold": True} if hold else {}
        made.append(json.dumps(body).encode())
    return made
