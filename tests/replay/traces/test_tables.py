import gzip
import json
from datetime import datetime

import polars as pl
import pytest

from allod.errors import InvalidInput
from allod.replay.traces import frames, open_trace

HELIOS = """job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,\
duration,queue
12,uA,vcX,1,1,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:01,2020-06-09 18:42:41,100,0
13,uB,vcX,16,64,2,TIMEOUT,2020-06-09 18:41:05,2020-06-09 18:50:05,2020-06-09 18:50:25,,540
14,uA,vcY,0,16,1,COMPLETED,2020-06-09 18:41:06,2020-06-09 18:41:06,2020-06-09 18:41:07,1,0
15,uA,vcY,4,16,1,CANCELLED,2020-06-09 18:41:07,,,0,0
16,uA,vcY,4,16,1,NODE_FAIL,2020-06-09 18:41:00,2020-06-09 18:41:00,2020-06-09 18:41:09,9,0
"""


def test_helios(file, whole):
    trace = open_trace(file("cluster_log.csv", HELIOS))
    assert whole(trace) == {
        "job_id": ["16", "12", "13"],
        "submit_s": [0, 1, 5],
        "run_s": [9, 100, 20],
        "wall_s": [3600, 3600, 3600],
        "accelerators": [4, 1, 16],
        "user": ["uA", "uA", "uB"],
        "group": ["vcY", "vcX", "vcX"],
        "partition": ["", "", ""],
        "status": [1, 0, 1],
    }
    assert trace.meta.format == "helios"
    assert trace.meta.unix_start_s == 1591728060
    assert trace.meta.estimates == "synthesised"
    assert (trace.unusable, trace.broken.count) == (2, 0)


def test_helios_without_vc_in_a_zone_and_packed(tmp_path, whole):
    path = tmp_path / "cluster_log.csv.gz"
    path.write_bytes(
        gzip.compress(b"""job_id,user,gpu_num,state,submit_time,duration
1,u,2,COMPLETED,2020-06-09 02:00:00+02:00,5
2,u,2,COMPLETED,2020-06-09T00:00:01Z,6
3,u,2,COMPLETED,2020-06-09T00:00:02,7
""")
    )
    trace = open_trace(path)
    assert whole(trace)["submit_s"] == [0, 1, 2]
    assert trace.meta.unix_start_s == 1591660800


def test_broken_rows_of_a_csv_name_line_value_and_fault(file, whole):
    lines = HELIOS.splitlines()
    bad = [
        "17,uA,vcY,four,16,1,FAILED,2020-06-09 18:41:00,,,9,0",
        "18,uA,vcY",
        '"19",uA,"vc,Z",4,16,1,FAILED,2020-06-09 18:41:10,,,9,0',
        "20,uA,vcY,4,16,1,FAILED,yesterday,,,9,0",
        "",
        "21,uA,vcY,4,16,1,FAILED,,,,9,0",
        "22,uA,vcY,4,16,1,FAILED,2020-06-09 18:41:11,,,9,0,extra",
    ]
    text = "\r\n".join([lines[0], lines[1], *bad, lines[2]])
    trace = open_trace(file("cluster_log.csv", text))
    jobs = whole(trace)
    assert jobs["job_id"] == ["12", "13", "19"]
    assert jobs["group"] == ["vcX", "vcX", "vc,Z"]
    assert [(line.line, line.wrong) for line in trace.broken.first] == [
        (3, "gpu_num is 'four', not a number"),
        (4, "3 fields, not 12"),
        (6, "submit_time is 'yesterday', not a date like 2020-04-01 08:30:00"),
        (8, "submit time is empty"),
        (9, "13 fields, not 12"),
    ]
    with pytest.raises(InvalidInput, match=r"line 3: gpu_num is 'four', not a number"):
        list(open_trace(trace.meta.path, strict=True))


def test_blocks_of_a_csv_do_not_show(file, whole, monkeypatch):
    lines = HELIOS.splitlines()
    path = file("cluster_log.csv", "\n".join([*lines, "oops", *lines[1:], "oops", *lines[1:3]]))
    trace = open_trace(path)
    at_once, broken = whole(trace), trace.broken
    assert [line.line for line in broken.first] == [7, 13]
    real = frames.line_blocks
    monkeypatch.setattr(frames, "line_blocks", lambda path, progress: real(path, progress, 150))
    trace = open_trace(path)
    assert whole(trace) == at_once
    assert trace.broken == broken


