"""Series of prices, carbon and availability: on the right hours, with their gaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allod.adapters.series.availability import read_availability
from allod.adapters.series.carbon import GridCarbon, read_carbon
from allod.adapters.series.clock import time_zone
from allod.adapters.series.price import read_price
from allod.adapters.series.table import read_table
from allod.errors import InvalidInput, NotFound

MIDNIGHT_S = 1_704_067_200  # 2024-01-01T00:00Z


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_gap_is_not_known_and_order_does_not_matter(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv",
        "at,load_w",
        "2024-01-01T00:30Z,3",
        "2024-01-01T00:00Z,1",
        "2024-01-01T00:15Z,",
        "2024-01-01T02:00+01:00,5",
    )
    table = read_table(path, time="at")
    assert (table.grid.start_s, table.grid.step_s, table.grid.steps) == (MIDNIGHT_S, 900, 5)
    assert np.isnan(table.column("load_w")).tolist() == [False, True, False, True, False]
    assert table.column("load_w")[4] == 5
    with pytest.raises(NotFound, match="there are load_w"):
        table.column("load")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("at,a", "2024-01-01T00:00Z,1", "2024-01-01T00:00Z,2"), "two rows for 2024-01-01T00:00Z"),
        (("at,a", "2024-01-01T00:00Z,1"), "has 1 rows"),
        (("at,a", "yesterday,1", "2024-01-01T00:00Z,2"), "time 'yesterday' in row 1"),
        (("at,a", "2024-01-01T00:00Z,1,2", "2024-01-01T01:00Z,2"), "line 2 has more"),
        (
            (
                "at,a",
                *(f"2024-01-01T{hour:02}:00Z,1" for hour in range(4)),
                "2024-01-01T03:20Z,1",
            ),
            "lies between steps",
        ),
    ],
)
def test_what_cannot_lie_on_a_grid_is_refused(
    tmp_path: Path, lines: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_table(written(tmp_path / "a.csv", *lines), time="at")


def test_a_table_needs_its_times(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no column 'at'"):
        read_table(written(tmp_path / "a.csv", "when,a"), time="at")
    with pytest.raises(NotFound, match="no file"):
        read_table(tmp_path / "none.csv", time="at")
    with pytest.raises(InvalidInput, match="Mars/Olympus"):
        time_zone("Mars/Olympus")


def test_prices_are_in_their_currency(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv",
        "Datetime (UTC),Datetime (Local),Price (EUR/MWh)",
        "2024-01-01 00:00:00+00:00,2024-01-01 01:00:00+01:00,-1.5",
        "2024-01-01 01:00:00+00:00,2024-01-01 02:00:00+01:00,20",
    )
    price = read_price(path)
    assert (price.currency, price.grid.start_s) == ("EUR", MIDNIGHT_S)
    assert price.price_per_mwh.tolist() == [-1.5, 20]
    with pytest.raises(InvalidInput, match="no column of prices"):
        read_price(
            written(
                tmp_path / "b.csv",
                "Datetime (UTC),x",
                "2024-01-01T00:00Z,1",
                "2024-01-01T01:00Z,1",
            )
        )


def grid_of(path: Path, head: str, *rows: str) -> GridCarbon:
    times = [f"2024-01-01T{hour:02}:00Z" for hour in range(len(rows))]
    return read_carbon(written(path, head, *(f"{a},{b}" for a, b in zip(times, rows, strict=True))))


def test_a_grid_by_what_was_generated(tmp_path: Path) -> None:
    """60 of 100 MWh are clean; with 50 MWh of import, a fifth of it clean, 70 of 150."""
    file = tmp_path / "grid.csv"
    read = grid_of(file, "time,clean_mwh,all_mwh", "60,100", "0,0")
    assert read.cfe_share is not None
    assert read.cfe_share[0] == 0.6
    assert np.isnan(read.cfe_share[1])
    assert (read.direct_g_per_kwh, read.residual_g_per_kwh) == (None, None)
    head = "time,clean_mwh,all_mwh,import_mwh,import_cfe"
    read = grid_of(file, head, "60,100,50,0.2", "60,100,50,")
    assert read.cfe_share is not None
    assert read.cfe_share[0] == pytest.approx(70 / 150)
    assert np.isnan(read.cfe_share[1])


def test_a_plain_grid_tells_what_it_knows(tmp_path: Path) -> None:
    head = "time,direct_g_per_kwh,residual_g_per_kwh,cfe_share"
    read = grid_of(tmp_path / "grid.csv", head, "100,400,0.5", "120,400,")
    assert read.direct_g_per_kwh is not None
    assert read.residual_g_per_kwh is not None
    assert read.cfe_share is not None
    assert read.direct_g_per_kwh.tolist() == [100, 120]
    assert read.residual_g_per_kwh.tolist() == [400, 400]
    assert np.isnan(read.cfe_share).tolist() == [False, True]
    assert read.lifecycle_g_per_kwh is None


@pytest.mark.parametrize(
    ("head", "row", "said"),
    [
        ("time,x", "1", "tells nothing of the grid.*name columns direct_g_per_kwh"),
        ("time,cfe_share", "1.5", "share lies outside of 0 to 1"),
        ("time,clean_mwh,all_mwh", "3,2", "share lies outside of 0 to 1"),
        ("time,clean_mwh,all_mwh,import_mwh", "1,2,3", "one of 'import_mwh' and 'import_cfe'"),
        ("Datetime (UTC),x", "1", "no column of '.direct.'"),
    ],
)
def test_a_grid_that_cannot_be_told_is_refused(
    tmp_path: Path, head: str, row: str, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        grid_of(tmp_path / "grid.csv", head, row, row)


def test_availability_in_another_unit_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", ",WTON", "2016-01-01 00:00:00,0.5", "2016-01-01 01:00:00,50")
    with pytest.raises(InvalidInput, match="WTON is 50"):
        read_availability(path)


def test_real_series_lie_on_their_year(shared_data: Path) -> None:
    folder = shared_data / "energy"
    price = read_price(folder / "price_FR_2024.csv")
    assert (price.currency, price.grid.steps) == ("USD", 8_784)
    carbon = read_carbon(folder / "ci_DE-LU_2024.csv")
    assert carbon.grid == price.grid
    assert carbon.lifecycle_g_per_kwh is not None
    assert carbon.direct_g_per_kwh is not None
    assert carbon.cfe_share is not None
    assert carbon.residual_g_per_kwh is None
    assert carbon.lifecycle_g_per_kwh[0] == 177.74
    assert carbon.direct_g_per_kwh[0] == 133.1
    assert carbon.cfe_share[0] == pytest.approx(0.8326)
    river = read_availability(folder / "dispaset_AF_NO_2016.csv")
    assert river.grid.steps == 8_784
    assert river.shares["WTON"][0] == 0.72517
