from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from allod.adapters.local import commands
from allod.adapters.local.supervisor import record
from allod.errors import RunnerRefused, RunnerUnknown
from tests.adapters.local.harness import order

FOLDER = Path("/data/workloads/w-1/run-1")

WEIRD_IDS = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "/etc",
    ".hidden",
    "-rf",
    "a b",
    "a\n",
    "a\0b",
    "ä",
    "x" * 129,
    "%2e%2e",
]


@pytest.mark.parametrize("workload_id", WEIRD_IDS)
def test_an_id_that_is_no_plain_folder_name_is_refused(workload_id: str) -> None:
    with pytest.raises(RunnerRefused, match="workload_id"):
        commands.check_key((workload_id, 1))


@pytest.mark.parametrize("workload_id", ["a", "w-1", "W_1.b", "0", "x" * 128])
def test_a_plain_id_is_taken(workload_id: str) -> None:
    commands.check_key((workload_id, 1))
    key = (workload_id, 7)
    assert commands.parse_marker(commands.marker_name(key)) == key


@pytest.mark.parametrize("run", [0, -1, 1_000_001])
def test_a_run_that_does_not_count_is_refused(run: int) -> None:
    with pytest.raises(RunnerRefused, match="run cannot be"):
        commands.check_key(("w-1", run))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"command": ()}, "command"),
        ({"command": ("",)}, "command"),
        ({"command": ("echo", "a\0b")}, "command"),
        ({"command": ("echo", "\ud800")}, "command"),
        ({"environment": (("A=B", "c"),)}, "environment"),
        ({"environment": (("", "c"),)}, "environment"),
        ({"environment": (("A", "b\0"),)}, "environment"),
        ({"wall_time_s": 0}, "wall_time_s"),
        ({"grace_s": -1}, "grace_s"),
        ({"workload_id": "../w"}, "workload_id"),
    ],
)
def test_a_refusal_names_the_field_and_the_mend(fields: dict[str, object], named: str) -> None:
    with pytest.raises(RunnerRefused, match=rf"local runner: {named} cannot be") as caught:
        commands.check_order(replace(order("true"), **fields))  # type: ignore[arg-type]
    assert caught.value.mend


def test_the_supervisor_reads_the_order_that_was_written() -> None:
    command = ("sh", "-c", "echo 'ä\n=' \"$A\"", "")
    start = order(*command, environment=(("A", "b=c\nd"), ("B", "")), wall_time_s=7, grace_s=3)
    read = record.parse_order(commands.encode_order(start, FOLDER))
    assert read[:2] == (7, 3)
    assert tuple(word.decode() for word in read[2]) == command
    assert {name.decode(): value.decode() for name, value in read[3].items()} == (
        commands.environment(start, FOLDER)
    )


def test_who_a_run_is_cannot_be_overwritten() -> None:
    start = order("true", environment=(("ALLOD_SITE", "elsewhere"), ("PATH", "/opt/bin")))
    environment = commands.environment(start, FOLDER)
    assert environment["ALLOD_SITE"] == "narvik"
    assert environment["PATH"] == "/opt/bin"


@pytest.mark.parametrize(
    "name", ["", "w", "w.", ".1", "w.x", "w.1.new", ".w.1", "w.-1", "w.²", "w/1.1"]
)
def test_a_file_that_is_no_marker_is_passed_over(name: str) -> None:
    assert commands.parse_marker(name) is None


def test_a_process_may_call_itself_anything() -> None:
    tail = b"S 1 40 41 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 99887 1 2"
    stat = commands.parse_stat(b"42 (a) R 9 (b)) " + tail)
    assert (stat.pid, stat.state, stat.session, stat.start_ticks) == (42, "S", 41, 99887)
    assert stat.lives
    assert not commands.parse_stat(b"42 (a) " + tail.replace(b"S", b"Z", 1)).lives


@pytest.mark.parametrize("answer", ["begun", "known"])
def test_a_run_on_record_is_no_error(answer: str) -> None:
    assert commands.error_from_answer(answer) is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (f"refused {errno.ENOSPC} No space left", RunnerRefused),
        (f"refused {errno.EDQUOT} Quota", RunnerRefused),
        (f"refused {errno.EACCES} Permission denied", RunnerRefused),
        (f"refused {errno.EAGAIN} Try again", RunnerUnknown),
        (f"refused {errno.ENOMEM} No memory", RunnerUnknown),
        ("refused", RunnerUnknown),
        ("busy", RunnerUnknown),
        ("", RunnerUnknown),
        ("MemoryError", RunnerUnknown),
    ],
)
def test_what_is_not_clear_is_unknown_and_never_refused(answer: str, error: type) -> None:
    assert type(commands.error_from_answer(answer)) is error


def test_each_supervisor_of_a_batch_has_its_own_answer() -> None:
    output = "2 begun\n0 refused 28 No space left\nTraceback (most recent call last):\nOSError: x"
    assert commands.answers(output, 3) == ["refused 28 No space left", "OSError: x", "begun"]
    assert commands.answers("", 2) == ["", ""]


def test_output_files_come_in_the_order_of_what_was_written() -> None:
    names = ["stderr", "stdout.000000000000900", "stdout", "stdout.000000000000100", "stdout.x"]
    found = commands.output_files(names, "stdout")
    assert [position for position, _ in found] == [0, 100, 900]


def test_a_torn_start_record_is_not_taken_for_one() -> None:
    assert commands.parse_started(b"") is None
    assert commands.parse_started(b'{"pid": 1}') is None
    assert commands.parse_started(b'{"pid": ') is None
