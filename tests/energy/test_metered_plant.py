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
    and of the rest 40 % by day and 70 % by night: 400 x 0.4 x 4,380 + 500 x 0.7 x 4,380
             + 12 x 100 x 0.7 of what the diesels gave             =  2,234,640 kWh
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
from tests.energy.metered_plant import REPORTING, YEAR, evidence, meter, said, year_of

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
    "annual match": 5_694_000 / 9_637_200,  # 0.59084
    "hourly match": 5_694_000 / 9_637_200,
    "CFE": 5_694_000 / 9_637_200,
    "CFE score": (5_694_000 + 2_234_640) / 9_637_200,  # 0.82271
}
#: What no series of hours can tell.
QUARTERS = "quarter-hourly match"
#: What is matched in its step.
MATCHED = {"hourly match", "CFE", "CFE score"}


def named(kpi: Kpi) -> str:
    return f"PUE {kpi.method[-1]}" if kpi.name == "PUE" else kpi.name


def test_every_indicator_is_what_was_worked_out_by_hand() -> None:
    made = {named(kpi): kpi for kpi in year_of(evidence()).kpis}
    quarters = made.pop(QUARTERS)
    assert quarters.missing == ("not testable at this step: it is 3,600 s long",)
    assert made.keys() == BY_HAND.keys()
    for name, value in BY_HAND.items():
        assert made[name].value == pytest.approx(value, rel=1e-12), name
        assert not made[name].missing
        assert made[name].inputs
        assert made[name].method


def test_every_item_of_the_record_is_what_was_worked_out_by_hand() -> None:
    lines = {f"{line.item} {line.symbol}".strip(): line for line in year_of(evidence()).record}
    values = {name: line.value for name, line in lines.items() if name.startswith("II")}
    assert values == {
        "II.1(a) PDIT": "2000.0",
        "II.1(a)": "installed",
        "II.1(b) SDC": "3000",
        "II.1(c) SCR": "1200",
        "II.1(d) EDC": "9637200",
        "II.1(d) EDC-BG": "1200",
        "II.1(e) EIT": "8322000",
        "II.1(e)": "UPS (PUE category 1)",
        "II.1(f)": "none",
        "II.1(g) CBtG": "0.0",
        "II.1(h) WIN": "4380",
        "II.1(h)": "2",
        "II.1(i) WIN-POT": "876",
        "II.1(j) EREUSE": "876000",
        "II.1(k) TWH": "45.0",
        "II.1(l) TIN": "25.5",
        "II.1(m)": "R-1234ze(E)",
        "II.1(n) CDD": "150.0",  # 30 days of 26 degC: 30 x (26 - 21)
        "II.1(o) ERES-TOT": "6694000",
        "II.1(p) ERES-GOO": "1000000",
        "II.1(q) ERES-PPA": "4380000",
        "II.1(r) ERES-OS": "1314000",
        "II.2(a) CSERV": "123456",
        "II.2(a)": "90.5",
        "II.2(b) CSTOR": "7.500",
        "II.2(b)": "100.0",
        "II.3(a) BIN": "50.000",
        "II.3(b) BOUT": "100.000",
        "II.3(c) TIN": "0.008760",
        "II.3(d) TOUT": "0.017520",
        "III(a) PUE": "1.158",
        "III(b) WUE": "0.526",
        "III(c) ERF": "0.091",
        "III(d) REF": "0.695",
    }
    items = {line.item for line in lines.values() if line.item.startswith("II.")}
    assert items == {f"II.{part}({letter})" for part, letter in ITEMS}
    assert len(items) == 24
    assert all(line.inputs and line.rule for line in lines.values())


#: The 24 items of Annex II as its three lists are lettered.
ITEMS = [
    *(("1", letter) for letter in "abcdefghijklmnopqr"),
    *(("2", letter) for letter in "ab"),
    *(("3", letter) for letter in "abcd"),
]


def test_who_and_what_it_is_by_annex_1() -> None:
    made = year_of(evidence()).record
    told = {(line.item, line.title): line.value for line in made if not line.item.startswith("II")}
    assert told == {
        ("Art. 3", "time that is reported"): "2025-01-01T00:00:00Z to 2026-01-01T00:00:00Z",
        ("I.1(a)", "name of the data centre"): "Plant",
        ("I.1(b)", "owner"): "owner-ag",
        ("I.1(b)", "contact of the owner"): "post@owner.example",
        ("I.1(b)", "operator"): "plant-ag",
        ("I.1(b)", "contact of the operator"): "post@plant.example",
        ("I.1(c)", "country"): "DE",
        ("I.1(c)", "location, LAU code"): "09162000",
        ("I.1(d)", "type of data centre"): "colocation",
        ("I.1(d)", "structure or group of structures"): "structure",
        ("I.1(d)", "offers too"): "nothing",
        ("I.1(e)", "year and month of entry into operation"): "2020-03",
        ("I.2(a)", "electrical redundancy, high voltage"): "2N",
        ("I.2(a)", "electrical redundancy, low voltage (line-up)"): "N+1",
        ("I.2(a)", "electrical redundancy, rack"): "2N",
        ("I.2(b)", "cooling redundancy, room"): "N+1",
        ("I.2(b)", "cooling redundancy, rack"): "N",
    }


