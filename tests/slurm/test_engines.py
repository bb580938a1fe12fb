"""llama.cpp as a job of a Slurm cluster, called by way of the gateway."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
import yaml

from tests.engines.gateway_world import gateway_world, service, wait_for
from tests.engines.programs import SERVICES, need, write_tiny
from tests.slurm.cluster import Cluster
from tests.slurm.fixtures import NewCluster
from tests.slurm.world import SHAPES, give_keys, work_folder, world

#: Jobs run as users who may not read where the tests' own Python lies.
_PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="module")
def narvik(new_cluster: NewCluster) -> Cluster:
    shape = SHAPES["narvik"]
    return new_cluster(
        name=shape.name,
        nodes=shape.nodes,
        gpus=shape.gpus,
        gpu_type=shape.gpu_type,
        licences=shape.licences,
    )


def for_jobs(cluster: Cluster) -> Path:
    """A folder that jobs may read, with the engine, its launcher and the model."""
    packages = next(need("llama-cpp").glob("lib/python3*/site-packages"))
    version = "import sys; print('python%d.%d' % sys.version_info[:2])"
    asked = subprocess.run([_PYTHON, "-c", version], capture_output=True, text=True, check=False)
    if asked.stdout.strip() != packages.parent.name:
        pytest.skip(f"skipped: {_PYTHON} for jobs is not {packages.parent.name}")
    folder = work_folder(cluster) / "engine"
    folder.mkdir()
    for package in packages.glob("xllamacpp*"):
        shutil.copytree(package, folder / package.name)
    shutil.copy(SERVICES / "llama_cpp_server.py", folder)
    write_tiny("llama-cpp", "gguf", folder / "tiny.gguf")
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    return folder


def test_a_job_answers_chats(narvik: Cluster, tmp_path: Path) -> None:
    folder = for_jobs(narvik)
    give_keys({"narvik": narvik}, tmp_path)
    document = service(
        "chat",
        "tiny",
        [
            *(_PYTHON, str(folder / "llama_cpp_server.py"), "--model", str(folder / "tiny.gguf")),
            *("--alias", "{model}", "--host", "{host}", "--port", "{port}", "--threads", "1"),
        ],
        replicas={"min": 0, "max": 1, "in_flight": 4},
    )
    document["spec"]["environment"]["PYTHONPATH"] = str(folder)
    sites = yaml.safe_dump_all([item.to_json() for item in world({"narvik": narvik})])
    with gateway_world(tmp_path, [document], world=sites, service_ports="24100-24199") as made:
        headers = {"authorization": f"Bearer {made.key()}"}
        body = {"model": "tiny", "messages": [{"role": "user", "content": "x"}], "max_tokens": 5}
        # None runs yet: the first call starts one, and is kept until it answers.
        answer = httpx.post(
            f"{made.base_url}/chat/completions", json=body, headers=headers, timeout=180
        )
        assert answer.status_code == 200, f"{answer.text}\n{made.told()}"
        assert answer.headers["x-allod-site"] == "narvik"
        wait_for(lambda: len(made.records()) == 1, made.told)
        (record,) = made.records()
        assert record["answer_tokens"] == answer.json()["usage"]["completion_tokens"] > 0
        (workload,) = made.ask("GET", "/v1/workloads")["items"]
        assert (workload["kind"], workload["site"]) == ("service", "narvik")
        job = made.ask("GET", f"/v1/workloads/{workload['id']}")["job"]
        assert narvik.job(int(job))["JobState"] == "RUNNING"
