"""A node over the real database and the real runner."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from allod.bootstrap import open_node
from allod.errors import Conflict, InvalidInput, Unavailable
from allod.run.node_views import State
from tests.run.fifo_engine import fifo_maker
from tests.run.world import site, until, workload

WAIT_S = 60
T = TypeVar("T")


def patiently(ask: Callable[[], T]) -> T:
    """What `ask` answers, asking again while the database is away."""
    end_s = time.monotonic() + WAIT_S
    while True:
        try:
            return ask()
        except Unavailable:
            assert time.monotonic() < end_s
            time.sleep(0.05)


def test_a_workload_really_runs_and_is_known_after_a_restart(tmp_path: Path) -> None:
    with open_node(tmp_path, maker=fifo_maker()) as node:
        node.apply([site()]).result(WAIT_S)
        asked = workload(
            command=["sh", "-c", "echo $GREETING; exit 3"], environment={"GREETING": "hi"}
        )
        node.submit(asked, key="k").result(WAIT_S)
        until(lambda: node.workload("w1").state is State.FAILED)
        assert node.logs("w1").data == b"hi\n"
        long = workload(command=["sleep", "1000"], wall_time_s=2000)
        node.submit(long).result(WAIT_S)
        until(lambda: node.workload("w2").state is State.RUNNING)
    with open_node(tmp_path, maker=fifo_maker()) as node:
        assert node.submit(asked, key="k").result(WAIT_S).repeated
        assert node.workload("w1").exit_status == 3
        assert node.workload("w2").state is State.RUNNING
        node.cancel("w2").result(WAIT_S)
        until(lambda: node.workload("w2").state is State.CANCELLED)


def test_a_second_node_on_the_folder_is_told_of_the_first(tmp_path: Path) -> None:
    with open_node(tmp_path, maker=fifo_maker()) as node:
        with pytest.raises(Conflict, match=f"already running on .*process {os.getpid()}"):
            open_node(tmp_path, maker=fifo_maker())
        assert node.ready()


def test_a_database_that_was_killed_is_brought_back(tmp_path: Path) -> None:
    with open_node(tmp_path, maker=fifo_maker()) as node:
        node.apply([site(units=1)]).result(WAIT_S)
        node.submit(workload(command=["sleep", "1000"], wall_time_s=2000)).result(WAIT_S)
        pid = int((tmp_path / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        answer = patiently(lambda: node.submit(workload(), key="k").result(WAIT_S))
        again = patiently(lambda: node.submit(workload(), key="k").result(WAIT_S))
        assert again.workload_id == answer.workload_id
        assert patiently(lambda: node.workload("w1")).site == "here"
        patiently(lambda: node.cancel("w1").result(WAIT_S))
        until(lambda: patiently(lambda: node.workload("w1")).state is State.CANCELLED)


def test_bad_folders_and_addresses_are_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="is not a folder"):
        open_node(tmp_path / "file", maker=fifo_maker())
    with pytest.raises(InvalidInput, match="database URL cannot be read"):
        open_node(tmp_path, database="postgresql://%zz", maker=fifo_maker())
    nobody = f"postgresql://allod@/allod?host={tmp_path}"
    with pytest.raises(Unavailable, match="cannot be used now"):
        open_node(tmp_path, database=nobody, maker=fifo_maker())
