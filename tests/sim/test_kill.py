"""A few kills in every run of the tests; `python -m tests.sim.kill --kills 200` takes many (X2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sim.kill import live_through

pytestmark = pytest.mark.sim


def test_no_kill_loses_what_was_acknowledged_or_begins_anything_twice(tmp_path: Path) -> None:
    wrong, done = live_through(6, 20261121, "real", tmp_path)
    assert wrong == []
    assert done["nodes"] >= 4 and done["acknowledged"] > 20 and done["begun"] > 3
