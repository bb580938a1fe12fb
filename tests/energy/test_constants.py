"""Every constant says where it is from, and the explanation shows all of them as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from allod.domain.accelerator import ACCELERATORS
from allod.domain.constant import Constant
from allod.energy import constants

ALL = {name: item for name, item in vars(constants).items() if isinstance(item, Constant)}


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs/explanation/energy-model.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_explanation_has_it(name: str, page: str) -> None:
    item = ALL[name]
    row = f"| `{name}` | {item.value:g} | {item.unit} | {item.standing} | {item.source} |"
    assert row in page


@pytest.mark.parametrize("name", sorted(set(ACCELERATORS) - {"unit"}))
def test_the_explanation_has_the_accelerator(name: str, page: str) -> None:
    model = ACCELERATORS[name]
    shares = (model.measured_share, model.idle_share, model.network_share, model.liquid_share)
    told = " | ".join(
        f"{item.value:g}, {item.standing}" if item else "not known" for item in shares
    )
    assert f"| `{name}` | {model.power_w:,} | {told} | {model.source} |" in page


def test_the_loss_of_electricity_is_all_of_it() -> None:
    assert sum(constants.LOSS_SPLIT) == 1
