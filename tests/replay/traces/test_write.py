import pytest

from allod.errors import InvalidInput
from allod.replay.traces import open_trace, write_job_table

TABLE = """job_id,submit_s,run_s,wall_s,accelerators,user,project,class,status
a,0,10,60,4,ann,narvik,startup,completed
b,5,10,5,1,,,surplus,Failed
"c, d",3,9000,,2,bob,narvik,startup,2
e,4,,60,2,bob,narvik,startup,
f,6,0,60,2,bob,narvik,startup,completed
g,7.5,1e2,60,2,bob,narvik,startup,lost
"""


def test_allods_own_table(file, whole):
    trace = open_trace(file("jobs.csv", TABLE))
    assert whole(trace) == {
        "job_id": ["a", "c, d", "b", "g"],
        "submit_s": [0, 3, 5, 7],
        "run_s": [10, 9000, 10, 100],
        "wall_s": [60, 21_600, 10, 100],
        "accelerators": [4, 2, 1, 2],
        "user": ["ann", "bob", "", "bob"],
        "group": [""] * 4,
        "partition": [""] * 4,
        "project": ["narvik", "narvik", "", "narvik"],
        "access_class": ["startup", "startup", "surplus", "startup"],
        "status": [0, 2, 1, 3],
    }
    assert trace.meta.estimates == "mixed"
    assert trace.unusable == 1
    assert [(line.line, line.wrong) for line in trace.broken.first] == [(5, "run_s is empty")]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_is_written_is_read_again(tmp_path, file, whole, ending):
    first = open_trace(file("jobs.csv", TABLE), chunk_rows=2)
    path = tmp_path / f"copy.{ending}"
    assert write_job_table(path, first, first.meta) == 4
    again = open_trace(path)
    assert whole(again) == whole(first)
    assert again.meta.format == "allod"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_whole_numbers_as_ids_and_no_jobs_at_all(tmp_path, file, whole, ending):
    swf = open_trace(file("t.swf", "7 0 -1 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1\n"))
    path = tmp_path / f"copy.{ending}"
    write_job_table(path, swf, swf.meta)
    assert whole(open_trace(path))["job_id"] == ([7] if ending == "parquet" else ["7"])
    assert write_job_table(path, [], swf.meta) == 0
    assert whole(open_trace(path)) == {}


def test_an_error_leaves_the_old_file_and_no_other(tmp_path, file):
    path = tmp_path / "copy.csv"
    path.write_text("old")
    trace = open_trace(file("jobs.csv", TABLE), strict=True)
    with pytest.raises(InvalidInput):
        write_job_table(path, trace, trace.meta)
    assert path.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["copy.csv", "jobs.csv"]


def test_a_name_that_ends_otherwise_or_lies_nowhere_is_refused(tmp_path, file):
    trace = open_trace(file("jobs.csv", TABLE))
    for path in (tmp_path / "copy.xlsx", tmp_path / "none/copy.csv"):
        with pytest.raises(InvalidInput):
            write_job_table(path, trace, trace.meta)
