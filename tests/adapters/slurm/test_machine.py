from __future__ import annotations

from itertools import product

import pytest

from allod.adapters.slurm.job import Job, Share
from allod.adapters.slurm.machine import Machine, PoolShape, machines_of, pool_report
from allod.domain.slurm import PowerLicence, SlurmPool
from allod.errors import RunnerUnknown
from allod.run.ports import PoolReport
from tests.adapters.slurm.scripted import job, machine

KW = PowerLicence(name="kw", unit_w=1000)


def shape(
    per_node: int = 8, *, nodes: str = "n[1-2]", models: bool = True, **pool: int
) -> PoolShape:
    slurm = SlurmPool(partition="main", nodes=nodes, gres="gpu", **pool)
    return PoolShape("narvik", "gpus", slurm, per_node, 500, models)


def others(*shares: tuple[str, int, int], licences: str = "") -> Job:
    return job(9, "RUNNING", None, shares=tuple(Share(*s) for s in shares), licences=licences)


def report(
    *jobs: Job, pool: PoolShape | None = None, licence: PowerLicence | None = None, **nodes: Machine
) -> PoolReport:
    machines = {f"n{i}": machine(f"n{i}") for i in range(1, 5)} | nodes
    return pool_report(pool or shape(), machines, jobs, licence)


# ------------------------------------------------------------ nodes


@pytest.mark.parametrize(
    "item",
    [
        {"state": "idle", "state_flags": ["DRAIN"], "cpus": 32},
        {"state": ["IDLE", "DRAIN"], "cpus": {"set": True, "infinite": False, "number": 32}},
    ],
)
def test_a_node_is_the_same_in_both_shapes(item: dict[str, object]) -> None:
    common = {"name": "n1", "gres": "gpu:b200:8", "real_memory": 64_000, "reason": "disk"}
    found = machines_of({"nodes": [{**common, **item, "partitions": ["main"]}]})["n1"]
    assert (found.accelerators, found.cpus, found.memory_mb) == (8, 32, 64_000)
    assert (found.states, found.partitions) == (("IDLE", "DRAIN"), ("main",))
    assert found.out == "n1 is drain: disk"
    assert machines_of({"nodes": []}) == {}
    with pytest.raises(RunnerUnknown):
        machines_of({})


GOOD = ("IDLE", "MIXED", "ALLOCATED", "COMPLETING", "PLANNED", "POWERED_DOWN", "REBOOT_REQUESTED")
BAD = (
    "DOWN",
    "DOWN*",
    "DRAIN",
    "DRAINING",
    "FAIL",
    "ERROR",
    "UNKNOWN",
    "FUTURE",
    "NOT_RESPONDING",
    "MAINTENANCE",
    "INVALID_REG",
    "POWERING_DOWN",
    "RESERVED",
)


@pytest.mark.parametrize("word", GOOD)
def test_a_node_takes_work(word: str) -> None:
    assert machine("n1", states=(word,)).out == ""


@pytest.mark.parametrize("word", BAD)
def test_a_node_takes_no_work_and_says_why(word: str) -> None:
    said = word.rstrip("*").lower().replace("_", " ")
    assert machine("n1", states=("IDLE", word), reason="disk").out == f"n1 is {said}: disk"
    assert machine("n1", states=(word,)).out == f"n1 is {said}"


# ------------------------------------------------------------ what is left of a pool


def test_every_mix_of_nodes_and_others_leaves_what_it_must() -> None:
    """All of: two nodes up, down or missing, each with 0 to 4 held, of 1 to 4 in the pool."""
    kinds = ("up", "down", "missing")
    for per_node, first, second, a, b in product(range(1, 5), kinds, kinds, range(5), range(5)):
        machines = {}
        for name, kind in (("n1", first), ("n2", second)):
            if kind != "missing":
                states = ("IDLE",) if kind == "up" else ("DOWN",)
                machines[name] = machine(name, accelerators=4, states=states)
        held = others(("n1", a, 0), ("n2", b, 0), ("n3", 4, 0))
        found = pool_report(shape(per_node), machines, [held], None)
        out = dict(found.out)
        assert list(out) == sorted(out)
        for place, (kind, count) in enumerate(((first, a), (second, b))):
            left = max(0, per_node - count) if kind == "up" else 0
            assert out.get(place, 0) == per_node - left, (per_node, kind, count)
        assert found.others_w == 500 * (a + b)


def test_a_node_with_too_few_accelerators_says_so() -> None:
    found = report(n2=machine("n2", accelerators=5))
    assert (found.out, found.why) == (((1, 3),), ("n2 has 5 of 8 accelerators",))


def test_accelerators_without_cpus_are_of_no_use() -> None:
    assert report(others(("n1", 0, 31))).out == ((0, 8),)
    assert report(others(("n1", 0, 20))).out == ((0, 5),)
    assert report(others(("n1", 2, 8))).out == ((0, 2),)
    assert report(others(("n1", 0, 20)), pool=shape(cpus_per_accelerator=1)).out == ()
    assert report(others(("n1", 0, 32)), pool=shape(cpus_per_accelerator=1)).out == ((0, 8),)


def test_several_jobs_add_up() -> None:
    found = report(others(("n1", 3, 0)), others(("n1", 4, 0), ("n2", 1, 0)))
    assert found.out == ((0, 7), (1, 1))
    assert found.why == ("work that Allod did not place holds 8 accelerators",)
    assert report(others(("n1", 9, 0))).out == ((0, 8),)


def test_a_pool_counts_its_nodes_as_its_document_does() -> None:
    found = report(others(("n1", 2, 0), ("n3", 1, 0)), pool=shape(nodes="n3,n[1-2]"))
    assert found.out == ((0, 1), (1, 2))


def test_equal_units_have_no_nodes() -> None:
    units = shape(1, nodes="n[1-4]", models=False)
    down = machine("n4", accelerators=1, states=("DOWN",))
    found = report(others(("n1", 1, 0), ("n2", 1, 0)), pool=units, n4=down)
    assert found.out == ((0, 3),)
    assert report(pool=units).out == ()


@pytest.mark.parametrize(
    ("licences", "licence", "watts"),
    [
        ("", None, 1500),
        ("kw:7", None, 1500),
        ("", KW, 1500),
        ("kw:7", KW, 7000),
        ("kw", KW, 1000),
        ("water:1,kw@here:3", KW, 3000),
        ("kwh:9", KW, 1500),
        ("kw:0", KW, 1500),
    ],
)
def test_what_others_draw_is_what_they_declare_or_what_they_hold(
    licences: str, licence: PowerLicence | None, watts: int
) -> None:
    found = report(others(("n1", 3, 0), licences=licences), licence=licence)
    assert found.others_w == watts
    elsewhere = report(others(("n3", 3, 0), licences=licences), licence=licence)
    assert elsewhere.others_w == 0
