"""Meters in a site's document: what fits together, and what is refused with its mend."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from allod.domain.meters import Meter
from allod.domain.reporting import ReportingFacts
from tests.energy.metered_plant import meter, site

TABLE = {"file": "f.csv", "value": "v", "marks": "start"}


def made(**more: Any) -> Meter:
    base = {"name": "m", "measures": "edc", "reads": "interval", "unit": "kWh", "every_s": "15min"}
    return Meter.model_validate(base | {"table": TABLE} | more)


def test_durations_are_read_as_everywhere() -> None:
    assert made().every_s == 900


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"table": None}, "exactly one of"),
        ({"redfish": {"url": "http://b", "path": "/redfish/v1/Chassis/1"}}, "exactly one of"),
        ({"unit": "kW"}, "is no power"),
        ({"reads": "gauge"}, "is no energy .* write W, kW, MW"),
        ({"unit": "m3"}, "is no volume"),
        ({"measures": "water"}, "is no energy"),
        ({"measures": "outdoor-temp", "unit": "degC"}, "does not add up"),
        ({"measures": "water", "unit": "m3", "reads": "gauge"}, "adds up"),
        ({"rolls_over_at": 100}, "only a register rolls over"),
        ({"reads": "register"}, "write 'marks: instant'"),
        ({"table": TABLE | {"marks": "instant"}}, "start or end"),
        ({"every_s": 0}, "greater than 0"),
        ({"table": None, "prometheus": {"url": "http://u:p@host", "query": "q"}}, "pattern"),
    ],
)
def test_what_does_not_fit_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        made(**more)


def test_two_meters_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="two meters are called 'ups'"):
        site(meters=[meter("ups"), meter("ups")])


@pytest.mark.parametrize("quantity", ["edc", "eit-ups", "outdoor-temp", "grid-carbon"])
def test_what_is_always_there_cannot_be_absent(quantity: str) -> None:
    with pytest.raises(ValidationError, match="there is always some"):
        ReportingFacts.model_validate({"year": 2025, "absent": [quantity]})
