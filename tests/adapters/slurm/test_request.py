"""What is asked of Slurm for an order, and how each version of the API is told."""

from __future__ import annotations

from typing import Any

import pytest

from allod.adapters.slurm.request import JobRequest, NodeSize, request_of, user_of
from allod.adapters.slurm.tag import proof
from allod.adapters.slurm.versions import choose, submission
from allod.errors import RunnerRefused, RunnerUnknown
from tests.adapters.slurm.bench import ADA, BO, order, section

TAG = "00000001"
SIZES = {f"n{i}": NodeSize(8, 33, 32_001) for i in range(1, 5)}


def request(slurm: dict[str, Any] | None = None, **fields: Any) -> JobRequest:
    return request_of(order("true", **fields), section(**(slurm or {})), TAG, SIZES)


def pool(**changes: Any) -> dict[str, Any]:
    standard = {"partition": "main", "nodes": "n[1-4]", "gres": "gpu:b200"}
    return {"pools": {"gpus": standard | changes}}


# ------------------------------------------------------------ the shape of a gang


def test_an_even_gang_asks_for_each_node() -> None:
    found = request(accelerators=16, nodes=((0, 8), (2, 8)))
    assert (found.nodes, found.node_names, found.gres, found.gpus) == (
        2,
        ("n1", "n3"),
        "gpu:b200:8",
        "",
    )
    assert (found.cpus_per_node, found.memory_mb_per_node) == (32, 32_000)
    assert (found.cpus_per_gpu, found.memory_mb_per_gpu) == (None, None)


def test_an_uneven_gang_asks_for_the_whole() -> None:
    found = request(accelerators=20, nodes=((0, 8), (1, 8), (2, 4)))
    assert (found.nodes, found.gres, found.gpus) == (3, "", "b200:20")
    assert (found.cpus_per_node, found.memory_mb_per_node) == (None, None)
    assert (found.cpus_per_gpu, found.memory_mb_per_gpu) == (4, 4000)


def test_equal_units_are_asked_for_without_nodes() -> None:
    found = request(accelerators=5, nodes=())
    assert (found.nodes, found.node_names, found.gres, found.gpus) == (1, (), "", "b200:5")
    assert request(pool(gres="gpu"), accelerators=5, nodes=()).gpus == "5"
    assert request(pool(gres="gpu")).gres == "gpu:1"


def test_cpus_and_memory_are_as_the_document_says_or_an_even_share() -> None:
    given = request(pool(cpus_per_accelerator=2, memory_mb_per_accelerator=10), accelerators=2)
    assert (given.cpus_per_node, given.memory_mb_per_node) == (2, 10)
    small = {**SIZES, "n2": NodeSize(8, 4, 7)}
    both = order("true", accelerators=2, nodes=((0, 1), (1, 1)))
    found = request_of(both, section(), TAG, small)
    assert (found.cpus_per_node, found.memory_mb_per_node) == (1, 1)  # Never none.
    with pytest.raises(RunnerUnknown):
        request_of(both, section(), TAG, {})
    without = {"n1": NodeSize(0, 8, 100)}
    with pytest.raises(RunnerUnknown):
        request_of(order("true"), section(), TAG, without)


# ------------------------------------------------------------ who, where, how long


@pytest.mark.parametrize(
    ("project", "person", "user"), [("research", "ada", ADA), ("research", "bo", BO)]
)
def test_a_person_has_a_user(project: str, person: str, user: str) -> None:
    assert request(project=project, person=person).user == user
    assert user_of(section(), project, person) == user


def test_a_project_without_a_user_is_refused_or_runs_as_the_others() -> None:
    with pytest.raises(RunnerRefused) as refused:
        request(project="theatre")
    assert refused.value.mend == "add slurm.projects.theatre to the site's document"
    others = {"others": {"user": "guest", "account": "spare", "people": {"cy": "cy9"}}}
    found = request(others, project="theatre", person="dot")
    assert (found.user, found.account) == ("guest", "spare")
    assert request(others, project="theatre", person="cy").user == "cy9"
    assert request(others).user == ADA


