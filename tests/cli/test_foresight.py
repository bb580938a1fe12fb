"""`allod site forecast` and `allod site curtail`: what is sent of a file and of options."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import pytest

from allod.cli import foresight


class Node:
    """Takes what is sent, and decides nothing."""

    def __init__(self) -> None:
        self.sent: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def post(self, _path: str, body: dict[str, Any], **_: object) -> dict[str, Any]:
        """Keep `body`."""
        self.sent = body
        return {"decisions": []}


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Node:
    there = Node()
    monkeypatch.setattr(foresight, "connect", lambda _data: there)
    return there


def test_nothing_in_a_file_is_nothing_and_a_date_is_a_date(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("starts: 2026-11-23\nstep_s: 3600\nsource:\ndesign_wet_bulb_milli_c: null\n")
    foresight.forecast(tmp_path, "s", file, dry_run=False, as_json=True)
    assert node.sent == {
        "starts": "2026-11-23",
        "step_s": 3600,
        "source": None,
        "design_wet_bulb_milli_c": None,
    }


def test_digits_in_an_option_are_a_number_and_in_words_they_stay(
    node: Node, tmp_path: Path
) -> None:
    told = {"name": "7", "power_w": "500", "starts": "0", "ends": "2026-11-23", "reason": "5"}
    foresight.curtail(tmp_path, "s", told, dry_run=False, as_json=True)
    assert node.sent == {**told, "power_w": 500, "starts": 0}