def test_degree_days_of_an_open_source_come_before_the_own_thermometer() -> None:
    found = {"value": 12_340, "source": "Eurostat nrg_chddr2_a"}
    told = year_of(evidence(), reporting=REPORTING | {"cooling_degree_days_milli": found})
    (line,) = (one for one in told.record if one.symbol == "CDD")
    assert (line.value, line.inputs) == ("12.3", ("declared: Eurostat nrg_chddr2_a",))


def test_the_record_s_ref_is_the_regulation_s_quotient_and_the_indicator_ends_at_1() -> None:
    told = year_of(evidence(), reporting=REPORTING | {"goo_kwh": 9_000_000})
    (line,) = (one for one in told.record if one.symbol == "REF")
    assert line.value == "1.525"  # (9,000,000 + 4,380,000 + 1,314,000) / 9,637,200
    assert next(kpi.value for kpi in told.kpis if kpi.name == "REF") == 1


def test_what_is_not_declared_is_refused_by_its_own_name() -> None:
    told = year_of(evidence(ups=None, pdu=None), reporting={"year": 2025})
    missing = {line.title: line.missing for line in told.record if line.value is None}
    assert missing["which IT power demand that is"] == ("'reporting.it_power_metric' is not said",)
    assert missing["location, LAU code"] == ("'reporting.location' is not said",)
    assert missing["WUE category of the water input"] == ("'reporting.wue_category' is not said",)
    assert missing["where EIT is measured"] == ("no meter measures 'eit-ups'",)


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
        {"CUE", *MATCHED},
        set(),
    ),
    "a gap of a gauge": (
        {"feed_b": changed("feed-b", all_but("feed-b", 100, 104))},
        {"PUE 1", "PUE 2", "ERF", "ERE", "REF", "CUE", "TUE", "annual match", *MATCHED},
        {"II.1(d) EDC", "III(a) PUE", "III(c) ERF", "III(d) REF"},
    ),
    "a reset": (
        {"ups": reset("ups", 4000)},
        {"PUE 1", "WUE", "ERE", "CUE", "TUE"},
        {"II.1(e) EIT", "III(a) PUE", "III(b) WUE"},
    ),
    "an hour that is there twice and differs": (
        {"greenhouse": changed("greenhouse", all_but("greenhouse", 0, 0), ((2010, 0.9),))},
        {"ERF", "ERE"},
        {"II.1(j) EREUSE", "III(c) ERF"},
    ),
    "an hour that is there twice and is the same": (
        {"greenhouse": changed("greenhouse", all_but("greenhouse", 0, 0), ((2010, 0.2),))},
        set(),
        set(),
    ),
    "no meter of the cooling": ({"chillers": None}, {"CER"}, set()),
    "no meter of the diesel": (
        {"diesel": None},
        {"PUE 1", "PUE 2", "ERF", "ERE", "REF", "CUE", "TUE", "annual match", *MATCHED},
        {"II.1(d) EDC", "II.1(d) EDC-BG", "III(a) PUE", "III(c) ERF", "III(d) REF"},
    ),
    "no meter of the carbon": ({"grid": None}, {"CUE"}, set()),
    "no meter of the grid's mix": ({"mix": None}, {"CFE score"}, set()),
    "no meter of potable water": ({"tap": None}, set(), {"II.1(i) WIN-POT"}),
    "certificates of which nobody knows": (
        {"roof": meter("roof", certificates="unknown")},
        {"REF", "annual match", *MATCHED},
        {"II.1(o) ERES-TOT", "II.1(r) ERES-OS", "III(d) REF"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_exactly_what_rests_on_a_fault_is_refused(fault: str) -> None:
    meters, kpis, items = FAULTS[fault]
    made = year_of(evidence(**meters))
    assert {named(kpi) for kpi in made.kpis if kpi.value is None} == kpis | {QUARTERS}
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


@pytest.mark.parametrize(
    ("first_h", "end_h", "started_h", "year"),
    [
        (2160, 8760, 2160, 2025),  # It began on 1 April.
        (2160, 8760, 2150, 2025),  # By its own clock it did.
        (2160, 8760, 2000, None),  # It is older than what is reported.
        (2160, 8760, -50, None),
        (2160, 8700, 2160, None),  # The year goes on.
        (0, 8760, 2160, 2025),
    ],
)
def test_of_its_first_year_what_is_left_is_enough(
    first_h: int, end_h: int, started_h: int, year: int | None
) -> None:
    part = Grid(YEAR.start_s + first_h * 3600, 3600, end_h - first_h)
    assert year_of_grid(part, YEAR.start_s + started_h * 3600) == year
