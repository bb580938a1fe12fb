import gzip
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import InvalidInput
from allod.replay.traces import JobChunk, open_trace, swf, swf_lines

HEADER = """; Version: 2.2
; MaxNodes: 16
; MaxProcs: 64
; UnixStartTime: 1000000
; Queue:  0 interactive
; Queue:  1 batch
; Partition:  1 site.one
; Partition:  2 site two
;
"""
#       job submit wait run got cpu mem asked wall mem status user group exe queue partition . .
GOOD = """    1     0   3   100   4  1.5  -1    8   600  -1  1   7   3  -1  0  1 -1 -1
    2    10   3   700  -1   -1  -1    8   600  -1  0   8   3  -1  1  2 -1 -1

    3    10   3    50   2   -1  -1   -1    -1  -1  5   7  -1  -1  1  9 -1 -1
; a comment
    4    20  -1     0   2   -1  -1    2   600  -1  5   7   3  -1  1  1 -1 -1
    5    20  -1    30  -1   -1  -1   -1   600  -1  1   7   3  -1  1  1 -1 -1
    6    25  -1    30   1   -1  -1   -1   600  -1  2   7   3  -1  1  1 -1 -1
"""
EXPECTED = {
    "job_id": [1, 2, 3],
    "submit_s": [0, 10, 10],
    "run_s": [100, 700, 50],
    "wall_s": [600, 700, 3600],
    "accelerators": [4, 8, 2],
    "user": ["7", "8", "7"],
    "group": ["3", "3", ""],
    "partition": ["site.one", "site two", "9"],
    "queue": ["interactive", "batch", "batch"],
    "status": [0, 1, 2],
}


def test_fields_mean_what_the_format_says(file, whole):
    trace = open_trace(file("small.swf", HEADER + GOOD))
    assert trace.meta.partitions == ["site.one", "site two"]  # Before anything is read.
    assert whole(trace) == EXPECTED
    assert (trace.meta.format, trace.meta.max_units, trace.meta.unix_start_s) == (
        "swf",
        64,
        1000000,
    )
    assert trace.meta.estimates == "mixed"
    assert trace.unusable == 3  # No time, no processors, part of another job.
    assert trace.broken.count == 0
    assert trace.jobs == 3


def test_types_are_those_of_the_contract(file):
    chunk = next(iter(open_trace(file("small.swf", GOOD))))
    types = {f.name: getattr(chunk, f.name) for f in fields(JobChunk)}
    for name in ("submit_s", "run_s", "wall_s", "job_id"):
        assert types[name].dtype == np.int64, name
    for name in ("accelerators", "user", "group", "partition", "queue"):
        assert types[name].dtype == np.int32, name
    assert chunk.status.dtype == np.int8
    assert chunk.project is None


@pytest.mark.parametrize("name", ["t.swf.gz", "without_ending"])
def test_gzip_is_known_by_content(tmp_path, whole, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress((HEADER + GOOD).encode()))
    trace = open_trace(path)
    assert whole(trace) == EXPECTED
    assert trace.bytes_read == trace.bytes_total == path.stat().st_size


def test_half_a_gzip_file_is_one_clear_error(tmp_path):
    path = tmp_path / "t.swf.gz"
    path.write_bytes(gzip.compress((HEADER + GOOD * 5000).encode())[:-20])
    with pytest.raises(InvalidInput, match="not a whole gzip file"):
        list(open_trace(path))


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_line_ends_tabs_bom_and_missing_last_newline(file, whole, ending):
    text = "\N{ZERO WIDTH NO-BREAK SPACE}" + (HEADER + GOOD).rstrip("\n")
    text = text.replace("\n", ending).replace("   4  1.5", "\t4\t1.5")
    assert whole(open_trace(file("t.swf", text))) == EXPECTED


BROKEN = """1 0 -1 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1
2 1 -1 10
3 2 -1 ten 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1
4 3 -1 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1 99
5 -1 -1 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1
6 5 -1 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1
7 6 -1 10 3000000000 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1
8 7 -1 10 1 x -1 1 60 -1 1 1 1 1 1 1 -1 -1
9 99999999999999999999 -1 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1
10 9 -1 1-0 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1
11 9 -1 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1
"""


def test_broken_lines_are_counted_and_the_first_five_shown(file, whole):
    trace = open_trace(file("t.swf", HEADER + BROKEN))
    assert whole(trace)["job_id"] == [1, 6, 11]
    assert trace.broken.count == 8
    assert [(line.line, line.wrong) for line in trace.broken.first] == [
        (11, "4 fields, not 18"),
        (12, "field 4 is 'ten', not a number"),
        (13, "19 fields, not 18"),
        (14, "submit time is -1, below 0"),
        (16, "accelerators is 3000000000, above 2147483647"),
    ]
    assert trace.broken.first[0].text == "2 1 -1 10"
    assert whole(trace)["job_id"] == [1, 6, 11]
    assert trace.broken.count == 8  # Counted anew in the second reading.


def test_strict_stops_at_the_first_broken_line(file):
    with pytest.raises(InvalidInput, match=r"line 11: 4 fields, not 18") as raised:
        list(open_trace(file("t.swf", HEADER + BROKEN), strict=True))
    assert "2 1 -1 10" in raised.value.message
    assert raised.value.mend


def test_text_of_a_broken_line_is_short_and_safe_to_print(file):
    trace = open_trace(file("t.swf", GOOD + "\x1b[2J" + "x" * 500 + "\n"))
    list(trace)
    text = trace.broken.first[0].text
    assert len(text) == 80 and text.isprintable()