def test_dates_in_parquet_may_be_dates(tmp_path, whole):
    path = tmp_path / "t.parquet"
    table = pl.DataFrame({"job_id": [7, 8], "gpu_num": [1, 2], "duration": [5, 6]}).with_columns(
        submit_time=pl.Series([datetime(2020, 6, 9, 18, 41, 1), datetime(2020, 6, 9, 18, 41, 0)])
    )
    table.write_parquet(path)
    trace = open_trace(path)
    assert whole(trace)["job_id"] == [8, 7]
    assert whole(trace)["submit_s"] == [0, 1]
    assert trace.meta.unix_start_s == 1591728060
    table.with_columns(pl.col("submit_time").dt.replace_time_zone("Europe/Oslo")).write_parquet(
        path
    )
    trace = open_trace(path)
    list(trace)
    assert trace.meta.unix_start_s == 1591728060 - 7200


def test_arrivals_as_csv_and_parquet(tmp_path, file, whole):
    table = pl.DataFrame(
        {
            "job_id": ["a", "b", "c"],
            "arrival_s": [5.0, 0.5, 7.0],
            "service_sec": [86_401.0, 0.2, 500_000.0],
            "gpu_count": [1, 8, 2],
        }
    )
    path = tmp_path / "t.parquet"
    table.write_parquet(path)
    expected = {
        "job_id": ["b", "a", "c"],
        "submit_s": [0, 5, 7],
        "run_s": [1, 86_401, 500_000],
        "wall_s": [3600, 172_800, 518_400],
        "accelerators": [8, 1, 2],
        "user": [""] * 3,
        "group": [""] * 3,
        "partition": [""] * 3,
        "status": [3, 3, 3],
    }
    trace = open_trace(path)
    assert whole(trace) == expected
    assert trace.bytes_read == trace.bytes_total
    assert whole(open_trace(file("t.csv", table.write_csv()))) == expected


