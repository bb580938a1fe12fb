"""A check of a site, on real clusters: each test breaks one thing and expects it to be named."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from allod.adapters.slurm import connect
from allod.domain.document import from_json, read_documents
from allod.domain.site import Site
from allod.errors import InvalidDocument
from allod.run.ports import Finding
from tests.slurm.cluster import Cluster
from tests.slurm.fixtures import NewCluster
from tests.slurm.shape import Accounts, Partition
from tests.slurm.world import WORLD, give_keys, slurm_section

POOL = "gb300"


@dataclass
class SkewedClock:
    """The machine's clock, so many seconds off."""

    ahead_s: int = 0

    def now_s(self) -> int:
        return int(time.time()) + self.ahead_s

    def monotonic_s(self) -> float:
        return time.monotonic()


@pytest.fixture(scope="module")
def narvik(new_cluster: NewCluster) -> Cluster:
    """A cluster that is all that the site of the example asks for."""
    return new_cluster(
        name="check", gpus=4, gpu_type="gb300", licences={"power": 1680}, silence_s=300
    )


@pytest.fixture(scope="module")
def books(new_cluster: NewCluster) -> Cluster:
    """One with accounting and a second partition, for floors."""
    return new_cluster(
        name="checkbooks",
        gpus=4,
        gpu_type="gb300",
        licences={"power": 1680},
        accounts=Accounts(),
        silence_s=300,  # A machine that is busy is no node that is down.
        partitions=(Partition("main"), Partition("floor", options="PriorityTier=10")),
    )


def site_on(cluster: Cluster, **changes: Any) -> Site:
    """Narvik of the example, carried out by the cluster."""
    documents = read_documents(WORLD.read_text(encoding="utf-8"), str(WORLD))
    item = next(d for d in documents if (d.kind, d.name) == ("Site", "narvik")).to_json()
    slurm = {**slurm_section(cluster, POOL), **changes}
    item["spec"] |= {"runner": "slurm", "slurm": slurm}
    spec = from_json(item).spec
    assert isinstance(spec, Site)
    return spec


def checked(
    cluster: Cluster, data: Path, ahead_s: int = 0, *, keys: bool = True, **changes: Any
) -> dict[str, Finding]:
    """What a check finds, by topic; of several of one topic the worst."""
    if keys:
        give_keys({"narvik": cluster}, data)
    site = site_on(cluster, **changes)
    runner = connect(data, "00c0ffee", SkewedClock(ahead_s), "narvik", site, None)
    try:
        order = ["works", "warning", "fails"]
        found = sorted(runner.check(), key=lambda finding: order.index(finding.state))
        return {finding.topic: finding for finding in found}
    finally:
        runner.close()


def states(found: dict[str, Finding]) -> dict[str, str]:
    return {topic: finding.state for topic, finding in found.items() if finding.state != "works"}


# ------------------------------------------------------------ all is well


def test_where_all_is_well_nothing_fails(narvik: Cluster, tmp_path: Path) -> None:
    found = checked(narvik, tmp_path)
    # slurmrestd does not tell slurm.conf, and that is said.
    assert states(found) == {"settings": "warning"}
    assert found["power"].said == ("1680 power of 25 W are 42,000 W, as the envelope has for work")
    assert found["slurm"].said.startswith("Slurm 2")
    assert found["user allod-bo"].said == "is believed"
    assert narvik.squeue("--noheader") == ""  # Nothing was left behind.


def test_by_its_commands_the_settings_are_read_too(narvik: Cluster, tmp_path: Path) -> None:
    command = {"as_user": "runuser", "conf": str(narvik.conf)}
    found = checked(narvik, tmp_path, command=command)
    # The tests' clusters forget ended jobs after 300 s and keep no accounting.
    assert states(found) == {"settings": "warning"}
    assert found["settings"].said.startswith("MinJobAge is 300 s")
    assert found["curtailments"].said.startswith("windows of the envelope are reserved")


def test_without_slurmrestd_the_commands_alone_do(books: Cluster, tmp_path: Path) -> None:
    command = {"as_user": "runuser", "conf": str(books.conf)}
    found = checked(books, tmp_path, keys=False, rest=None, command=command)
    assert states(found) == {}
    assert "key" not in found
    assert found["settings"].said == "KillWait 2 s, MinJobAge 300 s"


