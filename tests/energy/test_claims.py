"""The claim register on the plant of arithmetic: kept, missed, open, changed, not testable."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from allod.domain.claim import Claim
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
    for subject in ("pue", "wue", "erf", "ref", "cue", "cfe", "water-m3", "heat-reused-mwh"):
        (one,) = judged(claim(subject=subject, value_milli=0))
        assert one.measured is not None
        assert Claim.model_validate(claim(subject=subject)).subject == subject
