"""The real traces of the shared data."""

import gzip

import numpy as np
import pytest

from allod.replay.traces import open_trace


def column(trace, name):
    return np.concatenate([getattr(chunk, name) for chunk in trace])


@pytest.mark.parametrize(
    ("name", "usable", "rows", "partitions"),
    [
        ("sdsc_sp2_5k.swf.gz", 4_606, 4_961, 1),
        ("hpc2n_3k.swf.gz", 3_145, 3_170, 2),
        ("lcg_grid.swf.gz", 187_520, 188_041, 170),
        ("nasa_ipsc_1993_raw.swf.gz", 42_049, 42_264, 1),
        ("helios_venus_gpu.parquet", 125_303, 125_303, 1),
        ("alibaba_pai2020_60k.parquet", 60_105, 60_105, 1),
        ("openb_pod_list_default.parquet", 6_203, 8_152, 1),
        ("alibaba_v2025_dlrm.parquet", 7_371, 23_871, 1),
    ],
)
def test_every_row_is_read_or_counted(shared_data, name, usable, rows, partitions):
    trace = open_trace(shared_data / "traces" / name)
    submit_s = column(trace, "submit_s")
    assert len(submit_s) == trace.jobs == usable
    assert usable + trace.unusable == rows
    assert trace.broken.count == 0
    assert len(trace.meta.partitions) == partitions
    assert (np.diff(submit_s) >= 0).all()


def naive(path, count):
    rows = []
    with gzip.open(path, "rt") as lines:
        for line in lines:
            if line.startswith(";"):
                continue
            f = [int(text) for text in line.split()]
            rows.append((f[0], f[1], f[3], max(f[8], f[3]), f[4] if f[4] > 0 else f[7]))
            if len(rows) == count:
                break
    return rows


def test_a_plain_parser_reads_the_same(shared_data):
    path = shared_data / "traces/reference/helios800.swf.gz"
    chunk = next(iter(open_trace(path, chunk_rows=5_000)))
    assert naive(path, 5_000) == list(
        zip(
            chunk.job_id.tolist(),
            chunk.submit_s.tolist(),
            chunk.run_s.tolist(),
            chunk.wall_s.tolist(),
            chunk.accelerators.tolist(),
            strict=True,
        )
    )


def test_the_parquet_and_the_reference_are_the_same_workload(shared_data):
    parquet = open_trace(shared_data / "traces/helios_venus_gpu.parquet")
    swf = open_trace(shared_data / "traces/reference/helios800.swf.gz")
    assert np.array_equal(column(parquet, "submit_s") + 1, column(swf, "submit_s"))
    for name in ("run_s", "wall_s", "accelerators"):  # Wall times made up here and there alike.
        assert np.array_equal(column(parquet, name), column(swf, name)), name
    assert (parquet.meta.estimates, swf.meta.estimates) == ("synthesised", "given")


@pytest.mark.parametrize(("raw", "made"), [("sdsc_sp2_5k", "sdsc5k"), ("hpc2n_3k", "hpc2n")])
def test_a_raw_trace_is_the_reference_but_for_its_first_second(shared_data, raw, made):
    raw_trace = open_trace(shared_data / f"traces/{raw}.swf.gz")
    reference = open_trace(shared_data / f"traces/reference/{made}.swf.gz")
    submit_s = column(raw_trace, "submit_s")
    assert np.array_equal(submit_s - submit_s[0] + 1, column(reference, "submit_s"))
    for name in ("run_s", "wall_s", "accelerators"):
        assert np.array_equal(column(raw_trace, name), column(reference, name)), name
