"""The estimate without a meter is EcoLogits' own, to the nanojoule that a token is rounded to."""

from __future__ import annotations

import pytest

from allod.energy.ecologits import accelerators_for, estimate
from allod.energy.of_calls import cost_of

MJ_PER_WH = 3_600_000

#: What ecologits 0.11.0 itself said (`compute_llm_impacts_dag`, PUE 1.2): parameters, active ones
#: [1e6], bits, tokens of the answer, energy [kWh], accelerators.
SAID = [
    (8_000, 8_000, 16, 500, 4.4576292276544365e-05, 1),
    (70_000, 70_000, 16, 500, 0.0003287644964167522, 4),
    (235_000, 22_000, 16, 500, 0.0004245597118364855, 8),
    (8_030, 8_030, 8, 1, 8.918898600324451e-08, 1),
    (500, 500, 16, 1000, 8.005222201414268e-05, 1),
    (671_000, 37_000, 8, 250, 0.0004973626121480538, 16),
    (66_600, 66_600, 16, 500, 0.00016025675052405388, 2),
    (1_000_000, 32_000, 4, 500, 0.0004730949787108644, 8),
]


@pytest.mark.parametrize(("parameters", "active", "bits", "tokens", "kwh", "count"), SAID)
def test_it_says_what_ecologits_says(
    parameters: int, active: int, bits: int, tokens: int, kwh: float, count: int
) -> None:
    rates = estimate(parameters, active, bits)
    energy_mj, _ = cost_of(rates, 10_000, 0, tokens, 1200, None)
    assert energy_mj == pytest.approx(kwh * 1000 * MJ_PER_WH, abs=0.51)
    assert accelerators_for(parameters, bits) == count
    assert rates.method == "estimated"


@pytest.mark.parametrize(
    ("parameters", "active", "wh"),
    [(8_000, None, 0.045), (70_000, None, 0.33), (235_000, 22_000, 0.42)],
)
def test_the_published_figures_of_an_answer_of_500_tokens(
    parameters: int, active: int | None, wh: float
) -> None:
    energy_mj, _ = cost_of(estimate(parameters, active), 0, 0, 500, 1200, None)
    assert float(f"{energy_mj / MJ_PER_WH:.2g}") == wh


def test_all_parameters_are_active_where_nothing_else_is_said() -> None:
    assert estimate(70_000) == estimate(70_000, 70_000) != estimate(70_000, 7_000)
