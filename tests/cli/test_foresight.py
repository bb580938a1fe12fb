"""`allod site forecast` and `allod site curtail`: what is sent of a file and of options."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import pytest

from allod.cli import foresight
from allod.errors import InvalidInput


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


def test_a_forecast_is_read_as_documents_are(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("source: NO\n")
    foresight.forecast(tmp_path, "s", file, dry_run=False, as_json=True)
    assert node.sent == {"source": "NO"}
    file.write_text("step_s: 3600\nstep_s: 60\n")
    with pytest.raises(InvalidInput, match=r"line 2: .*'step_s' is there twice"):
        foresight.forecast(tmp_path, "s", file, dry_run=False, as_json=True)


def test_digits_in_an_option_are_a_number_and_in_words_they_stay(
    node: Node, tmp_path: Path
) -> None:
    told = {"name": "7", "power_w": "500", "starts": "0", "ends": "2026-11-23", "reason": "5"}
    foresight.curtail(tmp_path, "s", told, dry_run=False, as_json=True)
    assert node.sent == {**told, "power_w": 500, "starts": 0}


def test_who_is_slowed_is_shown_with_watts_speed_and_dates(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = {"kind": "shedplan", "site": "s", "path": "site", "over_w": 350, "left_w": 0}
    plan |= {"starts_s": 1000, "ends_s": 2000, "delayed": [], "reclaimed": [], "reasons": []}
    cap = {"kind": "powercap", "workload_id": "w1", "site": "s", "pool": "gpu", "limit_w": 525}
    cap |= {"saved_w": 350, "speed_milli": 812, "order_at_s": 800, "ends_s": 2000}
    off = {"kind": "poweruncap", "workload_id": "w2", "site": "s", "pool": "gpu"}
    off |= {"reasons": [{"message": "the run that was capped is over"}]}
    decisions = [{**plan, "capped": [["w1", 350]]}, cap, off]
    monkeypatch.setattr(node, "post", lambda *_, **__: {"decisions": decisions})
    call = {"name": "peak", "power_w": "1", "starts": "0", "ends": "9", "reason": ""}
    foresight.curtail(tmp_path, "s", call, dry_run=True, as_json=False)
    shown = capsys.readouterr().out
    assert "350 W too much" in shown and "1 workload to be slowed, 0 workloads to go" in shown
    row = next(line for line in shown.splitlines() if line.startswith("w1"))
    assert [part.strip() for part in row.split("  ") if part] == [
        "w1",
        "s/gpu",
        "1970-01-01 00:13:20 UTC",
        "525 W",
        "350 W",
        "81 %",
        "1970-01-01 00:33:20 UTC",
    ]
    assert "the run that was capped is over" in shown