def test_a_class_has_its_qos_or_its_partition() -> None:
    classes = {"classes": {"floor": {"qos": "gold"}, "spare": {"partition": "low"}}}
    found = [request(classes, access_class=name) for name in ("floor", "spare", "")]
    assert [(each.partition, each.qos) for each in found] == [
        ("main", "gold"),
        ("low", None),
        ("main", None),
    ]


def test_a_job_says_whose_run_it_is() -> None:
    found = request({"folder": "/data/{user}/allod/"}, name="train", run=3)
    signed = proof("00000001", ("w-1", 3))
    assert (found.name, found.comment) == ("train", f"allod:00000001:w-1.3:{signed}")
    assert found.folder == f"/data/{ADA}/allod/"
    assert found.output == f"/data/{ADA}/allod/allod-00000001-w-1.3-{signed}.out"
    assert found.error == f"/data/{ADA}/allod/allod-00000001-w-1.3-{signed}.err"
    assert request().name == "w-1"


@pytest.mark.parametrize(("seconds", "minutes"), [(1, 1), (60, 1), (61, 2), (3600, 60), (0, 1)])
def test_a_time_limit_is_whole_minutes(seconds: int, minutes: int) -> None:
    assert request(wall_time_s=seconds).time_limit_min == minutes


@pytest.mark.parametrize(
    ("power_w", "unit_w", "asked"),
    [
        (0, 1000, None),
        (1, 1000, "kw:1"),
        (1000, 1000, "kw:1"),
        (1001, 1000, "kw:2"),
        (75, 25, "kw:3"),
    ],
)
def test_watts_are_rounded_up_to_licences(power_w: int, unit_w: int, asked: str | None) -> None:
    licence = {"power_licence": {"name": "kw", "unit_w": unit_w}}
    assert request(licence, power_w=power_w).licences == asked
    assert request(power_w=power_w).licences is None


def test_the_environment_cannot_name_another_run() -> None:
    given = (("ALLOD_RUN", "9"), ("ALLOD_WORKLOAD_ID", "w-9"), ("PATH", "/x"), ("A", ""))
    found = dict(request(environment=given).environment)
    assert found == {
        "LANG": "C.UTF-8",
        "PATH": "/x",
        "A": "",
        "ALLOD_WORKLOAD_ID": "w-1",
        "ALLOD_RUN": "1",
        "ALLOD_SITE": "narvik",
        "ALLOD_POOL": "gpus",
        "ALLOD_ACCELERATORS": "1",
    }


def test_a_container_is_run_as_the_document_says() -> None:
    prefix = {"container": ["apptainer", "exec", "--nv", "docker://{image}"]}
    found = request(prefix, container="a/b:1").script
    assert " allod 'apptainer' 'exec' '--nv' 'docker://a/b:1' 'true'\n" in found
    assert "apptainer" not in request(prefix).script


@pytest.mark.parametrize(
    ("fields", "said", "mend"),
    [
        ({"command": ()}, "no command", "command:"),
        ({"command": ("",)}, "no command", "command:"),
        ({"command": ("a\0b",)}, "NUL", "leave it out"),
        ({"container": "a/b"}, "no containers", "slurm.container"),
        ({"pool": "other"}, "names no partition for pool 'other'", ""),
        ({"nodes": ((4, 1),)}, "names only 4", "name all of its nodes"),
    ],
)
def test_what_the_document_has_no_words_for_is_refused(
    fields: dict[str, Any], said: str, mend: str
) -> None:
    command = fields.pop("command", ("true",))
    with pytest.raises(RunnerRefused, match=said) as refused:
        request_of(order(*command, **fields), section(), TAG, SIZES)
    assert mend in refused.value.mend


# ------------------------------------------------------------ versions


def paths(*numbers: int) -> dict[str, Any]:
    return {"paths": {f"/slurm/v0.0.{number}/jobs/": {} for number in numbers}}


