"""IT power against published node figures and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.accelerator import ACCELERATORS
from allod.energy.it_power import FRONTIER, Conversion, draw_of
from allod.errors import InvalidInput

MODELS = sorted(set(ACCELERATORS) - {"unit"})


def test_h100_node_as_measured() -> None:
    """arXiv 2412.08602: a DGX H100, rated 10.2 kW, draws 8.4 kW at most in training."""
    assert draw_of("h100").busy_w * 8 == pytest.approx(10_200)
    assert draw_of("h100", "measured").busy_w * 8 == pytest.approx(8_400, rel=0.005)
    # Nobody's measurement of a GB300 is open: the rating holds.
    assert draw_of("gb300-nvl72", "measured") == draw_of("gb300-nvl72")


def test_superpod_of_gb200() -> None:
    """576 accelerators draw 1.2 MW; the network's 12 % goes on when they are idle."""
    draw = draw_of("gb200-nvl72")
    assert draw.pool_w(np.array([576.0]), 576)[0] == pytest.approx(1.2e6, rel=0.005)
    # 0.12 + 0.88 · 0.22 of 2,080 W.
    assert draw.idle_w == pytest.approx(0.3136 * 2_080)
    assert draw.pool_w(np.array([100.0]), 576)[0] == pytest.approx(208_000 + 476 * 0.3136 * 2_080)


def test_a_site_may_know_better() -> None:
    assert draw_of("gb300-nvl72", rated_w=2_000).busy_w == 2_000
    for unknown in ("h999", "unit"):
        with pytest.raises(InvalidInput, match=f"accelerator '{unknown}' is not known"):
            draw_of(unknown)


def test_existing_ratings_are_what_recorded_histories_were_made_with() -> None:
    rated = {name: ACCELERATORS[name].power_w for name in MODELS}
    assert rated == {
        "b200": 1_788,
        "gb200-nvl72": 2_080,
        "gb300-nvl72": 2_250,
        "gh200": 1_200,
        "h100": 1_275,
        "h200": 1_275,
        "mi300x": 1_366,
        "mi355x": 2_503,
        "vera-rubin-nvl72": 3_300,
    }


@pytest.mark.parametrize("name", MODELS)
def test_every_model_says_where_its_constants_are_from(name: str) -> None:
    model = ACCELERATORS[name]
    told = (model.measured_share, model.idle_share, model.network_share, model.cap_exponent)
    for constant in (*told, model.liquid_share):
        assert constant is None or (0 < constant.value <= 1 and constant.source)


@given(st.sampled_from(MODELS), st.floats(0, 5_000), st.floats(0, 500))
def test_a_cap_slows(model: str, cap_w: float, more_w: float) -> None:
    draw = draw_of(model)
    slow, fast = draw.speed(cap_w), draw.speed(cap_w + more_w)
    assert 0 <= slow <= fast <= 1


def test_h100_under_a_cap_of_600_of_700_watts() -> None:
    """Training is 10 to 15 % slower (factryze.ai); the node is capped in the same proportion."""
    draw = draw_of("h100")
    assert 0.85 <= draw.speed(draw.busy_w * 600 / 700) <= 0.90
    assert draw.speed(draw.idle_w) == 0
    assert draw.speed(draw.busy_w) == 1


def test_conversion_chain_of_frontier() -> None:
    """RAPS: 626 W idle and 2,704 W busy; converter of a node (P + 13) / 0.98, rectifier of four
    nodes (P + 17) / 0.96."""
    assert FRONTIER.idle_w == pytest.approx(626.26)
    assert FRONTIER.max_w == pytest.approx(2_704.26)
    busy_w = ((4 * (2_704.26 + 13) / 0.98) + 17) / 0.96 / 4
    idle_w = ((4 * (626.26 + 13) / 0.98) + 17) / 0.96 / 4
    assert FRONTIER.outlet_w(np.array([0.0, 1.0])) == pytest.approx([idle_w, busy_w])
    assert FRONTIER.outlet_w(np.array([0.5]))[0] == pytest.approx((idle_w + busy_w) / 2)
    assert Conversion(13, 0.98).input_w(np.array([967.0]))[0] == pytest.approx(1_000)
