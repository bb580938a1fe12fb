"""Frontier, 7 April 2024: a day of 25 CDUs at 15 s, from states of its nodes.

What is compared. The trace (HewlettPackard/sustain-lc, MIT) is what the liquid loop of each CDU is
given; it drives the heat port of that project's model. ExaDigiT RAPS, whose Frontier constants we
use, gives the same port 94.5 % of what racks draw (`cooling_efficiency`), and so do we. The trace
does not tell itself whether it is heat; read as power at the outlets, the model is 7 % above it.

Where states come from. The trace holds power alone, so that states must come from it; but not
their watts: a CDU's busy nodes, whole and held for a minute, follow from where one reading a minute
lies between the quietest and busiest half percent of the fleet's readings of the day. A trace in
any other unit, with any other idle power and losses, would give the same states. Watts then come
from RAPS's node, converters and switches.

What this shows: idle and busy power of the node and the losses of its converters are right in
absolute terms and in their mix, over a day and in each CDU. What it does not: which job ran where,
what a node does within a minute, or that a node is either idle or busy.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from allod.energy.grid import Values
from allod.energy.it_power import FRONTIER

STEPS, CDUS = 24 * 240, 25
#: Readings that share one state: a minute.
HELD = 4


@pytest.fixture(scope="module")
def trace_w(shared_data: Path) -> Values:
    """Heat of each CDU; (cdu, step). [W]"""
    path = shared_data / "energy/frontier_cdu_power_2024-04-07_15s.csv"
    table = np.genfromtxt(path, delimiter=",", skip_header=1)
    return np.asarray(table[:STEPS, 1 : CDUS + 1].T)


@pytest.fixture(scope="module")
def raps(shared_data: Path) -> dict[str, dict[str, float]]:
    """Frontier as ExaDigiT RAPS configures it."""
    text = (shared_data / "energy/raps_frontier.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def nodes_of() -> Values:
    """Nodes behind each CDU, 128 to a rack; rack 41 is missing. [1]"""
    nodes = np.full(CDUS, 3 * 128.0)
    nodes[41 // 3] -= 128
    return nodes


def busy_share(trace_w: Values) -> Values:
    """Busy nodes of each CDU as a share of all, in whole nodes, held for a minute; (cdu, step)."""
    nodes = nodes_of()[:, None]
    per_node = trace_w / nodes
    quiet, full = np.percentile(per_node, [0.5, 99.5])
    share = np.clip((per_node[:, ::HELD] - quiet) / (full - quiet), 0, 1)
    return np.repeat(np.round(share * nodes) / nodes, HELD, axis=1)


def test_the_constants_are_those_of_raps(raps: dict[str, dict[str, float]]) -> None:
    power = raps["power"]
    always = power["power_mem"] + 4 * power["power_nic"] + power["power_nvme"]
    idle_w = power["power_cpu_idle"] + 4 * power["power_gpu_idle"] + always
    max_w = power["power_cpu_max"] + 4 * power["power_gpu_max"] + always
    assert (FRONTIER.idle_w, FRONTIER.max_w) == pytest.approx((idle_w, max_w))
    own, shared = FRONTIER.own, FRONTIER.shared
    assert (own.constant_w, own.efficiency) == (
        power["sivoc_loss_constant"],
        power["sivoc_efficiency"],
    )
    assert (shared.constant_w, shared.efficiency) == (
        power["rectifier_loss_constant"],
        power["rectifier_efficiency"],
    )
    assert FRONTIER.nodes_per_shared == raps["system"]["nodes_per_rectifier"]


def test_states_know_nothing_of_watts(trace_w: Values) -> None:
    assert busy_share(trace_w) == pytest.approx(
        busy_share(0.37 * trace_w - 5 * nodes_of()[:, None])
    )


def test_the_day_is_reproduced_within_five_percent(
    trace_w: Values, raps: dict[str, dict[str, float]]
) -> None:
    to_liquid = raps["cooling"]["cooling_efficiency"]
    nodes = nodes_of()[:, None]
    nodes_w = to_liquid * nodes * FRONTIER.outlet_w(busy_share(trace_w))
    # 8 chassis of 4 switches to a rack of 128 nodes.
    switches_w = to_liquid * nodes / 128 * 8 * 4 * raps["power"]["power_switch"]
    day = trace_w.sum()
    assert nodes_w.sum() / day == pytest.approx(1, abs=0.02)
    assert (nodes_w + switches_w).sum() / day == pytest.approx(1, abs=0.05)
    each = nodes_w.sum(axis=1) / trace_w.sum(axis=1)
    assert each == pytest.approx(np.ones(CDUS), abs=0.02), "and so is each CDU"
    # In time: means of a quarter-hour of the whole machine, root mean square.
    off = (nodes_w.sum(axis=0) - trace_w.sum(axis=0)).reshape(-1, 60).mean(axis=1)
    assert np.sqrt((off**2).mean()) / trace_w.sum(axis=0).mean() < 0.03
