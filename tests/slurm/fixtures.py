"""Slurm clusters for tests, each started when a first test asks and shared by all that do.

A test that needs a cluster of its own kind calls `new_cluster`.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.slurm.cluster import Cluster
from tests.slurm.leftovers import end_leftovers, new_folder
from tests.slurm.machine import why_not
from tests.slurm.shape import Accounts
from tests.slurm.ssh import HOST, Sshd, why_no_sshd

NewCluster = Callable[..., Cluster]


@pytest.fixture(scope="session")
def new_cluster() -> Iterator[NewCluster]:
    """Starts a cluster that lives until the tests end: `new_cluster(name="a", nodes=2)`."""
    if why := why_not():
        pytest.skip(f"skipped: {why}; scripts/test-packages.sh installs what can be")
    end_leftovers()
    with ExitStack() as stack:
        # Also when pytest ends without having come to its fixtures' ends.
        atexit.register(stack.close)

        def start(**shape: Any) -> Cluster:
            cluster = Cluster(new_folder(), **shape)
            stack.callback(cluster.stop, remove=True)
            cluster.start()
            return cluster

        yield start
    atexit.unregister(stack.close)


@pytest.fixture(scope="session")
def cluster(new_cluster: NewCluster) -> Cluster:
    """Four nodes of eight GPUs and 400 kW as licences, without accounting."""
    return new_cluster(name="north", licences={"kw": 400})


@pytest.fixture(scope="session")
def second_cluster(new_cluster: NewCluster) -> Cluster:
    """A smaller one beside it."""
    return new_cluster(name="south", nodes=2, gpu_type="h100", licences={"kw": 100})


@pytest.fixture(scope="session")
def accounting_cluster(new_cluster: NewCluster) -> Cluster:
    """One with slurmdbd: accounts, the users allod-ada and allod-bo, QOS floor and surplus."""
    return new_cluster(name="books", nodes=2, licences={"kw": 400}, accounts=Accounts())


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """Another machine to reach by ssh, which is this one."""
    if why := why_no_sshd():
        pytest.skip(f"skipped: {why}; scripts/test-packages.sh installs what can be")
    found = Sshd(tmp_path_factory.mktemp("sshd"))
    yield found
    found.stop()


@pytest.fixture
def by_ssh(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of that machine, while `ssh` is the one that knows it."""
    monkeypatch.setenv("PATH", f"{sshd.bin}{os.pathsep}{os.environ['PATH']}")
    return HOST


@pytest.fixture
def sockets(by_ssh: str) -> Iterator[Path]:
    """A folder for ssh's connection to that machine, which ends with the test."""
    # Sockets have 108 bytes for their path.
    with tempfile.TemporaryDirectory(prefix="allod-t", dir="/tmp") as folder:
        yield Path(folder) / "ssh"
        for path in Path(folder).glob("ssh/*"):
            subprocess.run(
                ["ssh", "-o", f"ControlPath={path}", "-O", "exit", by_ssh],
                check=False,
                capture_output=True,
                timeout=10,
            )