@pytest.mark.parametrize(
    "command",
    [
        {"as_user": "runuser", "ssh": "nobody@127.0.0.1"},
    ],
)
def test_commands_that_reach_no_cluster_fail(
    narvik: Cluster, tmp_path: Path, command: dict[str, str]
) -> None:
    found = checked(narvik, tmp_path, keys=False, rest=None, command=command)
    assert found["commands"].state == "fails"
    assert found["commands"].said
    assert "pool gb300" not in found


# ------------------------------------------------------------ reaching it


def test_a_key_of_another_cluster_is_not_believed(narvik: Cluster, tmp_path: Path) -> None:
    give_keys({"narvik": narvik}, tmp_path)
    (tmp_path / "keys" / narvik.name).write_bytes(b"x" * 32)
    found = checked(narvik, tmp_path, keys=False)
    assert states(found) == {"token": "fails"}
    assert "jwt_key" in found["token"].mend
    assert found["address"].state == "works"  # 22.05 gives no number that tells; a signal does.
    assert "pool gb300" not in found


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (None, 0o600, "cannot be read"),
        (b"x" * 32, 0o644, "others can read it (mode 644)"),
        (b"short", 0o600, "5 bytes are no key"),
        (b"-----BEGIN PRIVATE KEY-----\nx\n", 0o600, "no private RSA key"),
    ],
)
def test_a_key_file_that_is_none_is_named(
    narvik: Cluster, tmp_path: Path, content: bytes | None, mode: int, said: str
) -> None:
    if content is not None:
        key = tmp_path / "keys" / narvik.name
        key.parent.mkdir()
        key.write_bytes(content)
        key.chmod(mode)
    found = checked(narvik, tmp_path, keys=False)
    assert states(found) == {"key": "fails"}
    assert said in found["key"].said
    assert found["key"].mend


def test_a_slurmrestd_that_has_gone_is_told_from_a_controller_that_has(
    narvik: Cluster, tmp_path: Path
) -> None:
    with away(narvik, "slurmrestd"):
        found = checked(narvik, tmp_path)
        assert states(found) == {"address": "fails"}
        assert narvik.rest_url in found["address"].said
    with away(narvik, "slurmctld"):
        found = checked(narvik, tmp_path)
        assert states(found) == {"controller": "fails"}
        assert found["address"].state == "works"


@contextmanager
def away(cluster: Cluster, daemon: str) -> Iterator[None]:
    """Without slurmctld or slurmrestd for a while."""
    getattr(cluster, f"stop_{daemon}")()
    try:
        yield
    finally:
        getattr(cluster, f"start_{daemon}")()
        until_idle(cluster)


def until_idle(cluster: Cluster) -> None:
    """Wait: a controller that has just begun, or changed a node, does not know how it is yet."""
    until_s = time.monotonic() + 60
    while any(cluster.node_state(name) != "idle" for name in cluster.shape.node_names()):
        assert time.monotonic() < until_s, cluster.sinfo("--Node", "--long")
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("ahead_s", "expected"),
    [(100, {"clock": "warning"}), (3600, {"clock": "fails"}), (-3600, {"token": "fails"})],
)
def test_clocks_that_are_apart_are_told(
    narvik: Cluster, tmp_path: Path, ahead_s: int, expected: dict[str, str]
) -> None:
    found = checked(narvik, tmp_path, ahead_s)
    found.pop("settings", None)
    assert states(found) == expected


# ------------------------------------------------------------ what it has