def test_fractions_and_exponents_are_read_one_line_at_a_time(file, whole):
    jobs = whole(
        open_trace(
            file(
                "t.swf",
                """1 0.9 -1 10.2 1 -1 -1 1 60.9 -1 1 1 1 1 1 1 -1 -1
2 1 -1 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1
3 1e1 -1 +10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1
""",
            )
        )
    )
    assert jobs["submit_s"] == [0, 1, 10]
    assert jobs["run_s"] == [11, 10, 10]  # A second begun is a second used.
    assert jobs["wall_s"] == [60, 60, 60]


def test_lines_read_one_at_a_time_keep_their_place(file, whole):
    jobs = [(f"{n}.0" if n % 3 == 0 else n, "0.5" if n % 2 else 0) for n in range(20)]
    text = "".join(f"{n} {s} -1 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1\n" for n, s in jobs)
    assert whole(open_trace(file("t.swf", text)))["job_id"] == list(range(20))


@pytest.mark.parametrize("digits", [18, 19, 20, 400])
def test_numbers_beyond_64_bits_are_broken_and_do_not_wrap(file, whole, digits):
    text = "".join(f"{'9' * n} 0 -1 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1\n" for n in (1, digits))
    trace = open_trace(file("t.swf", text))
    assert whole(trace)["job_id"] == [9, 10**18 - 1][: 2 if digits == 18 else 1]
    assert trace.broken.count == (digits > 18)


def test_size_is_what_was_asked_for_where_none_is_said_to_be_given(file, whole):
    text = "".join(f"1 0 -1 10 {got} -1 -1 8 60 -1 1 1 1 1 1 1 -1 -1\n" for got in (4, 0, -1))
    assert whole(open_trace(file("t.swf", text)))["accelerators"] == [4, 8, 8]


def test_names_are_in_the_order_of_the_trace(file):
    text = "".join(f"1 0 -1 10 1 -1 -1 8 60 -1 1 {user} 1 1 1 1 -1 -1\n" for user in (7, 3, 7, 5))
    trace = open_trace(file("t.swf", text))
    assert [chunk.user.tolist() for chunk in trace] == [[0, 1, 0, 2]]
    assert trace.meta.users == ["7", "3", "5"]


def test_extra_fields_of_an_extended_format_are_left_alone(file, whole):
    lines = [f"{n} {n} -1 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1 node:{n}" for n in range(3)]
    trace = open_trace(file("t.swf", "\n".join(lines)))
    assert whole(trace)["submit_s"] == [0, 1, 2]
    assert trace.broken.count == 0


def test_no_line_that_can_be_read_is_an_error(file):
    with pytest.raises(InvalidInput, match="none of 2 lines can be read as swf"):
        list(open_trace(file("t.swf", "hello\nworld\n")))


def test_blocks_do_not_show(file, whole, monkeypatch):
    rng = np.random.default_rng(1)
    numbers = np.cumsum(rng.integers(0, 3, 3000))
    text = HEADER + "".join(
        f"{'oops' if n % 97 == 5 else n:>6} {submit} 0 {n % 50} {n % 7} -1 -1 1 -1 -1 1 {n % 11}"
        " 1 1 1 1 -1 -1\n"
        for n, submit in enumerate(numbers)
    )
    path = file("t.swf", text)
    trace = open_trace(path)
    at_once, broken, unusable = whole(trace), trace.broken, trace.unusable
    real = swf.line_blocks
    monkeypatch.setattr(swf, "line_blocks", lambda path, progress: real(path, progress, 1000))
    trace = open_trace(path, chunk_rows=7)
    assert whole(trace) == at_once
    assert (trace.broken, trace.unusable) == (broken, unusable)
    assert broken.count == 31 and broken.first[1].line == 9 + 102 + 1


def test_a_text_without_lines_is_refused_before_it_fills_the_memory(tmp_path):
    path = tmp_path / "t.swf"
    path.write_bytes(b"1" * 5_000_000)
    with pytest.raises(InvalidInput, match="line of more than"):
        list(open_trace(path))


FIELD = st.sampled_from(
    [
        "0",
        "7",
        "-1",
        "12345",
        "007",
        "1.5",
        "-",
        "--1",
        "1-2",
        "1e3",
        "+4",
        "x",
        ".",
        ".5",
        "1.",
        "1.2.3",
        "-.5",
        "nan",
        "1_0",
        "1e999",
        "9" * 18,
        "9" * 19,
    ]
)
LINE = st.tuples(
    st.lists(st.sampled_from(["0", "7", "-1", "12345"]), min_size=17, max_size=18),
    st.lists(FIELD, max_size=1),
    st.integers(0, 17),
    st.sampled_from([" ", "   ", "\t", " \r"]),
    st.sampled_from(["", " ", ";", "\n"]),
)


@given(st.lists(LINE, min_size=1, max_size=20))
def test_whole_blocks_are_read_as_line_by_line(lines):
    text = ""
    for fields_, odd, place, blank, before in lines:
        fields_[place:place] = odd
        text += before + blank.join(fields_) + "\n"
    block = text.encode()
    values, places, broken = swf_lines.Lines(block, 1).values(18)
    expected, expected_broken = {}, {}
    for place, line in enumerate(block.split(b"\n")):
        if not line.strip() or line.strip().startswith(b";"):
            continue
        answer = swf_lines.careful(line.split(), 18)
        (expected_broken if isinstance(answer, str) else expected)[place] = answer
    assert dict(zip(places.tolist(), values.tolist(), strict=True)) == expected
    assert {line.line - 1: line.wrong for line in broken} == expected_broken
    assert (np.diff(places) > 0).all()