def test_a_parquet_row_that_is_broken_is_named_by_its_row(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame(
        {
            "job_id": ["a", "b", "c"],
            "arrival_s": [5.0, None, 7.0],
            "service_sec": [1.0, 2.0, float("inf")],
            "gpu_count": [1, 8, 2],
        }
    ).write_parquet(path)
    trace = open_trace(path)
    assert [len(chunk) for chunk in trace] == [1]
    assert [(line.line, line.wrong) for line in trace.broken.first] == [
        (2, "arrival_s is empty"),
        (3, "service_sec is 'inf', not a number"),
    ]


PAI = """4f05,tensorflow,1.0,Terminated,100.0,138.0,600.0,29.29,50.0,MISC
4f06,worker,3.0,Failed,90.0,1000.5,600.0,29.29,150.0,V100
4f07,ps,2.0,Terminated,95.0,1000.0,600.0,29.29,,V100
4f08,worker,1.0,Running,96.0,,600.0,29.29,100.0,T4
4f09,worker,1.0,Waiting,,,600.0,29.29,100.0,T4
"""
PAI_HEADER = (
    "job_name,task_name,inst_num,status,start_time,end_time,plan_cpu,plan_mem,plan_gpu,gpu_type\n"
)


@pytest.mark.parametrize("text", [PAI, PAI_HEADER + PAI])
def test_alibaba_pai_with_and_without_header(file, whole, text):
    trace = open_trace(file("pai_task_table.csv", text))
    jobs = whole(trace)
    assert trace.meta.format == "alibaba-pai"
    assert jobs["job_id"] == ["4f06/worker", "4f05/tensorflow"]
    assert jobs["submit_s"] == [90, 100]
    assert jobs["run_s"] == [911, 38]
    assert jobs["accelerators"] == [6, 1]  # Three instances of 1.5, one of 0.5.
    assert jobs["partition"] == ["V100", "MISC"]
    assert jobs["status"] == [1, 0]
    assert (trace.unusable, trace.broken.count) == (3, 0)


OPENB = """name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,\
deletion_time,scheduled_time
p0,12000,16384,1,460,,LS,Running,0,12537496,0.0
p1,6000,12288,8,1000,V100M16|V100M32,BE,Failed,427061,427100,427063.0
p2,6000,12288,0,0,,BE,Succeeded,427062,427100,427063.0
p3,6000,12288,1,1000,,BE,Pending,427062,427100,
"""


def test_alibaba_openb(file, whole):
    trace = open_trace(file("openb.csv", OPENB))
    jobs = whole(trace)
    assert trace.meta.format == "alibaba-openb"
    assert jobs["job_id"] == ["p0", "p1"]
    assert jobs["run_s"] == [12537496, 37]  # From when it was scheduled.
    assert jobs["accelerators"] == [1, 8]
    assert jobs["group"] == ["LS", "BE"]
    assert jobs["status"] == [3, 1]
    assert trace.unusable == 2


def test_alibaba_dlrm_is_cut_at_the_ends_of_the_trace(file, whole):
    trace = open_trace(
        file(
            "dlrm.csv",
            """instance_sn,role,app_name,cpu_request,gpu_request,creation_time,scheduled_time,deletion_time
i0,HN,app_0,12,1,,,
i1,HN,app_1,12,2,50.0,50.0,80.0
i2,CN,app_1,12,0,60.0,60.0,90.0
i3,HN,app_1,12,1,70.0,70.0,
""",
        )
    )
    jobs = whole(trace)
    assert trace.meta.format == "alibaba-dlrm"
    assert jobs["submit_s"] == [0, 50, 70]
    assert jobs["run_s"] == [90, 30, 20]
    assert jobs["user"] == ["app_0", "app_1", "app_1"]
    assert trace.unusable == 1
    assert len(trace.meta.notes) == 2


def attempt(start, end, gpus):
    detail = [
        {"ip": f"m{n}", "gpus": [f"gpu{g}" for g in range(count)]} for n, count in enumerate(gpus)
    ]
    return {"start_time": start, "end_time": end, "detail": detail}


def philly(number, submitted, attempts, status="Pass"):
    return {
        "status": status,
        "vc": "ee9e8c",
        "jobid": f"application_{number}",
        "attempts": attempts,
        "submitted_time": submitted,
        "user": "ce2f4c",
    }


def test_philly(file, whole):
    entries = [
        philly(
            1,
            "2017-10-07 01:11:39",
            [
                attempt("2017-10-07 01:12:09", "2017-10-07 01:13:23", [8]),
                attempt("2017-10-07 01:13:30", "2017-10-07 01:13:40", [8, 2]),
                attempt("2017-10-07 01:14:00", None, [8]),
                attempt("2017-10-07 01:15:00", "2017-10-07 01:14:50", [16]),
            ],
        ),
        philly(2, "2017-10-07 01:11:40", [], "Killed"),
        philly(
            3,
            "2017-10-07 01:11:09",
            [attempt("2017-10-07 01:12:00", "2017-10-07 01:12:01", [1])],
            "Failed",
        ),
        {"jobid": "application_4"},
        "nonsense",
        philly(6, "2017-10-07 01:11:39", [attempt("soon", "2017-10-07 01:12:01", [1])], "Failed"),
    ]
    trace = open_trace(file("cluster_job_log", json.dumps(entries)))
    assert whole(trace) == {
        "job_id": ["application_3", "application_1"],
        "submit_s": [0, 30],
        "run_s": [1, 84],
        "wall_s": [3600, 3600],
        "accelerators": [1, 10],
        "user": ["ce2f4c"] * 2,
        "group": ["ee9e8c"] * 2,
        "partition": ["", ""],
        "status": [1, 0],
    }
    assert trace.meta.unix_start_s == 1507338669
    assert trace.unusable == 1
    assert [(line.line, line.wrong) for line in trace.broken.first] == [
        (4, "it has no 'attempts'"),
        (5, "it is no job entry"),
        (6, "an attempt's start_time is 'soon', not a date like 2020-04-01 08:30:00"),
    ]
    with pytest.raises(InvalidInput, match="line 4"):
        list(open_trace(trace.meta.path, strict=True))


@pytest.mark.parametrize("text", ['[{"status": "Pass",', "[1, 2"])
def test_philly_cut_short(file, text):
    with pytest.raises(InvalidInput, match="not whole JSON"):
        list(open_trace(file("cluster_job_log", text)))