@pytest.mark.parametrize(
    ("has", "spoken"),
    [((36, 37, 38), 38), ((39, 40, 41), 41), ((42, 43, 44), 44), ((44, 45, 46, 47), 45)],
)
def test_the_newest_version_that_both_know_is_spoken(has: tuple[int, ...], spoken: int) -> None:
    assert choose(paths(*has)) == spoken


@pytest.mark.parametrize("has", [(), (36, 37), (46,)])
def test_a_server_without_a_known_version_is_refused(has: tuple[int, ...]) -> None:
    with pytest.raises(RunnerRefused) as refused:
        choose(paths(*has))
    assert all(f"v0.0.{number}" in str(refused.value) for number in has)
    assert "-s openapi/" in refused.value.mend
    with pytest.raises(RunnerRefused):
        choose({"paths": {"/slurmdb/v0.0.38/jobs": {}}, "openapi": "3"})


def test_v38_is_told_in_sbatchs_words() -> None:
    found = submission(request(accelerators=16, nodes=((0, 8), (2, 8))), 38)
    assert found["script"].startswith("#!/bin/sh\n")
    job = found["job"]
    assert (job["nodes"], job["nodelist"], job["gres"]) == ("2", "n1,n3", "gpu:b200:8")
    assert (job["ntasks_per_node"], job["cpus_per_task"], job["memory_per_node"]) == (1, 32, 32_000)
    assert (job["time_limit"], job["no_requeue"], job["open_mode"]) == (10, True, "append")
    assert isinstance(job["environment"], dict)
    disabled = {"requeue", "required_nodes", "minimum_nodes", "tres_per_node", "script", "gpus"}
    assert not disabled & set(job)
    assert None not in job.values()
    uneven = submission(request(accelerators=12, nodes=((0, 8), (2, 4))), 38)["job"]
    assert (uneven["gpus"], uneven["cpus_per_gpu"], uneven["memory_per_gpu"]) == (
        "b200:12",
        4,
        4000,
    )
    assert not {"gres", "ntasks_per_node", "memory_per_node"} & set(uneven)


@pytest.mark.parametrize("version", [40, 41, 42, 43, 44])
def test_from_v40_on_a_job_is_a_description(version: int) -> None:
    found = submission(request(accelerators=16, nodes=((0, 8), (2, 8))), version)
    job = found["job"]
    assert (job["minimum_nodes"], job["maximum_nodes"]) == (2, 2)
    assert job["required_nodes"] == ["n1", "n3"]
    assert (job["tres_per_node"], job["requeue"]) == ("gres/gpu:b200:8", False)
    assert job["time_limit"] == {"set": True, "infinite": False, "number": 10}
    assert job["memory_per_node"] == {"set": True, "infinite": False, "number": 32_000}
    assert (job["tasks_per_node"], job["cpus_per_task"], job["open_mode"]) == (1, 32, ["APPEND"])
    assert "ALLOD_RUN=1" in job["environment"]
    assert not {"nodes", "nodelist", "gres", "gpus", "no_requeue"} & set(job)
    uneven = submission(request(accelerators=12, nodes=((0, 8), (2, 4))), version)["job"]
    assert uneven["tres_per_job"] == "gres/gpu:b200:12"
    assert (uneven["cpus_per_tres"], uneven["memory_per_tres"]) == ("gres/gpu:4", "gres/gpu:4000")


@pytest.mark.parametrize("version", [38, 44])
def test_what_is_not_asked_for_is_not_said(version: int) -> None:
    job = submission(request(nodes=()), version)["job"]
    assert not {"account", "qos", "licenses", "nodelist", "required_nodes", "nodes"} & set(job)
    licence = {
        "power_licence": {"name": "kw"},
        "projects": {"research": {"user": ADA, "account": "a"}},
    }
    job = submission(request(licence, power_w=1), version)["job"]
    assert (job["licenses"], job["account"], job["partition"]) == ("kw:1", "a", "main")
