"""A plant's year by hand: every indicator, and which lines go when a meter fails.

Worked out from tests/energy/metered_plant.py (4,380 hours of day, as many of night):

    feeds    (700 + 500) x 4,380 + (600 + 400) x 4,380             =  9,636,000 kWh
    diesel   12 x 100                                              =      1,200 kWh
    EDC      9,636,000 + 1,200                                     =  9,637,200 kWh
    EIT      1,050 x 4,380 + 850 x 4,380                           =  8,322,000 kWh (UPS)
             940 x 8,760                                           =  8,234,400 kWh (PDU)
    water    0.5 x 8,760 = 4,380 m3; potable 0.1 x 8,760 = 876 m3
    reused   200 x 4,380                                           =    876,000 kWh
    renewable 1,000,000 (declared) + 500 x 8,760 + 300 x 4,380     =  6,694,000 kWh
    carbon   (1,200 - 300) x 4,380 x 0.2 + 1,000 x 4,380 x 0.1 + 1,200 x 0.8 = 1,227,360 kg
    matched  min(1,200, 800) x 4,380 + min(1,000, 500) x 4,380     =  5,694,000 kWh
"""

from __future__ import annotations

import numpy as np
import pytest

from allod.domain.meters import Quantity
from allod.energy.account import Account
from allod.energy.eu2024_1364 import year_of as year_of_grid
from allod.energy.grid import Grid
from allod.energy.kpi import Kpi
from allod.energy.readings import Flag, Readings, Span
from tests.energy.metered_plant import YEAR, evidence, meter, said, year_of

BY_HAND = {
    "PUE 1": 9_637_200 / 8_322_000,  # 1.15804
    "PUE 2": 9_637_200 / 8_234_400,  # 1.17036
    "WUE": 4_380 / 8_322,  # 0.52632 m3/MWh
    "ERF": 876_000 / 9_637_200,  # 0.09090
    "ERE": (9_637_200 - 876_000) / 8_322_000,  # 1.05278
    "REF": 6_694_000 / 9_637_200,  # 0.69460
    "CUE": 1_227_360 / 8_322_000,  # 0.14748 kg/kWh
    "CER": 900 / 60,  # 15
    "TUE": 1.05 * 9_637_200 / 8_322_000,
    "CFE": 5_694_000 / 9_637_200,  # 0.59084
}


def named(kpi: Kpi) -> str:
    return f"PUE {kpi.method[-1]}" if kpi.name == "PUE" else kpi.name


def test_every_indicator_is_what_was_worked_out_by_hand() -> None:
    made = {named(kpi): kpi for kpi in year_of(evidence()).kpis}
    assert made.keys() == BY_HAND.keys()
    for name, value in BY_HAND.items():
        assert made[name].value == pytest.approx(value, rel=1e-12), name
        assert not made[name].missing
        assert made[name].inputs
        assert made[name].method


def test_every_item_of_the_record_is_what_was_worked_out_by_hand() -> None:
    lines = {f"{line.item} {line.symbol}".strip(): line for line in year_of(evidence()).record}
    values = {name: line.value for name, line in lines.items() if not name.startswith("I.")}
    assert values == {
        "1 PDIT": "2000.0",
        "2 SDC": "3000",
        "3 SCR": "1200",
        "4 EDC": "9637200",
        "4 EDC-BG": "1200",
        "5 EIT": "8322000",
        "6": "none",
        "7 CBtG": "0.0",
        "8 WIN": "4380",
        "9 WIN-POT": "876",
        "10 EREUSE": "876000",
        "11 TWH": "45.0",
        "12 TIN": "25.5",
        "13": "R-1234ze(E)",
        "14 CDD": "150.0",  # 30 days of 26 degC: 30 x (26 - 21)
        "15 ERES-TOT": "6694000",
        "16 ERES-GOO": "1000000",
        "17 ERES-PPA": "4380000",
        "18 ERES-OS": "1314000",
        "19 CSERV": "123456",
        "20 CSTOR": "7.500",
        "21 BIN": "400.000",
        "22 BOUT": "800.000",
        "23": "0.008760",
        "24": "0.017520",
        "III.1 PUE": "1.158",
        "III.2 WUE": "0.526",
        "III.3 ERF": "0.091",
        "III.4 REF": "0.695",
    }
    items = {line.item for line in lines.values() if line.item.isdigit()}
    assert items == {str(i) for i in range(1, 25)}
    assert all(line.inputs and line.rule for line in lines.values())


def changed(name: str, keep: np.ndarray, add: tuple[tuple[int, float], ...] = ()) -> Readings:
    """What `name` says, less the readings not kept, and some more after them."""
    read = said(name)
    more_s = np.array([YEAR.start_s + 3600 * hour for hour, _ in add], np.int64)
    values = np.array([value for _, value in add])
    return Readings(
        np.concatenate([read.at_s[keep], more_s]),
        np.concatenate([read.values[keep], values]),
        np.zeros(int(keep.sum()) + len(add), np.uint8),
    )


def all_but(name: str, first: int, end: int) -> np.ndarray:
    hours = np.arange(said(name).at_s.size)
    return (hours < first) | (hours >= end)


def reset(name: str, hour: int) -> Readings:
    read = said(name)
    values = read.values.copy()
    values[hour:] -= values[hour] - 1
    return Readings(read.at_s, values, read.flags)


