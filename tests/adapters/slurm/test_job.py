"""Jobs as the versions list them; the answers are made up after the schemas of v0.0.38 to .44."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from allod.adapters.slurm.accounting import accounted
from allod.adapters.slurm.energy import of_counting, with_energy
from allod.adapters.slurm.job import gpus, jobs_of
from allod.adapters.slurm.machine import Machine
from allod.errors import RunnerUnknown
from allod.run.ports import EndCause, RunReport

KEY = ("w-1", 1)


def told(number: int) -> dict[str, Any]:
    return {"set": True, "infinite": False, "number": number}


UNSET = {"set": False, "infinite": False, "number": 0}


def old(**changes: Any) -> dict[str, Any]:
    """A job of v0.0.38: plain numbers, one state, a raw wait status."""
    standard = {
        "job_id": 7,
        "comment": "allod:00000001:w-1.1",
        "user_name": "ada",
        "partition": "main",
        "job_state": "RUNNING",
        "state_reason": "None",
        "exit_code": 0,
        "restart_cnt": 0,
        "submit_time": 100,
        "start_time": 110,
        "end_time": 710,
        "nodes": "n[1-2]",
        "cpus": 9,
        "gres_detail": ["gpu:b200:8(IDX:0-7)", "gpu:b200:4(IDX:0,2-4)"],
        "tres_alloc_str": "cpu=9,node=2,billing=9",
        "licenses": "kw:12",
        "standard_output": "/data/o",
    }
    return standard | changes


def new(**changes: Any) -> dict[str, Any]:
    """The same job from v0.0.40 on."""
    item = old() | {
        "job_state": ["RUNNING"],
        "exit_code": {
            "status": ["SUCCESS"],
            "return_code": told(0),
            "signal": {"id": UNSET, "name": ""},
        },
        "submit_time": told(100),
        "start_time": told(110),
        "end_time": told(710),
        "cpus": told(9),
    }
    return item | changes


def report(item: dict[str, Any]) -> RunReport:
    (job,) = jobs_of({"jobs": [item]})
    return job.report(KEY)


@pytest.mark.parametrize("item", [old(), new()])
def test_a_job_is_the_same_in_both_shapes(item: dict[str, Any]) -> None:
    (job,) = jobs_of({"jobs": [item]})
    assert (job.job_id, job.user, job.states, job.licences) == (7, "ada", ("RUNNING",), "kw:12")
    assert (job.submitted_at_s, job.began_at_s, job.finished_at_s) == (100, 110, 710)
    assert [(s.node, s.accelerators, s.cpus) for s in job.shares] == [("n1", 8, 5), ("n2", 4, 4)]
    assert (job.exit_status, job.signal) == (0, None)
    seen = job.report(KEY).seen
    assert (seen.job, seen.nodes, seen.began_at_s, seen.finished_at_s) == (
        "7",
        ("n1", "n2"),
        110,
        None,
    )


def test_jobs_are_in_the_order_of_their_ids() -> None:
    listed = [old(job_id=9), old(job_id=3), new(job_id=5)]
    assert [job.job_id for job in jobs_of({"jobs": listed})] == [3, 5, 9]
    assert jobs_of({"jobs": []}) == ()


@pytest.mark.parametrize("body", [{}, {"jobs": None}, {"jobs": {}}])
def test_no_list_is_not_an_empty_one(body: dict[str, object]) -> None:
    with pytest.raises(RunnerUnknown):
        jobs_of(body)


# ------------------------------------------------------------ states

WAITS = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD", "REQUEUE_FED")
HOLDS = {
    "RUNNING": "running",
    "SUSPENDED": "running",
    "COMPLETING": "running",
    "STAGE_OUT": "running",
    "RESIZING": "running",
    "STOPPED": "running",
    "SIGNALING": "running",
    "CONFIGURING": "queued",
    "POWER_UP_NODE": "queued",
}
STATES = {"RUNNING", "SUSPENDED", "PENDING"}  #: Never beside another.
ENDS: dict[str, EndCause] = {
    "COMPLETED": "exited",
    "FAILED": "exited",
    "OUT_OF_MEMORY": "exited",
    "TIMEOUT": "timeout",
    "DEADLINE": "timeout",
    "CANCELLED": "stopped",
    "REVOKED": "stopped",
    "NODE_FAIL": "node-failed",
    "BOOT_FAIL": "node-failed",
    "PREEMPTED": "preempted",
    "LAUNCH_FAILED": "node-failed",
    "RECONFIG_FAIL": "node-failed",
}


@pytest.mark.parametrize("word", WAITS)
def test_what_waits_is_queued(word: str) -> None:
    for item in (old(job_state=word, state_reason="Resources"), new(job_state=[word])):
        found = report(item | {"state_reason": "Resources"})
        assert (found.state, found.detail, found.started_at_s) == ("queued", "Resources", None)
        assert (found.seen.nodes, found.seen.began_at_s, found.cause) == ((), None, None)


@pytest.mark.parametrize(("word", "state"), HOLDS.items())
def test_what_holds_nodes_has_not_ended(word: str, state: str) -> None:
    for item in (old(job_state=word), new(job_state=[word])):
        (job,) = jobs_of({"jobs": [item]})
        assert (job.holds, job.ended, job.waits) == (True, False, False)
        assert len(job.shares) == 2
        assert (job.report(KEY).state, job.report(KEY).cause) == (state, None)


@pytest.mark.parametrize(("word", "cause"), ENDS.items())
def test_every_end_has_its_cause(word: str, cause: EndCause) -> None:
    for item in (old(job_state=word), new(job_state=[word])):
        found = report(item)
        assert (found.state, found.cause, found.ended_at_s) == ("ended", cause, 710)
        assert found.seen.nodes == ("n1", "n2")


@pytest.mark.parametrize("word", ENDS)
@pytest.mark.parametrize("flag", sorted({*HOLDS, *WAITS} - STATES))
def test_a_flag_says_more_than_the_state_below_it(word: str, flag: str) -> None:
    """Up to v0.0.39 the flag stands alone; from v0.0.40 on both are listed, in either order."""
    for states in ([word, flag], [flag, word]):
        assert report(new(job_state=states)).state == HOLDS.get(flag, "queued")


def test_a_job_put_back_is_still_on_its_nodes_while_it_cleans_up() -> None:
    (job,) = jobs_of({"jobs": [new(job_state=["PENDING", "REQUEUED", "COMPLETING"])]})
    assert (job.waits, job.report(KEY).state) == (False, "running")
    assert report(new(job_state=["PENDING", "REQUEUED"], restart_cnt=2)).seen.restarts == 2


def test_a_state_that_nobody_knows_is_no_end() -> None:
    for item in (old(job_state="NEW_WORD"), new(job_state=[]), {"job_id": 7}):
        found = report(item)
        assert (found.state, found.cause, found.exit_status) == ("running", None, None)


# ------------------------------------------------------------ exit codes


@pytest.mark.parametrize(
    ("raw", "exit_status", "signal"),
    [
        (0, 0, None),
        (3 << 8, 3, None),
        (8 << 8, 8, None),
        (255 << 8, 255, None),
        (9, None, 9),
        (11 | 128, None, 11),
        (4021, None, None),
        (None, None, None),
        (2**32 - 2, None, None),
    ],
)
def test_a_raw_wait_status_is_a_status_or_a_signal(
    raw: int | None, exit_status: int | None, signal: int | None
) -> None:
    state = "COMPLETED" if raw == 0 else "FAILED"
    (job,) = jobs_of({"jobs": [old(job_state=state, exit_code=raw)]})
    assert (job.exit_status, job.signal) == (exit_status, signal)
    found = job.report(KEY)
    assert (found.exit_status, found.signal) == (exit_status, signal)
    if raw is not None:  # v0.0.39 wraps the same number.
        found = report(old(job_state=state, exit_code=told(raw)))
        assert (found.exit_status, found.signal) == (exit_status, signal)


@pytest.mark.parametrize(
    ("code", "exit_status", "signal"),
    [
        ({"return_code": told(5), "signal": {"id": UNSET, "name": ""}}, 5, None),
        ({"return_code": told(0), "signal": {"id": told(9), "name": "KILL"}}, None, 9),
        ({"return_code": UNSET, "signal": {"id": told(15)}}, None, 15),
        ({"return_code": 5}, 5, None),
        ({"return_code": None, "signal": {"signal_id": 11, "name": "x"}}, None, 11),
        ({"return_code": told(5), "signal": None}, 5, None),
    ],
)
def test_a_structure_is_a_status_or_a_signal(
    code: dict[str, Any], exit_status: int | None, signal: int | None
) -> None:
    found = report(new(job_state=["FAILED"], exit_code=code))
    assert (found.exit_status, found.signal) == (exit_status, signal)


def test_a_job_that_failed_never_comes_out_with_status_0() -> None:
    found = report(old(job_state="FAILED", exit_code=0))
    assert (found.cause, found.exit_status) == ("exited", None)


def test_a_job_out_of_memory_was_killed() -> None:
    assert report(old(job_state="OUT_OF_MEMORY", exit_code=0)).exit_status == 137
    assert report(old(job_state="OUT_OF_MEMORY", exit_code=9 << 8)).exit_status == 9
    assert "out of memory" in report(old(job_state="OUT_OF_MEMORY")).detail


def test_a_job_has_a_start_only_if_it_ran() -> None:
    assert report(old(job_state="COMPLETED")).started_at_s == 110
    # The books give a job that was cancelled while it waited a start all the same.
    never = old(job_state="CANCELLED", nodes="", gres_detail=[], start_time=710)
    assert report(never).started_at_s is None
    assert report(old(job_state="FAILED", exit_code=217 << 8)).started_at_s is None


def test_a_second_job_that_ran_nothing_is_no_end_of_the_run() -> None:
    found = report(old(job_state="FAILED", exit_code=217 << 8))
    assert (found.cause, found.exit_status) == ("lost", None)
    assert "another job of the same run came first" in found.detail
    assert report(old(job_state="CANCELLED", exit_code=217 << 8)).cause == "stopped"


@pytest.mark.parametrize(
    ("state", "reason", "detail"),
    [
        ("COMPLETED", "None", ""),
        ("FAILED", "NonZeroExitCode", ""),
        ("TIMEOUT", "TimeLimit", "Slurm job 7: timeout (TimeLimit)"),
        ("NODE_FAIL", "NodeDown", "Slurm job 7: node fail (NodeDown)"),
        ("CANCELLED", "whatever", "Slurm job 7: cancelled in Slurm"),
        ("PREEMPTED", "None", "Slurm job 7: preempted"),
    ],
)
def test_an_end_is_told_to_people(state: str, reason: str, detail: str) -> None:
    assert report(old(job_state=state, state_reason=reason)).detail == detail


# ------------------------------------------------------------ shares


@pytest.mark.parametrize(
    ("listed", "count"),
    [
        ("", 0),
        ("gpu", 1),
        ("gpu:4", 4),
        ("gpu:b200:8(IDX:0-7)", 8),
        ("gpu:b200:4(IDX:0,2-4),nic:2", 4),
        ("gpu:a:2(S:0-1),gpu:b:3(S:0,1)", 5),
        ("gpuish:4", 0),
        ("cpu=8,gres/gpu=4,gres/gpu:b200=4", 4),
        ("cpu=8,mem=1G", 0),
    ],
)
def test_accelerators_are_counted(listed: str, count: int) -> None:
    assert gpus(listed) == count


def test_without_detail_accelerators_are_spread() -> None:
    item = old(gres_detail=[], tres_alloc_str="cpu=9,gres/gpu=5")
    (job,) = jobs_of({"jobs": [item]})
    assert [share.accelerators for share in job.shares] == [3, 2]
    (job,) = jobs_of({"jobs": [old(gres_detail=[], tres_alloc_str="")]})
    assert [share.accelerators for share in job.shares] == [0, 0]


# ------------------------------------------------------------ the accounting


def test_a_job_of_the_accounting_is_read_as_one_of_the_controller() -> None:
    item = {
        "job_id": 7,
        "user": "ada",
        "nodes": "n1",
        "comment": {"job": "allod:00000001:w-1.1", "system": None},
        "state": {"current": "FAILED", "reason": "None"},
        "exit_code": {"status": "ERROR", "return_code": 4},
        "time": {"submission": 100, "start": 110, "end": 120},
    }
    later = {**item, "state": {"current": ["TIMEOUT"], "reason": "TimeLimit"}}
    later["exit_code"] = {"return_code": told(0), "signal": {"id": UNSET}}
    (first, second) = jobs_of(accounted({"jobs": [item, later]}))
    assert (first.user, first.comment) == ("ada", "allod:00000001:w-1.1")
    assert (first.submitted_at_s, first.began_at_s, first.finished_at_s) == (100, 110, 120)
    assert (first.report(KEY).cause, first.report(KEY).exit_status) == ("exited", 4)
    assert second.report(KEY).cause == "timeout"
    assert jobs_of(accounted({"jobs": [{"job_id": 1, "comment": None, "state": None}]}))


@pytest.mark.parametrize("asked", ["gres:gpu:b200:4", "gres/gpu:b200:4", "gres:gpu:4"])
def test_what_held_accelerators_is_known_after_its_end_too(asked: str) -> None:
    """Without accounting the details of its GPUs are gone by then."""
    (job,) = jobs_of({"jobs": [old(job_state="COMPLETED", gres_detail=[], tres_per_node=asked)]})
    assert [share.accelerators for share in job.shares] == [4, 4]


# ------------------------------------------------------------ energy


@pytest.mark.parametrize(
    ("listed", "energy_j"),
    [
        ("cpu=9,energy=2029,node=2,billing=9", 2029),
        ("cpu=9,node=2,billing=9", None),
        ("cpu=9,energy=0,node=2", None),  # Some versions write it where nothing counts.
        ("cpu=9,energy=18446744073709551614,node=2", None),  # NO_VAL64.
        ("cpu=9,energy=18446744073709151616,node=2", None),  # A counter that fell by 400,000.
        ("", None),
    ],
)
@pytest.mark.parametrize("shape", [old, new])
def test_energy_that_was_not_counted_is_not_nought(
    shape: Callable[..., dict[str, Any]], listed: str, energy_j: int | None
) -> None:
    (job,) = jobs_of({"jobs": [shape(tres_alloc_str=listed)]})
    assert job.energy_j == energy_j


@pytest.mark.parametrize(
    ("count", "energy_j"),
    [(2029, 2029), (told(2029), 2029), (None, None), (UNSET, None), ((1 << 64) - 2, None)],
)
def test_the_accounting_lists_it_beside_what_the_job_held(
    count: object, energy_j: int | None
) -> None:
    held = [("cpu", "", 9), ("energy", None, count), ("gres", "gpu", 12), ("gres", "gpu:b200", 12)]
    tres = [{"type": type_, "name": name, "count": count} for type_, name, count in held]
    item = {"job_id": 7, "nodes": "n[1-2]", "state": {"current": "COMPLETED"}}
    (job,) = jobs_of(accounted({"jobs": [item | {"tres": {"allocated": tres}}]}))
    assert job.energy_j == energy_j
    assert [(share.accelerators, share.cpus) for share in job.shares] == [(6, 5), (6, 4)]


def machine(name: str, accelerators: int = 8, cpus: int = 32) -> Machine:
    return Machine(name, accelerators, cpus, 1000, ("IDLE",), "")


@pytest.mark.parametrize(
    ("gres", "cpus", "machines", "shared"),
    [
        ("gpu:b200:8", 64, (machine("n1"), machine("n2")), False),
        ("gpu:b200:7", 64, (machine("n1"), machine("n2")), True),
        ("gpu:b200:8", 63, (machine("n1"), machine("n2")), True),
        ("gpu:b200:8", 64, (machine("n1"),), True),  # What is not known may be shared.
        ("", 64, (machine("n1", 0), machine("n2", 0)), False),
    ],
)
def test_only_of_whole_nodes_it_is_all_the_jobs_own(
    gres: str, cpus: int, machines: tuple[Machine, ...], shared: bool
) -> None:
    held = {"gres_detail": [gres, gres] if gres else [], "cpus": cpus}
    known = {machine.name: machine for machine in machines}
    for state, found in (("COMPLETED", (2029, shared)), ("RUNNING", (None, False))):
        item = old(job_state=state, tres_alloc_str="energy=2029", **held)
        (job,) = jobs_of({"jobs": [item]})
        seen = with_energy(job.report(KEY), job, known).seen
        assert (seen.energy_j, seen.energy_shared) == found


@pytest.mark.parametrize(
    ("settings", "state", "said"),
    [
        ({}, "works", "counts no energy"),
        ({"AcctGatherEnergyType": "acct_gather_energy/none"}, "works", "counts no energy"),
        ({"AcctGatherEnergyType": "acct_gather_energy/ipmi"}, "warning", "(ipmi), but only while"),
        (
            {
                "AcctGatherEnergyType": "acct_gather_energy/ipmi",
                "PrologFlags": "Alloc,Contain,X11",
            },
            "works",
            "(ipmi), from the begin",
        ),
    ],
)
def test_a_check_tells_whether_energy_is_counted(
    settings: dict[str, str], state: str, said: str
) -> None:
    found = of_counting(settings)
    assert found.state == state and said in found.said
