import numpy as np
import pytest

from allod.errors import InvalidInput
from allod.replay.traces import open_trace, order

LINE = "{job} {submit} -1 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1\n"


@pytest.fixture
def trace_of(file):
    def write(submits, **options):
        text = "".join(LINE.format(job=n, submit=s) for n, s in enumerate(submits))
        return open_trace(file("t.swf", text), **options)

    return write


@pytest.mark.parametrize("read_ahead", [1_000_000, 3])
@pytest.mark.parametrize(
    ("submits", "ids"),
    [
        ([0, 1, 1, 5, 5, 9], [0, 1, 2, 3, 4, 5]),
        ([5, 1, 5, 1, 9, 0], [5, 1, 3, 0, 2, 4]),  # Ties keep the file's order.
        ([0, 1, 2, 3, 4, 2], [0, 1, 2, 5, 3, 4]),
        ([7], [0]),
    ],
)
def test_jobs_come_in_submit_order_and_ties_in_the_files(
    trace_of, whole, monkeypatch, submits, ids, read_ahead
):
    monkeypatch.setattr(order.in_submit_order, "__defaults__", (read_ahead,))
    trace = trace_of(submits)
    jobs = whole(trace)
    assert jobs["job_id"] == ids
    assert jobs["submit_s"] == sorted(submits)
    assert trace.jobs == len(submits)
    assert trace.bytes_read == trace.bytes_total
    assert trace.bytes_total == trace.meta.path.stat().st_size * (1 + (len(submits) > read_ahead))


def test_order_is_seen_across_blocks(trace_of, whole, monkeypatch):
    from allod.replay.traces import swf

    real = swf.line_blocks
    monkeypatch.setattr(swf, "line_blocks", lambda path, progress: real(path, progress, 200))
    submits = np.random.default_rng(2).integers(0, 40, 200).tolist()
    for read_ahead in (1000, 50):
        monkeypatch.setattr(order.in_submit_order, "__defaults__", (read_ahead,))
        jobs = whole(trace_of(submits))
        assert jobs["job_id"] == sorted(range(200), key=lambda job: submits[job])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_chunks_have_the_size_asked_for(trace_of, size):
    lengths = [len(chunk) for chunk in trace_of(range(10), chunk_rows=size)]
    assert sum(lengths) == 10
    assert all(length == size for length in lengths[:-1])
    assert 0 < lengths[-1] <= size


@pytest.mark.parametrize(
    ("from_s", "to_s"), [(None, 5), (5, None), (3, 6), (0, 1), (20, 30), (9, 10), (None, None)]
)
def test_a_window_keeps_what_was_submitted_in_it(trace_of, whole, from_s, to_s):
    submits = [9, 8, 3, 3, 5, 6, 0, 1]
    expected = [
        s for s in sorted(submits) if (from_s is None or s >= from_s) and (to_s is None or s < to_s)
    ]
    trace = trace_of(submits, from_s=from_s, to_s=to_s, chunk_rows=2)
    assert whole(trace).get("submit_s", []) == expected
    assert trace.jobs == len(submits)


def test_a_window_over_many_blocks(trace_of, whole, monkeypatch):
    from allod.replay.traces import swf

    real = swf.line_blocks
    monkeypatch.setattr(swf, "line_blocks", lambda path, progress: real(path, progress, 200))
    for read_ahead in (1000, 10):
        monkeypatch.setattr(order.in_submit_order, "__defaults__", (read_ahead,))
        trace = trace_of(range(100), from_s=30, to_s=70)
        assert whole(trace)["submit_s"] == list(range(30, 70))
        assert trace.jobs == 100


@pytest.mark.parametrize(("from_s", "to_s"), [(-1, None), (5, 5), (6, 5), (None, -3)])
def test_a_window_that_is_none_is_refused(trace_of, from_s, to_s):
    with pytest.raises(InvalidInput):
        trace_of([1, 2], from_s=from_s, to_s=to_s)


def test_progress_is_told(trace_of):
    told = []
    trace = trace_of(range(100), progress=lambda read, total: told.append((read, total)))
    assert trace.bytes_read == 0
    list(trace)
    assert told[-1] == (trace.bytes_total, trace.bytes_total)
    assert told == sorted(told)
