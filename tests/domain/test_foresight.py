"""What is told of the time to come: watts are numbers or have a unit, and text is one line."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from allod.domain.foresight import Call, Forecast

FORECAST: dict[str, Any] = {
    "starts": "2026-11-22",
    "step_s": "1h",
    "temp_milli_c": [5000],
    "design_temp_milli_c": 30_000,
    "margin_w": "2 kW",
}
CALL: dict[str, Any] = {"name": "a", "power_w": 500, "starts": 100, "ends": "2026-11-22"}
SERIES = ("temp_milli_c", "wet_bulb_milli_c", "base_load_w", "clean_w", "carbon_g_per_kwh")


@pytest.mark.parametrize("slip", [True, "5", " 600 ", 600.0])
@pytest.mark.parametrize("field", ["starts", "step_s", "margin_milli_c", "margin_w", *SERIES])
def test_true_quoted_and_pointed_numbers_are_refused(field: str, slip: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        Forecast.model_validate({**FORECAST, field: [slip] if field in SERIES else slip})


@pytest.mark.parametrize("slip", [True, "5", 600.0])
@pytest.mark.parametrize("field", ["power_w", "starts", "ends"])
def test_so_they_are_in_a_call(field: str, slip: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        Call.model_validate({**CALL, field: slip})


@pytest.mark.parametrize("text", ["a\nb", "\x1b[2J", "\x00", "\x85", "a\u2028b"])
def test_text_for_people_has_no_control_characters(text: str) -> None:
    with pytest.raises(ValidationError, match="source"):
        Forecast.model_validate({**FORECAST, "source": text})
    with pytest.raises(ValidationError, match="reason"):
        Call.model_validate({**CALL, "reason": text})


def test_units_dates_and_words_are_read_as_ever() -> None:
    told = Forecast.model_validate({**FORECAST, "source": "météo, 06:00"})
    assert (told.step_s, told.margin_w, told.source) == (3600, 2000, "météo, 06:00")
    assert Call.model_validate(CALL).ends == 1_795_305_600
