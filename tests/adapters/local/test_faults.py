"""Nothing runs twice, and nothing is forgotten, wherever node or supervisor is killed (X1, X2)."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from allod.adapters.local import LocalRunner, commands
from allod.adapters.local.supervisor import record
from allod.errors import RunnerRefused, RunnerUnknown
from tests.adapters.local.harness import (
    KEY,
    end_of,
    folder_of,
    is_alive,
    living,
    order,
    run_to_end,
    shell,
    started_json,
    text_of,
    wait_for,
)

STARTER = """
import sys
from pathlib import Path
from allod.adapters.local import LocalRunner
from tests.adapters.local.harness import shell
runner = LocalRunner(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    script = f"echo ran >> {sys.argv[2]}/w-{number}"
    runner.start(shell(script, workload_id=f"w-{number}"))
    print("started", flush=True)
"""


def starter(data: Path, ran: Path, count: int) -> subprocess.Popen[str]:
    """A node of its own that starts `count` workloads once it reads a line."""
    ran.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(data), str(ran), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def times_ran(ran: Path, count: int) -> list[int]:
    files = [ran / f"w-{number}" for number in range(count)]
    return [file.read_text().count("ran") if file.exists() else 0 for file in files]


def test_two_nodes_that_start_the_same_at_once_start_it_once(data: Path, tmp_path: Path) -> None:
    ran, count = tmp_path / "ran", 8
    nodes = [starter(data, ran, count) for _ in range(2)]
    for node in nodes:
        go(node)
    for node in nodes:
        out, _ = node.communicate(timeout=30)
        assert (node.returncode, out.count("started")) == (0, count)
    runner = LocalRunner(data)
    wait_for(lambda: len(runner.ended()) == count, "all ends")
    assert times_ran(ran, count) == [1] * count


def test_threads_that_start_the_same_at_once_start_it_once(
    runner: LocalRunner, tmp_path: Path
) -> None:
    script, answers = f"echo ran >> {tmp_path}/w-0; sleep 60", []
    threads = [
        threading.Thread(target=lambda: answers.append(runner.start(shell(script))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.state for answer in answers] == ["running"] * 8
    wait_for(lambda: times_ran(tmp_path, 1) == [1], "the command")
    assert len(living(runner)) <= 2  # The shell and its sleep.


@pytest.mark.parametrize("moment", range(6))
def test_a_node_killed_while_starting_finds_everything_again(
    data: Path, tmp_path: Path, moment: int
) -> None:
    ran, count = tmp_path / "ran", 6
    node = starter(data, ran, count)
    go(node)
    time.sleep(0.013 * moment)
    node.kill()
    out, _ = node.communicate()
    runner = LocalRunner(data)  # The next node asks for everything again.
    for number in range(count):
        script = f"echo ran >> {ran}/w-{number}"
        assert runner.start(shell(script, workload_id=f"w-{number}")).state in ("running", "ended")
    keys = [(f"w-{number}", 1) for number in range(count)]
    wait_for(lambda: len(runner.ended()) == count, "all ends")
    assert times_ran(ran, count) == [1] * count
    assert {report.cause for report in runner.observe(keys).values()} == {"exited"}
    assert out.count("started") <= count


def test_a_run_outlives_its_node_and_is_found_again(data: Path, tmp_path: Path) -> None:
    code = STARTER.replace("echo ran", "echo ran; while [ ! -e go ]; do sleep 0.01; done; echo ran")
    node = subprocess.Popen(
        [sys.executable, "-c", code, str(data), str(tmp_path), "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert node.stdout is not None
    node.stdout.readline()
    go(node)
    assert node.stdout.readline() == "started\n"
    node.kill()
    node.communicate()
    runner = LocalRunner(data)
    key = ("w-0", 1)
    assert runner.observe([key])[key].state == "running"
    (folder_of(runner, key) / "work" / "go").touch()
    assert end_of(runner, key).cause == "exited"


def test_the_answer_was_lost_but_it_was_done(
    runner: LocalRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = runner._spawner._run
    script = f"echo ran >> {tmp_path}/w-0; sleep 60"
    with monkeypatch.context() as patch:
        patch.setattr(runner._spawner, "_run", lambda argv: real(argv) and "")
        assert runner.start(shell(script)).state == "running"  # The record speaks for it.
    assert runner.start(shell(script)).state == "running"
    wait_for(lambda: times_ran(tmp_path, 1) == [1], "the command")


def test_no_answer_and_no_record_is_unknown_and_can_be_asked_again(
    runner: LocalRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(runner._spawner, "_run", lambda argv: "")
        with pytest.raises(RunnerUnknown):
            runner.start(order("true"))
    assert (
        runner.observe([KEY])[KEY].state == "starting"
    )  # Perhaps; a start or stop will settle it.
    assert run_to_end(runner, order("true")).exit_status == 0


def test_a_supervisor_that_comes_late_is_waited_for_and_asked_about(data: Path) -> None:
    slow = LocalRunner(data, python="/bin/sleep", answer_s=0.05)
    with pytest.raises(RunnerUnknown):
        slow.start(order("true"))
    assert run_to_end(LocalRunner(data), order("true")).exit_status == 0


def test_a_machine_that_cannot_start_supervisors_refuses_and_keeps_nothing(data: Path) -> None:
    runner = LocalRunner(data, python="/no/such/python")
    with pytest.raises(RunnerRefused, match="nothing was started"):
        runner.start(order("true"))
    assert runner.observe([KEY])[KEY].state == "absent"


KILLER = """
import os as _os
_left = [{count}]
def _deadly(name):
    real = getattr(_os, name)
    def call(*args, **options):
        _left[0] -= 1
        if not _left[0]:
            _os.kill(_os.getpid(), 9)
        return real(*args, **options)
    setattr(_os, name, call)
for _name in ("open", "close", "write", "fsync", "rename", "mkfifo", "fork", "pipe", "waitpid",
              "ftruncate", "setsid", "dup2", "execve", "read", "waitid", "killpg", "chdir"):
    _deadly(_name)
"""


@pytest.mark.parametrize("first", range(1, 13))
def test_a_supervisor_killed_at_any_call_runs_nothing_twice(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    """Kill -9 at the n-th system call, of supervisor and of forked command, for every n."""
    runner = LocalRunner(data)
    causes = set()
    for count in range(first, 61, 12):
        key = (f"w-{count}", 1)
        start = shell(f"echo ran >> {tmp_path}/{key[0]}", workload_id=key[0])
        with monkeypatch.context() as patch:
            code = KILLER.format(count=count) + commands._START_CODE
            patch.setattr(commands, "_START_CODE", code)
            with suppress(RunnerUnknown):  # As it should be; anything else fails the test.
                runner.start(start)
        runner.start(start)  # The outbox asks again.
        report = wait_for(
            lambda key=key: (found := runner.observe([key])[key]).state == "ended" and found,
            f"the end of {key}",
        )
        file = tmp_path / key[0]
        ran = file.read_text().count("ran") if file.exists() else 0
        assert ran == 1 if report.exit_status == 0 else ran <= 1
        assert report.cause in ("exited", "lost")
        assert living(runner, key) == []
        causes.add(report.cause)
    assert causes


@pytest.mark.parametrize("script", ["sleep 60", "sleep 60 & setsid sleep 61 & sleep 62"])
def test_a_run_that_lost_its_supervisor_is_ended_and_gone(runner: LocalRunner, script: str) -> None:
    runner.start(shell(f"echo ready; {script}"))
    wait_for(lambda: text_of(runner) == "ready\n", "the shell")
    pids = living(runner)
    os.kill(started_json(runner)["supervisor_pid"], signal.SIGKILL)
    report = wait_for(
        lambda: (found := runner.observe([KEY])[KEY]).state == "ended" and found, "the loss"
    )
    assert (report.cause, report.exit_status, report.signal) == ("lost", None, None)
    assert report.started_at_s is not None
    assert pids
    assert living(runner) == []
    assert runner.ended() == (KEY,)
    assert runner.start(shell("echo again")) == report
    assert text_of(runner) == "ready\n"


@pytest.mark.parametrize("changed", ["start_ticks", "boot_id"])
def test_a_process_that_took_over_the_id_is_left_alone(runner: LocalRunner, changed: str) -> None:
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        folder = folder_of(runner)
        (folder / "work").mkdir(parents=True)
        content: dict[str, object] = {
            "boot_id": record.boot_id(),
            "pid": stranger.pid,
            "start_ticks": record.start_ticks(stranger.pid),
            "supervisor_pid": 1,
            "started_at_s": 1,
        }
        content[changed] = 1
        (folder / "started.json").write_text(json.dumps(content))
        assert runner.observe([KEY])[KEY].cause == "lost"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_start_record_torn_by_a_power_cut_still_counts(runner: LocalRunner) -> None:
    folder = folder_of(runner)
    (folder / "work").mkdir(parents=True)
    (folder / "started.json").write_bytes(b"")
    report = runner.start(shell("echo again"))
    assert (report.state, report.cause, report.started_at_s) == ("ended", "lost", None)


def test_a_start_that_cannot_be_recorded_is_refused_and_did_not_run(
    runner: LocalRunner, tmp_path: Path
) -> None:
    folder = folder_of(runner)
    (folder / "started.json.new").mkdir(parents=True)  # The record cannot be written.
    (folder / "work").mkdir()
    with pytest.raises(RunnerRefused, match="nothing was started"):
        runner.start(shell(f"echo ran >> {tmp_path}/w-0"))
    assert runner.observe([KEY])[KEY].state == "absent"
    assert times_ran(tmp_path, 1) == [0]
    (folder / "started.json.new").rmdir()
    assert run_to_end(runner, shell(f"echo ran >> {tmp_path}/w-0")).exit_status == 0
    assert times_ran(tmp_path, 1) == [1]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("skipped: may not mount a small disk here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    file = disk / "filler"
    with file.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(b"x" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC
    return file


def test_a_full_disk_refuses_a_start_and_keeps_nothing_half_made(small_disk: Path) -> None:
    runner = LocalRunner(small_disk)
    filler = fill(small_disk)
    with pytest.raises(RunnerRefused, match="the disk is full, nothing was started") as caught:
        runner.start(order("true"))
    assert "free space" in caught.value.mend
    assert runner.observe([KEY])[KEY].state == "absent"
    filler.unlink()
    assert run_to_end(runner, order("true")).exit_status == 0


def test_a_full_disk_does_not_keep_the_end_of_a_run_from_us(small_disk: Path) -> None:
    runner = LocalRunner(small_disk)
    go_on = small_disk / "go"
    runner.start(
        shell(f"echo one; while [ ! -e {go_on} ]; do sleep 0.01; done; seq 1 50000; exit 3")
    )
    wait_for(lambda: text_of(runner) == "one\n", "the first line")
    fill(small_disk)
    (small_disk / "filler").rename(go_on)
    report = end_of(runner)
    assert (report.exit_status, report.cause) == (3, "exited")
    assert report.output_truncated_bytes > 200_000
    assert not is_alive(started_json(runner)["pid"])


def test_a_run_can_be_stopped_on_a_full_disk(small_disk: Path) -> None:
    runner = LocalRunner(small_disk)
    runner.start(order("sleep", "60"))
    fill(small_disk)
    with pytest.raises(RunnerUnknown):  # A tombstone must be durable, so ask again.
        runner.stop("w-2", 1, grace_s=0, cause="cancelled")
    runner.stop(*KEY, grace_s=0, cause="cancelled")
    assert end_of(runner).cause == "stopped"
