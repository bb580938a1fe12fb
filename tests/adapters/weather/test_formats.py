"""Weather files: a known instant lies in the known step, and what is missing stays missing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from allod.adapters.weather.epw import read_epw
from allod.adapters.weather.opened import open_weather
from allod.adapters.weather.openmeteo import read_openmeteo
from allod.adapters.weather.plain import read_plain
from allod.adapters.weather.pvgis import read_pvgis
from allod.adapters.weather.tmy3 import read_tmy3
from allod.energy.weather import Weather
from allod.errors import InvalidInput, NotFound


def at(weather: Weather, when: str, name: str = "temp_c") -> float:
    """The value of the step that holds an instant of UTC."""
    instant = datetime.fromisoformat(when).replace(tzinfo=UTC)
    return float(getattr(weather, name)[weather.grid.at(int(instant.timestamp()))])


def epw(
    path: Path, *, offset_h: str = "1.0", year: int = 2023, days: int = 2, per: int = 1
) -> Path:
    """An EPW file whose temperature is day * 100 + hour, and whose irradiance is ten times that."""
    head = [
        f"LOCATION,Narvik,-,NOR,test,012345,68.44,17.43,{offset_h},31.0",
        "DESIGN CONDITIONS,0",
        "TYPICAL/EXTREME PERIODS,0",
        "GROUND TEMPERATURES,0",
        "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
        "COMMENTS 1,",
        "COMMENTS 2,",
        f"DATA PERIODS,1,{per},Data,Sunday, 1/ 1,12/31",
    ]
    rows = []
    for day in range(1, days + 1):
        for hour in range(1, 25):
            value = day * 100 + hour
            cells = [year, 1, day, hour, 0, "?9", value, 0.0, 80, 100_000, 0, 0, 0]
            cells += [value * 10, value * 5, value * 2, 0, 0, 0, 0, 180, hour / 10]
            rows.append(",".join(str(cell) for cell in cells))
    path.write_text("\n".join([*head, *rows]) + "\n")
    return path


def test_hour_one_of_an_epw_file_is_the_first_of_the_day(tmp_path: Path) -> None:
    weather = read_epw(epw(tmp_path / "a.epw"))
    # Hour 13 of 1 January, 12:00 to 13:00 in a zone one hour ahead, is 11:00 to 12:00 UTC.
    assert at(weather, "2023-01-01T11:00") == at(weather, "2023-01-01T11:59") == 113
    assert at(weather, "2023-01-01T11:30", "ghi_w_m2") == 1_130
    assert at(weather, "2022-12-31T23:00") == 101
    assert at(weather, "2023-01-02T22:59") == 224
    assert weather.grid.steps == 48
    assert (weather.latitude_deg, weather.longitude_deg, weather.altitude_m) == (68.44, 17.43, 31.0)
    assert at(weather, "2023-01-01T11:00", "humidity_pct") == 80


def test_a_zone_half_an_hour_off_holds_each_hour_for_two_steps(tmp_path: Path) -> None:
    weather = read_epw(epw(tmp_path / "a.epw", offset_h="5.5"))
    assert weather.grid.step_s == 1_800
    assert at(weather, "2022-12-31T18:30") == at(weather, "2022-12-31T19:00") == 101
    assert at(weather, "2022-12-31T19:30") == 102


def test_codes_for_missing_are_not_weather(tmp_path: Path) -> None:
    path = epw(tmp_path / "a.epw", days=1)
    lines = path.read_text().splitlines()
    cells = lines[8].split(",")
    for place, code in ((6, "99.9"), (8, "999"), (9, "999999"), (13, "9999"), (21, "999")):
        cells[place] = code
    path.write_text("\n".join([*lines[:8], ",".join(cells), *lines[9:]]) + "\n")
    assert read_epw(path).missing() == {
        "temp_c": 1,
        "humidity_pct": 1,
        "pressure_pa": 1,
        "wind_m_s": 1,
        "ghi_w_m2": 1,
    }


def test_a_typical_year_comes_round_to_its_other_end(tmp_path: Path) -> None:
    weather = read_epw(epw(tmp_path / "a.epw"), 2024)
    assert weather.grid.steps == 8_784
    assert at(weather, "2024-01-01T11:00") == 113
    assert at(weather, "2024-12-31T23:00") == 101  # The hour before the year, in UTC.
    assert weather.missing()["temp_c"] == 8_784 - 48


def test_what_is_no_epw_file_says_why(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="4 records an hour"):
        read_epw(epw(tmp_path / "a.epw", per=4))
    path = epw(tmp_path / "b.epw")
    path.write_text(path.read_text() + "2023,1,3\n")
    with pytest.raises(InvalidInput, match="a row that is not EPW"):
        read_epw(path)
    (tmp_path / "c.epw").write_text("hello\n")
    with pytest.raises(InvalidInput, match="no EPW file"):
        read_epw(tmp_path / "c.epw")


def tmy3(path: Path) -> Path:
    names = "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),DNI (W/m^2),DHI (W/m^2),Dry-bulb (C)"
    names += ",RHum (%),Pressure (mbar),Wspd (m/s)"
    rows = ['703165,"SAND POINT",AK,-9.0,55.317,-160.517,7', names]
    for month, year in ((1, 1997), (2, 2001), (3, 1988)):
        rows += [
            f"{month:02}/01/{year},{hour:02}:00,{hour},0,0,{month * 100 + hour},93,1012,-9900"
            for hour in range(1, 25)
        ]
    path.write_text("\n".join(rows) + "\n")
    return path


def test_an_hour_of_tmy3_ends_at_its_time(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="typical year, put together of 3 years"):
        read_tmy3(tmy3(tmp_path / "a.csv"))
    weather = read_tmy3(tmy3(tmp_path / "a.csv"), 2023)
    # 13:00 on 1 February in Alaska is 12:00 to 13:00 there, 21:00 to 22:00 UTC.
    assert at(weather, "2023-02-01T21:00") == 213
    assert at(weather, "2023-01-02T08:00") == 124  # 24:00 ends the day.
    assert at(weather, "2023-02-01T21:00", "pressure_pa") == 101_200
    assert np.isnan(weather.wind_m_s).all()


PVGIS_ROWS = [
    ("20180101:0000", 1.0),
    ("20180101:1200", 2.0),
    ("20070228:2300", 3.0),
    ("20090301:0000", 4.0),
]


def pvgis_csv(path: Path) -> Path:
    head = ["Latitude (decimal degrees): 45.000", "Longitude (decimal degrees): 8.000"]
    head += ["Elevation (m): 250.0", "Irradiance Time Offset (h): 0.1761", "month,year", "1,2018"]
    head += ["time(UTC),T2m,RH,G(h),Gb(n),Gd(h),IR(h),WS10m,WD10m,SP"]
    rows = [f"{time},{temp},50,10,20,30,300,2.5,90,99000" for time, temp in PVGIS_ROWS]
    path.write_text("\n".join([*head, *rows, "", "T2m: 2-m air temperature", "PVGIS (c)"]) + "\n")
    return path


def pvgis_json(path: Path) -> Path:
    location = {"latitude": 45.0, "longitude": 8.0, "elevation": 250.0}
    rows = [
        {
            "time(UTC)": time,
            "T2m": temp,
            "RH": 50,
            "G(h)": 10,
            "Gb(n)": 20,
            "Gd(h)": 30,
            "WS10m": 2.5,
            "SP": 99000,
        }
        for time, temp in PVGIS_ROWS
    ]
    found = {
        "inputs": {"location": location | {"irradiance_time_offset": 0.1761}},
        "outputs": {"months_selected": [], "tmy_hourly": rows},
    }
    path.write_text(json.dumps(found))
    return path


@pytest.mark.parametrize("make", [pvgis_csv, pvgis_json])
def test_a_time_of_pvgis_begins_its_hour(tmp_path: Path, make: object) -> None:
    path = pvgis_csv(tmp_path / "a.csv") if make is pvgis_csv else pvgis_json(tmp_path / "a.json")
    weather = read_pvgis(path, 2024)
    assert at(weather, "2024-01-01T12:59") == 2
    assert at(weather, "2024-02-28T23:00") == 3
    assert np.isnan(at(weather, "2024-02-29T12:00"))  # A typical year has none.
    assert at(weather, "2024-03-01T00:00") == 4
    assert weather.sun_at_s == pytest.approx(634, abs=0.1)
    assert weather.humidity_pct[0] == 50
    assert (weather.latitude_deg, weather.altitude_m) == (45, 250)


def openmeteo(path: Path, **changes: object) -> Path:
    found = {
        "latitude": 50.0,
        "longitude": 8.6,
        "elevation": 111.0,
        "utc_offset_seconds": 3_600,
        "hourly_units": {
            "time": "iso8601",
            "temperature_2m": "°C",
            "wind_speed_10m": "km/h",
            "shortwave_radiation": "W/m²",
        },
        "hourly": {
            "time": ["2024-03-31T00:00", "2024-03-31T01:00", "2024-03-31T02:00"],
            "temperature_2m": [1.0, None, 3.0],
            "wind_speed_10m": [36.0, 18.0, 9.0],
            "shortwave_radiation": [100.0, 200.0, 300.0],
        },
    }
    path.write_text(json.dumps(found | changes))
    return path


def test_radiation_of_open_meteo_is_of_the_hour_before(tmp_path: Path) -> None:
    weather = read_openmeteo(openmeteo(tmp_path / "a.json"))
    # 02:00 one hour ahead of UTC is 01:00; the clocks going forward that night do not matter.
    assert at(weather, "2024-03-31T01:00") == 3
    assert np.isnan(at(weather, "2024-03-31T00:00"))
    assert at(weather, "2024-03-30T23:00", "wind_m_s") == pytest.approx(10)
    assert at(weather, "2024-03-31T00:00", "ghi_w_m2") == 300
    assert at(weather, "2024-03-30T23:00", "ghi_w_m2") == 200
    assert np.isnan(at(weather, "2024-03-31T01:00", "ghi_w_m2"))
    with pytest.raises(InvalidInput, match="furlong"):
        units = {"temperature_2m": "°C", "wind_speed_10m": "furlong", "shortwave_radiation": "W/m²"}
        read_openmeteo(openmeteo(tmp_path / "b.json", hourly_units=units))


def test_local_times_of_plain_csv_know_daylight_saving(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    night = ["01:00,1", "02:00,2", "02:00,3", "03:00,4"]  # The hour from 02:00 comes twice.
    path.write_text("time,temp_c\n" + "".join(f"2024-10-27T{row}\n" for row in night))
    weather = read_plain(path, zone="Europe/Oslo")
    assert weather.temp_c.tolist() == [1, 2, 3, 4]
    assert at(weather, "2024-10-26T23:00") == 1
    ending = read_plain(path, zone="Europe/Oslo", ends=True)
    assert at(ending, "2024-10-26T22:00") == 1
    with pytest.raises(InvalidInput, match="two rows for 2024-10-27T02:00Z"):
        read_plain(path)
    path.write_text("time,temp_c\n2024-03-31T01:00,1\n2024-03-31T02:00,2\n")
    with pytest.raises(InvalidInput, match="clocks were put forward"):
        read_plain(path, zone="Europe/Oslo")


def test_the_format_is_told_by_the_file(tmp_path: Path) -> None:
    plain = tmp_path / "p.csv"
    plain.write_text("time,temp_c\n2024-01-01T00:00Z,1\n2024-01-01T01:00Z,2\n")
    assert open_weather(plain).temp_c.tolist() == [1, 2]
    assert at(open_weather(epw(tmp_path / "a.epw")), "2023-01-01T11:00") == 113
    assert at(open_weather(tmy3(tmp_path / "t.csv"), 2023), "2023-02-01T21:00") == 213
    assert open_weather(pvgis_csv(tmp_path / "c.csv"), 2023).altitude_m == 250
    assert open_weather(pvgis_json(tmp_path / "c.json"), 2023).altitude_m == 250
    assert open_weather(openmeteo(tmp_path / "o.json")).altitude_m == 111
    with pytest.raises(NotFound):
        open_weather(tmp_path / "none.epw")
    (tmp_path / "x.txt").write_text("hello")
    with pytest.raises(InvalidInput, match="no weather file"):
        open_weather(tmp_path / "x.txt")


def test_the_sun_of_real_files_is_highest_at_noon(shared_data: Path) -> None:
    # Solar noon: -160.517 degrees is 10 h 42 min behind; 8 degrees is 32 min ahead.
    for name, noon_h in (
        ("tmy3_sandpoint_alaska_703165TY.csv", 22.70),
        ("pvgis_tmy_45N_8E_2005_2023.csv", 11.47),
    ):
        weather = open_weather(shared_data / "energy" / name, 2023)
        assert weather.grid.steps == 8_760
        middle_h = np.arange(24) + 0.5
        if not np.isnan(weather.sun_at_s):
            middle_h = np.arange(24) + weather.sun_at_s / 3_600
        away = np.exp(2j * np.pi * middle_h / 24)
        # dawn and dusk lie even about the mean direction of the light.
        centre = np.angle((weather.ghi_w_m2.reshape(-1, 24) * away).sum()) * 24 / (2 * np.pi) % 24
        assert centre == pytest.approx(noon_h, abs=0.25)


def test_times_of_the_real_open_meteo_answer_are_at_one_offset(shared_data: Path) -> None:
    weather = open_weather(shared_data / "energy/weather_openmeteo_DE-LU_2024.json")
    assert (weather.grid.step_s, weather.grid.steps) == (3_600, 8_784)
    assert at(weather, "2023-12-31T23:00") == 6.2
    assert set(weather.missing()) == {"pressure_pa", "ghi_w_m2", "dni_w_m2", "dhi_w_m2"}
