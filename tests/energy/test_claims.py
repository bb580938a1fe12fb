"""The claim register on the plant of arithmetic: kept, missed, open, changed, not testable."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from allod.domain.claim import Claim, ClaimSubject
from allod.energy.claims import Judged
from tests.energy.metered_plant import evidence, site, year_of


def claim(**more: Any) -> dict[str, Any]:
    return {
        "name": "one",
        "says": "words",
        "maker": "Plant AG",
        "date": "2024-06-01",
        "source": "press",
        **more,
    }


def judged(*claims: dict[str, Any], **meters: Any) -> tuple[Judged, ...]:
    return year_of(evidence(**meters), claims=list(claims)).claims


PUE = {"subject": "pue", "is_met": "at-most"}  # The plant's is 1.158.


@pytest.mark.parametrize(
    ("more", "verdict", "wanted", "measured"),
    [
        ({**PUE, "value_milli": 1200}, "kept", "1.200", "1.158"),
        ({**PUE, "value_milli": 1100}, "missed", "1.100", "1.158"),
        ({"subject": "ref", "value_milli": 1000}, "missed", "1.000", "0.695"),
        ({"subject": "ref", "value_milli": 690}, "kept", "0.690", "0.695"),
        ({"subject": "heat-reused-mwh", "value_milli": 876_000}, "kept", "876.000", "876.000"),
        ({"subject": "cfe", "value_milli": 590}, "kept", "0.590", "0.591"),
        # 4,380 m3 against 43,800 m3 is exactly 90 % less; against 43,000 it is not.
        (
            {
                "subject": "water-m3",
                "reduces": True,
                "value_milli": 900,
                "baseline_milli": 43_800_000,
            },
            "kept",
            "4380.000",
            "4380.000",
        ),
        (
            {
                "subject": "water-m3",
                "reduces": True,
                "value_milli": 900,
                "baseline_milli": 43_000_000,
            },
            "missed",
            "4300.000",
            "4380.000",
        ),
        (
            {"subject": "water-m3", "reduces": True, "value_milli": 900},
            "not testable",
            None,
            "4380.000",
        ),
        ({**PUE, "value_milli": 1200, "due": "2025-01-02"}, "open", "1.200", "1.158"),
        ({**PUE, "value_milli": 1200, "due": "2025-01-01"}, "kept", "1.200", "1.158"),
        ({"subject": "ref"}, "not testable", None, "0.695"),
        ({}, "not testable", None, None),
    ],
)
def test_a_claim_comes_out_as_it_was_measured(
    more: dict[str, Any], verdict: str, wanted: str | None, measured: str | None
) -> None:
    (one,) = judged(claim(**more))
    assert (one.standing.value, one.wanted, one.measured) == (verdict, wanted, measured)
    assert bool(one.why) is (verdict not in ("kept", "missed"))


def test_a_claim_that_a_later_one_replaced_has_changed() -> None:
    first, second = judged(
        claim(**PUE, value_milli=1100, replaced_by="two"),
        claim(**PUE, name="two", value_milli=1200),
    )
    assert (first.standing.value, second.standing.value) == ("changed", "kept")


def test_a_claim_whose_meter_is_missing_cannot_be_tested() -> None:
    (one,) = judged(claim(subject="heat-reused-mwh", value_milli=1), greenhouse=None)
    assert one.standing.value == "not testable"
    assert one.why == ("no meter measures 'heat-reused'",)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ([claim(), claim()], "two claims are called 'one'"),
        ([claim(replaced_by="two")], "which is not there"),
        ([claim(replaced_by="one")], "cannot replace itself"),
        ([claim(reduces=True, value_milli=1001)], "more than all of it"),
    ],
)
def test_what_makes_no_sense_is_refused(claims: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        site(claims=claims)


def test_a_claim_may_be_of_any_indicator() -> None:
    unmetered = {"quarter-hourly-match", "low-carbon-heat", "accelerators", "power-mw", "jobs"}
    for subject in sorted(set(ClaimSubject) - unmetered):
        (one,) = judged(claim(subject=subject, value_milli=0))
        assert one.measured is not None
        assert Claim.model_validate(claim(subject=subject)).subject == subject


@pytest.mark.parametrize("subject", ["accelerators", "power-mw", "jobs"])
def test_a_claim_about_what_is_built_is_not_tested_by_meters(subject: str) -> None:
    (one,) = judged(claim(subject=subject, value_milli=1000))
    assert one.standing == "not testable"
    assert "'allod report claims' does" in one.why[0]


def test_what_is_said_by_the_year_stands_beside_what_is_measured_by_the_hour() -> None:
    (one,) = judged(claim(subject="ref", value_milli=1000))
    assert one.beside == (
        "annual match 0.591",
        "hourly match 0.591",
        "quarter-hourly match refused",
        "CFE 0.591",
        "CFE score 0.823",
    )
    (pue,) = judged(claim(**PUE, value_milli=1200))
    assert pue.beside == ()


def test_heat_without_a_contract_cannot_be_tested() -> None:
    (one,) = judged(claim(subject="low-carbon-heat", value_milli=1000))
    assert (one.standing, one.why) == ("not testable", ("the site's document has no 'heat' part",))
