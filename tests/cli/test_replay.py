"""replay: parsed, called, shown; what it comes to is tested where it is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from allod.cli.place import Place
from allod.cli.replaying import _cells, _time_s
from allod.errors import InvalidInput
from tests.cli.conftest import Allod

#: number, submit, wait, run, processors, ..., processors asked for, time asked for, ... (SWF)
JOBS = [(1, 0, 100, 2), (2, 10, 50, 2), (3, 20, 30, 4), (4, 86_400, 10, 1)]


@pytest.fixture
def swf(tmp_path: Path) -> str:
    lines = [
        f"{job} {submit} -1 {run} {n} -1 -1 {n} {run} -1 1 1 1 1 1 1 -1 -1"
        for job, submit, run, n in JOBS
    ]
    (tmp_path / "trace.swf").write_text("\n".join(["; a trace", *lines]) + "\n")
    return "trace.swf"


def test_a_trace_is_lived_through(allod: Allod, swf: str) -> None:
    result = allod("replay", swf, "--pool", "4", "--json")
    assert (result.status, result.err) == (0, "")
    came_to = result.json
    assert (came_to["jobs"], came_to["placed"], came_to["policy"]) == (4, 4, "easy")
    # The third waits for the first: 100 - 20 s.
    assert came_to["total"]["wait_max_s"] == 80
    assert {"read_s", "loop_s"} <= came_to.keys()


def test_people_get_tables(allod: Allod, swf: str) -> None:
    result = allod("replay", swf, "--pool", "4", "--policy", "fcfs")
    lines = result.out.splitlines()
    assert lines[0] == (
        "a pool of 4 units, policy fcfs: 4 jobs, 4 placed, 0 refused, 0 never came to run"
    )
    assert "Waits" in lines
    assert lines[lines.index("Waits") + 2].split()[:3] == ["pool", "-", "4"]


def test_only_a_part_of_the_trace(allod: Allod, swf: str) -> None:
    assert allod("replay", swf, "--pool", "4", "--to", "1h", "--json").json["jobs"] == 3
    assert allod("replay", swf, "--pool", "4", "--from", "1d", "--json").json["jobs"] == 1
    assert allod("replay", swf, "--pool", "4", "--from", "20", "--json").json["jobs"] == 2


def test_a_part_without_jobs_is_told_when_there_are_some(allod: Allod, swf: str) -> None:
    result = allod("replay", swf, "--pool", "4", "--from", "2d")
    assert "0 jobs" in result.out
    assert result.err == (
        "--from and --to leave no job: the first of the trace was submitted at 0 s, the last at "
        "86400 s\n"
    )
    assert not allod("replay", swf, "--pool", "4", "--from", "1d").err


def test_every_job_can_be_had(allod: Allod, swf: str, tmp_path: Path) -> None:
    result = allod("replay", swf, "--pool", "4", "--jobs", "jobs.csv")
    assert result.err == "every job is in jobs.csv\n"
    rows = (tmp_path / "jobs.csv").read_text().splitlines()
    assert len(rows) == 1 + len(JOBS)
    assert rows[0].replace('"', "").startswith("job_id,submit_s,start_s,end_s")


def test_broken_lines_are_counted_and_shown_and_stop_where_asked(
    allod: Allod, swf: str, tmp_path: Path
) -> None:
    with (tmp_path / swf).open("a") as file:
        file.writelines(f"broken line {i}\n" for i in range(7))
    result = allod("replay", swf, "--pool", "4")
    assert result.status == 0
    assert "7 broken lines were left out" in result.err
    assert result.err.count("broken line ") == 5
    result = allod("replay", swf, "--pool", "4", "--strict")
    assert result.status == 2
    assert result.out == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "there is nothing to replay"),
        (("trace.swf",), "needs a world"),
        (("trace.swf", "--pool", "4", "--scenario", "x.yaml"), "needs a world"),
        (("nowhere.swf", "--pool", "4"), "nowhere.swf cannot be read"),
        (("trace.swf", "--scenario", "x.yaml"), "x.yaml cannot be read"),
        (("trace.swf", "--pool", "4", "--policy", "best"), "unknown policy 'best'"),
        (("trace.swf", "--pool", "4", "--from", "soon"), "--from 'soon' is no time"),
        (("trace.swf", "--pool", "4", "--jobs", "jobs.txt"), "jobs.txt"),
        (("trace.swf", "--pool", "0"), "--pool: must be at least 1 (got '0')"),
        (("trace.swf", "--pool", "4", "--html", "nowhere/x.html"), "no folder nowhere"),
        (("trace.swf", "--pool", "4", "--record", "."), "--record . is a folder"),
        (("trace.swf", "--log", "x.log"), "--log and TRACE do not go together"),
        (("--pool", "4", "--log", "x.log"), "--log and --pool do not go together"),
        (("--log", "x.log"), "x.log cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(
    allod: Allod, swf: str, arguments: tuple[str, ...], said: str
) -> None:
    result = allod("replay", *arguments)
    assert (result.status, result.out) == (2, "")
    assert said in result.err
    assert "mend: " in result.err


def test_a_page_is_written_and_told(allod: Allod, swf: str, tmp_path: Path) -> None:
    result = allod("replay", swf, "--pool", "4", "--html", "page.html")
    assert result.err == "a page with plots is in page.html\n"
    assert (tmp_path / "page.html").read_text().lstrip().lower().startswith("<!doctype html>")


def test_a_recorded_log_replays_to_the_same_bytes(allod: Allod, swf: str, tmp_path: Path) -> None:
    result = allod("replay", swf, "--pool", "4", "--record", "run.log", "--json")
    recorded = result.json["recorded"]
    assert (recorded["path"], recorded["jobs"]) == ("run.log", 4)
    result = allod("replay", "--log", "run.log")
    leaves = recorded["events"] + recorded["decisions"]
    assert result.out == (
        f"run.log: {leaves} leaves, {recorded['events']} events, {recorded['decisions']} "
        "decisions, all the same when made again\n"
    )
    log = tmp_path / "run.log"
    changed = log.read_text().replace('"accelerators":4', '"accelerators":3', 1)
    assert changed != log.read_text()
    log.write_text(changed)
    result = allod("replay", "--log", "run.log")
    assert (result.status, result.out) == (1, "")
    assert "was decided otherwise" in result.err
    result = allod("replay", "--log", "run.log", "--json")
    assert (result.status, result.json["same"]) == (1, False)


def test_a_folder_without_a_log_is_told(allod: Allod, tmp_path: Path) -> None:
    result = allod("replay", "--log", ".")
    assert result.status == 3
    assert "holds no log of a node" in result.err


def test_a_log_that_lies_in_another_database_is_not_looked_for_in_the_folder(
    allod: Allod, tmp_path: Path
) -> None:
    (tmp_path / "postgres").mkdir()  # Of an earlier node; not the log that is meant.
    place = Place(tmp_path)
    place.note_database("postgresql://me:secret@db.example/allod")
    assert place.database() == "db.example/allod"
    result = allod("replay", "--log", ".")
    assert result.status == 3
    assert "keeps its log in db.example/allod" in result.err
    assert "--log . --database URL" in result.err
    unreachable = "postgresql://me@127.0.0.1:1/allod?connect_timeout=1"
    assert allod("replay", "--log", ".", "--database", unreachable).status == 6
    place.note_database("")
    assert place.database() == ""


@pytest.mark.parametrize(
    ("text", "at_s"),
    [("", None), ("0", 0), ("2d", 172_800), ("1h30m", 5400), ("2020-01-02", 1_577_923_200)],
)
def test_a_time_is_seconds_a_span_or_a_date(text: str, at_s: int | None) -> None:
    assert _time_s("--from", text) == at_s
    with pytest.raises(InvalidInput, match="--from 'x' is no time"):
        _time_s("--from", "x")


def test_numbers_of_a_column_have_the_same_decimals() -> None:
    assert _cells([1.0, 2.86, None, 1234]) == ["1.00", "2.86", "-", "1,234.00"]
    assert _cells([1, None, 12345]) == ["1", "-", "12,345"]
    assert _cells(["a", ""]) == ["a", "-"]
