"""The launcher itself: what it starts is Slurm as a site would run it."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable

import pytest

from tests.slurm.cluster import Cluster
from tests.slurm.machine import api_version


def until(met: Callable[[], bool], what: str, within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not met():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.1)


def state(cluster: Cluster, job_id: int) -> str:
    return cluster.job(job_id)["JobState"]


@pytest.fixture
def long_job(cluster: Cluster) -> int:
    # All of the node: one in part use goes on to look `mixed` to who asks often, also when down.
    options = ("--gres=gpu:8", "--nodelist=n1", "--exclusive")
    job_id = cluster.sbatch("exec sleep 600", *options, user="allod-ada")
    until(lambda: state(cluster, job_id) == "RUNNING", "the job runs")
    return job_id


def test_a_job_with_gpus_runs_as_who_submitted_it(cluster: Cluster) -> None:
    script = 'id --user --name; echo "$SLURM_GPUS_ON_NODE"'
    job_id = cluster.sbatch(script, "--gres=gpu:b200:2", user="allod-ada")
    until(lambda: state(cluster, job_id) == "COMPLETED", "the job completes")
    printed = (cluster.home("allod-ada") / f"slurm-{job_id}.out").read_text()
    assert printed.split() == ["allod-ada", "2"]


def test_slurmrestd_answers_a_token(cluster: Cluster) -> None:
    headers = {"X-SLURM-USER-NAME": "allod-ada", "X-SLURM-USER-TOKEN": cluster.token("allod-ada")}
    url = f"{cluster.rest_url}/slurm/{api_version()}/ping"
    asked = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert json.load(answer)["pings"][0]["ping"] == "UP"


def test_licences_stand_for_power(cluster: Cluster, second_cluster: Cluster) -> None:
    def total(of: Cluster) -> str:
        return of.scontrol("--oneliner", "show", "licenses")

    assert "LicenseName=kw Total=400" in total(cluster)
    assert "LicenseName=kw Total=100" in total(second_cluster)


def test_a_job_outlives_its_controller(cluster: Cluster, long_job: int) -> None:
    cluster.restart_slurmctld()
    assert state(cluster, long_job) == "RUNNING"
    cluster.run("scancel", str(long_job))
    until(lambda: state(cluster, long_job) == "CANCELLED", "the job is cancelled")


def test_a_node_without_power_is_down_until_it_comes_back(cluster: Cluster, long_job: int) -> None:
    cluster.kill_node("n1")
    until(lambda: cluster.node_state("n1").startswith("down"), "n1 is down")
    cluster.start_node("n1")
    assert cluster.job(long_job)["Restarts"] == "1"
    cluster.run("scancel", str(long_job))


def test_a_silent_slurmrestd_leaves_slurm_alone(second_cluster: Cluster) -> None:
    second_cluster.stop_slurmrestd()
    assert "is UP" in second_cluster.scontrol("ping")
    second_cluster.start_slurmrestd()


def test_accounting_knows_its_qos_and_who_ran(accounting_cluster: Cluster) -> None:
    known = accounting_cluster.sacctmgr("--noheader", "--parsable2", "show", "qos", "format=name")
    assert {"normal", "floor", "surplus"} <= set(known.split())
    job_id = accounting_cluster.sbatch("true", "--qos=floor", "--gres=gpu:1", user="allod-bo")

    def told() -> str:
        options = ("--allocations", "--noheader", "--parsable2", "--format=user,account,qos,state")
        return accounting_cluster.sacct("--jobs", str(job_id), *options).strip()

    until(lambda: told() == "allod-bo|research|floor|COMPLETED", "the books have it")
