"""Series of prices, carbon and availability: on the right hours, with their gaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allod.adapters.series.availability import read_availability
from allod.adapters.series.carbon import read_carbon
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
    assert carbon.lifecycle_g_per_kwh[0] == 177.74
    assert carbon.direct_g_per_kwh[0] == 133.1
    assert carbon.cfe_share[0] == pytest.approx(0.8326)
    assert (carbon.renewable_share <= carbon.cfe_share + 1e-9).all()
    river = read_availability(folder / "dispaset_AF_NO_2016.csv")
    assert river.grid.steps == 8_784
    assert river.shares["WTON"][0] == 0.72517
