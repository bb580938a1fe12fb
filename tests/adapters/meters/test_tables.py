"""Readings out of files: times with and without zone, both ends of an hour, what is refused."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from allod.adapters.meters.tables import read_table
from allod.adapters.meters.zones import changes_of
from allod.energy.clock import Change
from allod.energy.grid import Grid
from allod.energy.readings import Flag, Readings, metered
from allod.errors import InvalidInput
from tests.adapters.meters.meters import table_meter


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def csv(folder: Path, *lines: str, head: str = "time,kwh") -> Path:
    file = folder / "plant.csv"
    file.write_text("\n".join([head, *lines]) + "\n")
    return file


def read(file: Path, reads: str = "interval", **table: object) -> Readings:
    meter, source = table_meter(reads, **table)
    return read_table(file).read(meter, source)


def test_the_hash_is_of_the_files_bytes(tmp_path: Path) -> None:
    file = csv(tmp_path, "2025-01-01T00:00Z,1")
    assert read_table(file).sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "cell", ["2025-01-01T00:00Z", "2025-01-01 00:00", "2025-01-01T01:00+01:00", "1735689600"]
)
def test_an_instant_may_be_written_in_several_ways(tmp_path: Path, cell: str) -> None:
    made = read(csv(tmp_path, f"{cell},1.5"))
    assert made.at_s.tolist() == [1_735_689_600]
    assert made.values.tolist() == [1.5]


def test_an_hour_that_is_marked_at_its_end_begins_an_hour_earlier(tmp_path: Path) -> None:
    file = csv(tmp_path, "2025-01-01T01:00Z,7")
    starting = read(file, marks="start").at_s
    ending = read(file, marks="end").at_s
    assert starting.tolist() == [at("2025-01-01T01:00")]
    assert ending.tolist() == [at("2025-01-01T00:00")]


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    times = [datetime(2025, 1, 1, hour, tzinfo=UTC) for hour in range(3)]
    file = tmp_path / "plant.parquet"
    pl.DataFrame({"time": times, "kwh": [1.0, None, 3.0]}).write_parquet(file)
    made = read(file)
    other = read(csv(tmp_path, "2025-01-01T00:00Z,1", "2025-01-01T01:00Z,", "2025-01-01T02:00Z,3"))
    assert made.at_s.tolist() == other.at_s.tolist()
    assert np.array_equal(made.values, other.values, equal_nan=True)
    assert np.isnan(made.values[1])


def test_changes_of_a_zone_are_those_of_the_law() -> None:
    # Directive 2000/84/EC: last Sundays of March and October at 01:00 UTC.
    first_s, changes = changes_of("Europe/Berlin", at("2025-01-02"), at("2025-12-30"))
    assert first_s == 3600
    assert changes == [
        Change(at("2025-03-30T01:00"), 3600, 7200),
        Change(at("2025-10-26T01:00"), 7200, 3600),
    ]
    assert changes_of("UTC", 0, 10**9) == (0, [])


BERLIN = {"time_zone": "Europe/Berlin"}
#: 00:00 to 04:00 by the clock on the wall, when it was set back: 25 hours make that day.
BACK = ["00:00", "01:00", "02:00", "02:00", "03:00", "04:00"]


def october(folder: Path, hours: list[str]) -> Readings:
    lines = [f"2025-10-26 {hour},{i + 1}" for i, hour in enumerate(hours)]
    return read(csv(folder, *lines), **BERLIN)


def test_the_hour_that_came_twice_is_taken_in_its_order(tmp_path: Path) -> None:
    made = october(tmp_path, BACK)
    hours = [at(f"2025-10-25T{h}:00") for h in (22, 23)]
    hours += [at(f"2025-10-26T0{h}:00") for h in range(4)]
    assert made.at_s.tolist() == hours
    assert made.values.tolist() == [1, 2, 3, 4, 5, 6]
    assert made.flags.tolist() == [0, 0, Flag.CLOCK, Flag.CLOCK, 0, 0]


def test_an_hour_that_came_twice_and_is_there_once_is_unknown_both_times(tmp_path: Path) -> None:
    read_ = october(tmp_path, ["00:00", "01:00", "02:00", "03:00", "04:00"])
    meter, _ = table_meter()
    made = metered(meter, read_, Grid(at("2025-10-25T22:00"), 3600, 6))
    expected = [1000, 2000, np.nan, np.nan, 4000, 5000]
    assert np.array_equal(made.values, expected, equal_nan=True)
    assert made.flags.tolist() == [0, 0, *[Flag.GAP | Flag.CLOCK] * 2, 0, 0]


def test_an_hour_that_never_came_makes_its_hour_unknown(tmp_path: Path) -> None:
    lines = [f"2025-03-30 0{hour}:00,{hour + 1}" for hour in range(5)]
    meter, _ = table_meter()
    read_ = read(csv(tmp_path, *lines), **BERLIN)
    made = metered(meter, read_, Grid(at("2025-03-29T23:00"), 3600, 4))
    # 02:00 never was; taken as 01:00 UTC it is where 03:00 summer time lies.
    assert np.array_equal(made.values, [1000, 2000, np.nan, 5000], equal_nan=True)
    assert made.flags.tolist() == [0, 0, Flag.GAP | Flag.CLOCK | Flag.DUPLICATE, 0]


def test_a_day_on_which_the_clock_is_set_forward_has_23_hours(tmp_path: Path) -> None:
    lines = [f"2025-03-30 {hour:02}:00,1" for hour in range(24) if hour != 2]
    meter, _ = table_meter()
    read_ = read(csv(tmp_path, *lines), **BERLIN)
    made = metered(meter, read_, Grid(at("2025-03-29T23:00"), 3600, 23))
    assert made.total() == 23_000
    assert not made.flags.any()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["2025-01-01T00:00Z,1,2"], "is no CSV table"),
        (["yesterday,1"], "row 1: 'yesterday' is not a time"),
        (["2025-01-01T00:00Z,1", "2025-01-01T01:00Z,12 kWh"], "row 2: '12 kWh' is not a number"),
        (["2025-01-01T00:00Z,1", "2025-01-01T01:00,1"], "row 2: .* is not of one kind"),
        (['2025-01-01T00:00Z,"1,5"'], "row 1: '1,5' is not a number"),
    ],
)
def test_what_cannot_be_understood_names_its_row(
    tmp_path: Path, lines: list[str], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(csv(tmp_path, *lines))


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    file = csv(tmp_path, "2025-01-01T00:00,1")
    with pytest.raises(InvalidInput, match=r"has no column 'mwh' \(write one of time, kwh\)"):
        read(file, value="mwh")
    with pytest.raises(InvalidInput, match="is no time zone"):
        read(file, time_zone="Europe/Bergen")
    with pytest.raises(InvalidInput, match="no such file"):
        read_table(tmp_path / "other.csv")