#: What happens to the meters, and exactly what cannot be said any more.
FAULTS = {
    # The register went on: its total stands, its hours do not.
    "a gap of a register": (
        {"feed_a": changed("feed-a", all_but("feed-a", 100, 104))},
        {"CUE", "CFE"},
        set(),
    ),
    "a gap of a gauge": (
        {"feed_b": changed("feed-b", all_but("feed-b", 100, 104))},
        {"PUE 1", "PUE 2", "ERF", "ERE", "REF", "CUE", "TUE", "CFE"},
        {"4 EDC", "III.1 PUE", "III.3 ERF", "III.4 REF"},
    ),
    "a reset": (
        {"ups": reset("ups", 4000)},
        {"PUE 1", "WUE", "ERE", "CUE", "TUE"},
        {"5 EIT", "III.1 PUE", "III.2 WUE"},
    ),
    "an hour that is there twice and differs": (
        {"greenhouse": changed("greenhouse", all_but("greenhouse", 0, 0), ((2010, 0.9),))},
        {"ERF", "ERE"},
        {"10 EREUSE", "III.3 ERF"},
    ),
    "an hour that is there twice and is the same": (
        {"greenhouse": changed("greenhouse", all_but("greenhouse", 0, 0), ((2010, 0.2),))},
        set(),
        set(),
    ),
    "no meter of the cooling": ({"chillers": None}, {"CER"}, set()),
    "no meter of the diesel": (
        {"diesel": None},
        {"PUE 1", "PUE 2", "ERF", "ERE", "REF", "CUE", "TUE", "CFE"},
        {"4 EDC", "4 EDC-BG", "III.1 PUE", "III.3 ERF", "III.4 REF"},
    ),
    "no meter of the carbon": ({"grid": None}, {"CUE"}, set()),
    "no meter of potable water": ({"tap": None}, set(), {"9 WIN-POT"}),
    "certificates of which nobody knows": (
        {"roof": meter("roof", certificates="unknown")},
        {"REF", "CFE"},
        {"15 ERES-TOT", "18 ERES-OS", "III.4 REF"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_exactly_what_rests_on_a_fault_is_refused(fault: str) -> None:
    meters, kpis, items = FAULTS[fault]
    made = year_of(evidence(**meters))
    assert {named(kpi) for kpi in made.kpis if kpi.value is None} == kpis
    refused = {f"{line.item} {line.symbol}".strip() for line in made.record if line.value is None}
    assert refused == items
    for one in (*made.kpis, *made.record):
        assert (one.value is None) == bool(one.missing)


def test_what_was_not_touched_stays_as_it_was() -> None:
    made = {named(kpi): kpi.value for kpi in year_of(evidence(ups=reset("ups", 4000))).kpis}
    for name in ("PUE 2", "ERF", "REF", "CER", "CFE"):
        assert made[name] == pytest.approx(BY_HAND[name], rel=1e-12)


def test_a_refused_line_says_which_meter_and_why() -> None:
    made = year_of(evidence(ups=reset("ups", 4000), chillers=None))
    missing = {named(kpi): kpi.missing for kpi in made.kpis}
    assert missing["PUE 1"] == ("meter 'ups' is not known in 1 of 8,760 steps (1 reset)",)
    assert missing["CER"] == ("no meter measures 'cooling'",)


def test_a_gap_is_shown_where_a_register_bridges_it() -> None:
    gone = changed("feed-a", all_but("feed-a", 100, 104))
    series = next(e for e in evidence(feed_a=gone) if e.meter.name == "feed-a").series
    assert series is not None
    # Hours 99 to 103, which are 03:00 to 08:00, have lost an end: 5 x 600 kWh.
    assert series.spans == (Span(99, 104, 3_000_000.0),)
    assert series.count(Flag.GAP) == 5
    assert np.isnan(series.values[99:104]).all()


def test_two_meters_of_a_temperature_are_their_mean_and_two_of_energy_their_sum() -> None:
    found = evidence()
    air, heat = (
        next(e for e in found if e.meter.name == name) for name in ("return", "greenhouse")
    )
    twice = Account(YEAR, (air, air, heat, heat))
    assert twice.mean(Quantity.WASTE_HEAT_TEMP).value == pytest.approx(45)
    assert twice.steps(Quantity.WASTE_HEAT_TEMP).values.max() == 50
    assert twice.total(Quantity.HEAT_REUSED).value == pytest.approx(2 * 876e6)


def test_sold_certificates_make_the_energy_count_for_nothing() -> None:
    made = {k.name: k for k in year_of(evidence(roof=meter("roof", certificates="sold"))).kpis}
    assert made["REF"].value == pytest.approx(5_380_000 / 9_637_200)
    # It still is not bought from the grid, so that its carbon is as it was.
    assert made["CUE"].value == pytest.approx(BY_HAND["CUE"])


def test_what_is_absent_needs_no_meter() -> None:
    facts = {"reporting": {"year": 2025, "absent": ["edc-backup", "heat-reused"]}}
    made = {named(k): k for k in year_of(evidence(diesel=None, greenhouse=None), **facts).kpis}
    assert made["PUE 1"].value == pytest.approx(9_636_000 / 8_322_000)
    assert made["ERF"].value == 0


@pytest.mark.parametrize(
    ("off_h", "steps", "year"),
    [
        (0, 8760, 2025),
        (-1, 8760, 2025),  # Berlin's year begins at 23:00 UTC.
        (5, 8760, 2025),
        (-14, 8760, 2025),
        (-15, 8760, None),
        (0, 8759, None),
        (0, 8784, None),
        (24, 8760, None),
    ],
)
def test_a_calendar_year_is_one_of_some_zone(off_h: int, steps: int, year: int | None) -> None:
    assert year_of_grid(Grid(YEAR.start_s + off_h * 3600, 3600, steps)) == year
