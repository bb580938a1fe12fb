import polars as pl
import pytest

from allod.errors import InvalidInput
from allod.replay.traces import FORMATS, open_trace

SWF = "1 0 -1 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1\n"


@pytest.mark.parametrize("name", ["t.txt", "t.swf", "t"])
def test_swf_is_known_by_its_content(file, name):
    assert open_trace(file(name, SWF)).meta.format == "swf"


@pytest.mark.parametrize(
    "text", ["sn,cpu_milli,gpu\n1,2,3\n", "hello", "1 2 3\n", "{}", "\x00\x01"]
)
def test_an_unknown_format_lists_those_that_are_known(file, text):
    with pytest.raises(InvalidInput) as raised:
        open_trace(file("t.csv", text))
    assert all(name in raised.value.mend for name in FORMATS)


def test_an_unknown_parquet_table_says_what_it_holds(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"one": [1], "two": [2]}).write_parquet(path)
    with pytest.raises(InvalidInput, match="one, two"):
        open_trace(path)


def test_a_format_that_is_named_must_exist_and_fit(tmp_path, file):
    path = file("t.csv", "job_id,user,gpu_num\n1,2,3\n")
    with pytest.raises(InvalidInput, match="no trace format 'excel'"):
        open_trace(path, format="excel")
    with pytest.raises(InvalidInput, match="no column submit_time, duration"):
        open_trace(path, format="helios")
    parquet = tmp_path / "t.parquet"
    pl.DataFrame({"one": [1]}).write_parquet(parquet)
    for name in ("swf", "philly"):
        with pytest.raises(InvalidInput, match=f"not of format {name}"):
            open_trace(parquet, format=name)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_answers_a_wrong_file_with_one_clear_error(file, name):
    path = file("t.dat", "what is this\nand this\n")
    with pytest.raises(InvalidInput):
        list(open_trace(path, format=name))


def test_what_is_no_file_is_refused(tmp_path, file):
    for path in (tmp_path / "missing.swf", tmp_path):
        with pytest.raises(InvalidInput, match="cannot be read"):
            open_trace(path)
    with pytest.raises(InvalidInput, match="is empty"):
        open_trace(file("t.swf", "\n"))
    with pytest.raises(InvalidInput, match="not a whole parquet file"):
        open_trace(file("t.parquet", "PAR1 and no more"))


def test_bytes_that_are_no_text_are_of_no_format(tmp_path):
    path = tmp_path / "noise"
    path.write_bytes(b"\x00a\rb,\xff\n" * 20)
    with pytest.raises(InvalidInput, match="not of any known trace format"):
        open_trace(path)