def test_a_node_that_is_drained_is_named_with_its_reason(narvik: Cluster, tmp_path: Path) -> None:
    narvik.scontrol("update", "NodeName=n2", "State=DRAIN", "Reason=a fan has stopped")
    try:
        found = checked(narvik, tmp_path)
    finally:
        narvik.scontrol("update", "NodeName=n2", "State=RESUME")
        until_idle(narvik)
    assert states(found) == {"pool gb300": "warning", "settings": "warning"}
    assert "n2" in found["pool gb300"].said
    assert "a fan has stopped" in found["pool gb300"].said


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        ({"nodes": "n[1-3],n9"}, "not in the cluster: n9"),
        ({"partition": "other"}, "not in partition other: n1, n2, n3, n4"),
        ({"gres": "gpu:b200"}, "4 gpu:b200 are asked for on each node: n1 has 0"),
        ({"nodes": "n[1-3]"}, "16 accelerators are live now; the nodes named hold 12"),
    ],
)
def test_a_pool_that_is_not_as_described_fails(
    narvik: Cluster, tmp_path: Path, pool: dict[str, str], said: str
) -> None:
    there = {"partition": "main", "nodes": "n[1-4]", "gres": "gpu:gb300", **pool}
    found = checked(narvik, tmp_path, pools={POOL: there})
    assert found["pool gb300"].state == "fails"
    assert said in found["pool gb300"].said


@pytest.mark.parametrize(
    ("licence", "topic", "state"),
    [
        ({"name": "watts", "unit_w": 25}, "power", "fails"),  # Slurm would refuse every job.
        ({"name": "power", "unit_w": 20}, "power", "fails"),  # It would hold back what fits.
        (
            {"name": "power", "unit_w": 50},
            "power",
            "warning",
        ),  # It would let through what does not.
        ({"name": "power", "unit_w": 1000}, "power unit", "warning"),
        (None, "power", "warning"),
    ],
)
def test_a_licence_that_does_not_stand_for_the_envelope_is_told(
    narvik: Cluster, tmp_path: Path, licence: dict[str, Any] | None, topic: str, state: str
) -> None:
    found = checked(narvik, tmp_path, power_licence=licence)
    assert found[topic].state == state
    assert found[topic].mend


def test_output_that_cannot_be_read_is_told(narvik: Cluster, tmp_path: Path) -> None:
    found = checked(narvik, tmp_path, folder="/nowhere/{user}")
    assert found["folder"].state == "warning"
    assert "/nowhere/allod-bo" in found["folder"].said


# ------------------------------------------------------------ who may


def test_classes_and_accounts_are_looked_up_in_the_accounting(
    books: Cluster, tmp_path: Path
) -> None:
    classes = {"anchor": {"qos": "floor"}, "surplus": {"qos": "gold"}, "research": {}}
    classes |= {"startups": {"partition": "floor"}, "norwegian-ecosystem": {"partition": "gold"}}
    projects = {
        "uit-climate": {"user": "allod-ada", "account": "gold"},
        "tromso-vision": {"user": "nobody"},
        "london-media": {"user": "allod-bo", "account": "research"},
    }
    found = checked(
        books,
        tmp_path,
        classes=classes,
        projects=projects,
        others=None,
        command=None,
        operator="root",
    )
    assert states(found) == {
        "class surplus": "fails",
        "class norwegian-ecosystem": "fails",
        "user allod-ada": "fails",
        "user nobody": "fails",
        "settings": "warning",
    }
    assert found["class surplus"].mend == "sacctmgr add qos gold"
    assert "account research" in found["user allod-bo"].said


def test_a_qos_without_accounting_fails(narvik: Cluster, tmp_path: Path) -> None:
    found = checked(narvik, tmp_path, classes={"anchor": {"qos": "floor"}})
    assert found["class anchor"].state == "fails"


def test_an_operator_that_might_not_see_all_is_told(books: Cluster, tmp_path: Path) -> None:
    found = checked(books, tmp_path, operator="allod-bo", command=None)
    assert found["operator"].state == "warning"
    assert found["operator"].mend == "sacctmgr modify user allod-bo set AdminLevel=Operator"
    books.sacctmgr("modify", "user", "allod-bo", "set", "AdminLevel=Operator")
    try:
        assert (
            checked(books, tmp_path, operator="allod-bo", command=None)["operator"].state == "works"
        )
    finally:
        books.sacctmgr("modify", "user", "allod-bo", "set", "AdminLevel=None")


def test_a_site_without_users_says_so(narvik: Cluster, tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument, match="names no user"):
        checked(narvik, tmp_path, others=None)
