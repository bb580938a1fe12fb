"""Chaos at the gateway in small; `python -m tests.sim.gateway` does the large one."""

from __future__ import annotations

from pathlib import Path

from tests.sim import gateway
from tests.sim.gateway_engines import llama_is_here


def test_every_token_is_billed_once_whoever_leaves_or_is_killed(tmp_path: Path) -> None:
    result = gateway.run(3_000, 7, tmp_path, with_llama=llama_is_here())
    assert gateway.faults(result) == [], gateway.told(result)
    # Of each kind of end there was some, or the run showed nothing.
    assert result.killed[2:] == ["metering", "worker", "desk"]
    assert result.energy is not None and result.energy.records_mj > 0, gateway.told(result)
    assert result.accounts.exact_cut > 50, gateway.told(result)
    assert result.accounts.interrupted > 0, gateway.told(result)
    # A handful of calls at most came when no worker was there to take them.
    assert result.refused <= gateway.AT_ONCE, gateway.told(result)
