from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import pytest

from allod.adapters.local import LocalRunner
from allod.errors import InvalidInput, NotFound, RunnerRefused
from allod.run.ports import Runner
from tests.adapters.local.harness import (
    KEY,
    end_of,
    folder_of,
    is_alive,
    living,
    order,
    parts_of,
    run_to_end,
    shell,
    started_json,
    text_of,
    wait_for,
)
from tests.adapters.local.test_commands import WEIRD_IDS


def test_a_command_gets_its_environment_and_nothing_of_the_nodes(
    runner: LocalRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE_SECRET", "do not tell")
    report = run_to_end(
        runner,
        order("env", environment=(("GREETING", "god dag ä"),), accelerator_ids=("n1/0", "n1/1")),
    )
    assert (report.exit_status, report.cause, report.signal) == (0, "exited", None)
    work = str(folder_of(runner) / "work")
    assert dict(line.split("=", 1) for line in text_of(runner).splitlines()) == {
        "HOME": work,
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "GREETING": "god dag ä",
        "ALLOD_WORKLOAD_ID": "w-1",
        "ALLOD_RUN": "1",
        "ALLOD_SITE": "narvik",
        "ALLOD_POOL": "gb300",
        "ALLOD_ACCELERATORS": "4",
        "ALLOD_ACCELERATOR_IDS": "n1/0,n1/1",
        "ALLOD_RUN_FOLDER": str(folder_of(runner)),
    }


def test_a_command_starts_clean(runner: LocalRunner) -> None:
    script = (
        "pwd; cat; echo to-err >&2; ls -x /proc/$$/fd; grep -E 'Sig(Blk|Ign)' /proc/self/status"
    )
    assert run_to_end(runner, shell(script)).exit_status == 0
    cwd, files, *signals = text_of(runner).splitlines()
    assert Path(cwd) == folder_of(runner) / "work"
    assert files.split() == ["0", "1", "2"]
    of_the_c_library = 1 << 31 | 1 << 32  # Signals 32 and 33: no program can set them.
    assert [int(line.split()[1], 16) & ~of_the_c_library for line in signals] == [0, 0]
    assert text_of(runner, "stderr") == "to-err\n"


def test_a_run_is_reported_with_its_times(runner: LocalRunner) -> None:
    running = runner.start(order("sleep", "60"))
    assert (running.state, running.cause, running.ended_at_s) == ("running", None, None)
    assert running.started_at_s is not None
    assert runner.ended() == ()
    runner.stop(*KEY, grace_s=0, cause="cancelled")
    ended = end_of(runner)
    assert ended.started_at_s == running.started_at_s
    assert ended.ended_at_s is not None
    assert ended.ended_at_s >= running.started_at_s


@pytest.mark.parametrize(
    ("script", "exit_status", "number"),
    [
        ("exit 0", 0, None),
        ("exit 7", 7, None),
        ("exit 255", 255, None),
        ("kill -SEGV $$", None, signal.SIGSEGV),
        ("kill -KILL $$", None, signal.SIGKILL),
    ],
)
def test_how_a_command_ended_is_told(
    runner: LocalRunner, script: str, exit_status: int | None, number: int | None
) -> None:
    report = run_to_end(runner, shell(script))
    assert (report.exit_status, report.signal) == (exit_status, number)
    assert (report.state, report.cause) == ("ended", "exited")


def test_a_command_that_is_not_there_ends_with_127_and_says_so(runner: LocalRunner) -> None:
    assert run_to_end(runner, order("no-such-program")).exit_status == 127
    assert text_of(runner, "stderr") == (
        "allod: cannot run no-such-program: No such file or directory\n"
    )


@pytest.mark.parametrize(("mode", "said"), [(0o644, "Permission denied"), (0o755, "Exec format")])
def test_a_file_that_cannot_be_executed_ends_with_126(
    runner: LocalRunner, tmp_path: Path, mode: int, said: str
) -> None:
    program = tmp_path / "program"
    program.write_text("echo no first line that names a shell\n")
    program.chmod(mode)
    assert run_to_end(runner, order(str(program))).exit_status == 126
    assert said in text_of(runner, "stderr")


def test_a_second_start_reports_and_starts_nothing(runner: LocalRunner) -> None:
    runner.start(shell("echo once; sleep 60"))
    wait_for(lambda: text_of(runner) == "once\n", "the command")
    assert runner.start(shell("echo twice")).state == "running"
    runner.stop(*KEY, grace_s=0, cause="test")
    ended = end_of(runner)
    assert runner.start(shell("echo twice")) == ended
    assert text_of(runner) == "once\n"


def test_the_next_run_of_a_requeued_workload_is_another(runner: LocalRunner) -> None:
    first = run_to_end(runner, shell("touch mark; exit 1"))
    second = run_to_end(runner, shell("ls; echo $ALLOD_RUN", run=2))
    assert (first.exit_status, second.exit_status) == (1, 0)
    assert text_of(runner, key=("w-1", 2)) == "2\n"


def test_the_wall_time_ends_a_run_and_its_children(runner: LocalRunner) -> None:
    report = run_to_end(runner, shell("sleep 60 & sleep 60", wall_time_s=1))
    assert (report.cause, report.signal) == ("timeout", signal.SIGTERM)
    assert living(runner) == []


def test_a_stop_lets_the_command_end_in_its_own_way(runner: LocalRunner) -> None:
    runner.start(shell("trap 'echo saved; exit 5' TERM; echo ready; while :; do sleep 0.01; done"))
    wait_for(lambda: text_of(runner) == "ready\n", "the trap")
    assert runner.stop(*KEY, grace_s=60, cause="reclaimed").state in ("running", "ended")
    report = end_of(runner)
    assert (report.cause, report.exit_status, report.signal) == ("stopped", 5, None)
    assert text_of(runner) == "ready\nsaved\n"


def test_a_command_that_ignores_the_stop_is_killed_after_its_grace(runner: LocalRunner) -> None:
    runner.start(shell("trap '' TERM; sleep 60 & echo ready; while :; do sleep 0.01; done"))
    wait_for(lambda: text_of(runner) == "ready\n", "the trap")
    runner.stop(*KEY, grace_s=1, cause="reclaimed")
    report = end_of(runner)
    assert (report.cause, report.exit_status, report.signal) == ("stopped", None, signal.SIGKILL)
    assert report.ended_at_s is not None
    assert report.started_at_s is not None
    assert report.ended_at_s > report.started_at_s  # It had its second of grace.
    assert living(runner) == []


def test_a_later_stop_can_only_shorten_the_grace(runner: LocalRunner) -> None:
    runner.start(shell("trap '' TERM; echo ready; while :; do sleep 0.01; done"))
    wait_for(lambda: text_of(runner) == "ready\n", "the trap")
    runner.stop(*KEY, grace_s=3600, cause="reclaimed")
    runner.stop(*KEY, grace_s=0, cause="cancelled")
    runner.stop(*KEY, grace_s=3600, cause="reclaimed")
    assert end_of(runner).signal == signal.SIGKILL
    assert runner.stop(*KEY, grace_s=0, cause="again").cause == "stopped"


def test_a_stop_reaches_a_command_that_is_suspended(runner: LocalRunner) -> None:
    runner.start(shell("trap 'exit 6' TERM; echo ready; kill -STOP $$; sleep 60"))
    wait_for(lambda: text_of(runner) == "ready\n", "the shell")
    runner.stop(*KEY, grace_s=60, cause="test")
    assert end_of(runner).exit_status == 6


def test_nothing_of_a_run_outlives_it(runner: LocalRunner) -> None:
    # One in the group, one that left it, and one that left it and ignores requests to end.
    script = """
    sleep 61 &
    setsid sh -c 'touch a; exec sleep 62' &
    (setsid sh -c 'trap "" TERM; touch b; sleep 63; sleep 64' &)
    while [ ! -e a ] || [ ! -e b ]; do sleep 0.01; done
    echo done
    """
    report = run_to_end(runner, shell(script))
    assert (report.exit_status, report.cause) == (0, "exited")
    assert living(runner) == []
    assert text_of(runner) == "done\n"


def test_a_stop_before_the_start_makes_it_never_start(runner: LocalRunner) -> None:
    tombstone = runner.stop(*KEY, grace_s=5, cause="cancelled")
    assert (tombstone.state, tombstone.cause, tombstone.started_at_s) == ("ended", "stopped", None)
    assert runner.start(shell("echo ran")) == tombstone
    assert runner.ended() == (KEY,)
    assert parts_of(runner) == []


def test_a_supervisor_that_finds_a_request_to_end_starts_nothing(runner: LocalRunner) -> None:
    # The node was killed between the request and the tombstone, and the start was under way.
    folder = folder_of(runner)
    (folder / "work").mkdir(parents=True)
    (folder / "stop").write_text("5\ncancelled\n")
    runner._spawner.spawn(folder, runner._marker(KEY))
    report = end_of(runner)
    assert (report.cause, report.started_at_s) == ("stopped", None)


def test_ends_are_listed_until_they_are_acknowledged(runner: LocalRunner) -> None:
    for workload_id in ("b", "a"):
        runner.start(order("true", workload_id=workload_id))
    wait_for(lambda: len(runner.ended()) == 2, "both ends")
    assert runner.ended() == (("a", 1), ("b", 1))
    runner.acknowledge("a", 1)
    runner.acknowledge("a", 1)
    assert runner.ended() == (("b", 1),)
    assert runner.observe([("a", 1)])[("a", 1)].state == "ended"


def test_a_flood_of_output_is_cut_in_the_middle(data: Path) -> None:
    runner = LocalRunner(data, output_cap_bytes=64 * 1024)
    report = run_to_end(runner, shell("seq 1 300000; seq 1 200000 >&2"))
    missing = 0
    for stream, last in (("stdout", 300_000), ("stderr", 200_000)):
        written = "".join(f"{number}\n" for number in range(1, last + 1)).encode()
        parts = parts_of(runner, stream, limit=5000)  # type: ignore[arg-type]
        assert all(part.data == written[part.offset : part.next_offset] for part in parts)
        assert parts[-1].next_offset == len(written)
        kept = sum(len(part.data) for part in parts)
        assert 48 * 1024 < kept <= 64 * 1024
        missing += len(written) - kept
    assert report.output_truncated_bytes == missing
    on_disk = sum(path.stat().st_size for path in folder_of(runner).glob("std*"))
    assert on_disk <= 2 * 64 * 1024


def test_output_can_be_read_while_it_is_written(runner: LocalRunner) -> None:
    runner.start(shell("echo one; while [ ! -e go ]; do sleep 0.01; done; echo two; sleep 60"))
    wait_for(lambda: text_of(runner) == "one\n", "the first line")
    (folder_of(runner) / "work" / "go").touch()
    wait_for(lambda: runner.logs(*KEY, "stdout", 4, 3).data == b"two", "the second line")
    assert runner.logs(*KEY, "stdout", 8, 10).data == b""


def test_only_sensible_output_can_be_asked_for(runner: LocalRunner) -> None:
    with pytest.raises(NotFound):
        runner.logs(*KEY, "stdout", 0, 10)
    for stream, offset, limit in (("work", 0, 1), ("stdout", -1, 1), ("stdout", 0, 0)):
        with pytest.raises(InvalidInput):
            runner.logs(*KEY, stream, offset, limit)  # type: ignore[arg-type]


@pytest.mark.parametrize("workload_id", WEIRD_IDS)
def test_no_way_in_takes_a_weird_id(runner: LocalRunner, workload_id: str) -> None:
    before = sorted(runner.workloads.parent.rglob("*"))
    for call in (
        lambda: runner.start(order("true", workload_id=workload_id)),
        lambda: runner.stop(workload_id, 1, 0, "test"),
        lambda: runner.observe([(workload_id, 1)]),
        lambda: runner.logs(workload_id, 1, "stdout", 0, 1),
        lambda: runner.acknowledge(workload_id, 1),
    ):
        with pytest.raises(RunnerRefused):
            call()
    assert sorted(runner.workloads.parent.rglob("*")) == before


def test_what_was_never_asked_for_is_absent_and_leaves_no_trace(runner: LocalRunner) -> None:
    report = runner.observe([KEY])[KEY]
    assert (report.state, report.cause, report.started_at_s) == ("absent", None, None)
    assert list(runner.workloads.iterdir()) == []


def test_nobody_else_can_look_into_a_run(runner: LocalRunner) -> None:
    run_to_end(runner, order("true"))
    assert stat.S_IMODE(runner.workloads.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder_of(runner).parent.stat().st_mode) == 0o700


def test_a_supervisor_told_to_end_ends_its_run_as_lost(runner: LocalRunner) -> None:
    """What happens when the machine goes down."""
    runner.start(order("sleep", "60"))
    os.kill(started_json(runner)["supervisor_pid"], signal.SIGTERM)
    report = end_of(runner)
    assert (report.cause, report.signal) == ("lost", signal.SIGTERM)
    assert not is_alive(started_json(runner)["pid"])


def test_the_local_runner_is_a_runner(runner: LocalRunner) -> None:
    port: Runner = runner
    assert port.observe([]) == {}
