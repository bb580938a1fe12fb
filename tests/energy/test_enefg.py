"""The German Energy Efficiency Act: which rule binds whom from when, and how it comes out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from allod.domain.meters import Meter, Quantity
from allod.domain.reporting import ReportingFacts
from allod.energy.account import Account, Evidence
from allod.energy.enefg import RULES, Verdict, section_11
from allod.energy.grid import Grid
from allod.energy.readings import metered, readings


def account(year: int, start: tuple[int, int, int] = (1, 1, 0), **wh: float) -> Account:
    """The first day of a year (or 24 h from another start) in which each quantity is so many Wh."""
    month, day, hour = start
    grid = Grid(int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()), 3600, 24)
    made = []
    for name, amount in wh.items():
        meter = Meter.model_validate(
            {
                "name": name.replace("_", "-"),
                "measures": name.replace("_", "-"),
                "reads": "interval",
                "unit": "Wh",
                "every_s": 3600,
                "certificates": "cancelled",
                "table": {"file": "f.csv", "value": name, "marks": "start"},
            }
        )
        series = metered(meter, readings(grid.times_s(), np.full(24, amount / 24)), grid)
        made.append(Evidence(meter, series, "f.csv"))
    return Account(grid, tuple(made))


def judged(year: int, started: str | None, **wh: float) -> dict[str, tuple[str, str | None]]:
    facts: dict[str, Any] = {"year": year, "goo_kwh": 0, "absent": ["edc-backup"]}
    if started:
        facts["started"] = started
    said = ReportingFacts.model_validate(facts)
    absent = frozenset(said.absent)
    of = account(year, renewable_on_site=0, **wh)
    return {
        f"{test.rule.indicator} {test.rule.limit_milli}": (test.verdict.value, test.value)
        for test in section_11(Account(of.grid, of.evidence, absent), said)
    }


def uses(pue: float, erf: float, ref: float) -> dict[str, float]:
    """A year with these indicators: EIT is 1 MWh."""
    edc = 1e6 * pue
    return {
        "edc": edc,
        "eit_ups": 1e6,
        "heat_reused": edc * erf,
        "renewable_ppa": edc * ref,
    }


@pytest.mark.parametrize(
    ("year", "pue", "verdicts"),
    [
        (2026, 1.6, ("not due", "not due")),
        (2027, 1.6, ("not due", "not due")),  # From 1 July 2027: a year that begins before is free.
        (2028, 1.5, ("pass", "not due")),
        (2028, 1.501, ("fail", "not due")),
        (2031, 1.3, ("pass", "pass")),
        (2031, 1.301, ("pass", "fail")),
    ],
)
def test_existing_ones_and_their_pue(year: int, pue: float, verdicts: tuple[str, str]) -> None:
    made = judged(year, "2020-01-01", **uses(pue, 0, 1))
    assert (made["PUE 1500"][0], made["PUE 1300"][0]) == verdicts
    assert not any(name.startswith("ERF") for name in made)


@pytest.mark.parametrize(("start", "verdict"), [((6, 30, 12), "not due"), ((7, 1, 0), "fail")])
def test_a_limit_does_not_bind_a_period_that_begins_before_it(
    start: tuple[int, int, int], verdict: str
) -> None:
    of = account(2027, start, edc=1.6e6, eit_ups=1e6)
    facts = ReportingFacts.model_validate({"year": 2027, "started": "2020-01-01"})
    whole = Account(of.grid, of.evidence, frozenset({Quantity.EDC_BACKUP}))
    assert section_11(whole, facts)[0].verdict.value == verdict


@pytest.mark.parametrize(
    ("started", "limit"),
    [
        ("2026-07-01", 100),
        ("2027-06-30", 100),
        ("2027-07-01", 150),
        ("2028-06-30", 150),
        ("2028-07-01", 200),
        ("2033-01-01", 200),
    ],
)
def test_new_ones_must_reuse_more_the_later_they_begin(started: str, limit: int) -> None:
    made = judged(2036, started, **uses(1.2, limit / 1000, 1))
    assert made[f"ERF {limit}"] == ("pass", f"{limit / 1000:.3f}")
    assert made["PUE 1200"] == ("pass", "1.200")
    assert [name for name in made if name.startswith("ERF")] == [f"ERF {limit}"]
    worse = judged(2036, started, **uses(1.21, limit / 1000 - 0.01, 1))
    assert worse[f"ERF {limit}"][0] == worse["PUE 1200"][0] == "fail"


@pytest.mark.parametrize(("year", "verdict"), [(2028, "not due"), (2029, "pass")])
def test_new_ones_have_two_years(year: int, verdict: str) -> None:
    assert judged(year, "2026-07-01", **uses(1.1, 0.3, 1))["PUE 1200"][0] == verdict


@pytest.mark.parametrize(
    ("year", "share", "verdicts"),
    [
        (2024, 0.5, ("pass", "not due")),
        (2026, 0.49, ("fail", "not due")),
        (2027, 0.99, ("pass", "fail")),
    ],
)
def test_renewables(year: int, share: float, verdicts: tuple[str, str]) -> None:
    made = judged(year, "2020-01-01", **uses(1.2, 0, share))
    assert (made["REF 500"][0], made["REF 1000"][0]) == verdicts


def test_electricity_of_heat_pumps_for_others_is_not_part_of_the_pue() -> None:
    made = judged(2028, "2020-01-01", **uses(1.6, 0, 1), heat_pump=0.2e6)
    assert made["PUE 1500"] == ("pass", "1.400")


def test_without_a_start_only_what_binds_all_can_be_tested() -> None:
    made = judged(2031, None, **uses(1.1, 0.5, 1))
    assert len(made) == len(RULES)
    assert {v for name, (v, _) in made.items() if not name.startswith("REF")} == {
        Verdict.NOT_TESTABLE.value
    }
    assert made["REF 1000"][0] == "pass"


def test_without_a_meter_a_rule_that_binds_cannot_be_tested() -> None:
    wh = uses(1.2, 0, 1)
    del wh["eit_ups"]
    assert judged(2028, "2020-01-01", **wh)["PUE 1500"] == ("not testable", None)
