"""The script behind docs/explanation/classes-under-overload.md: its plot and its calls."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from bench import azure_plot, gateway_azure

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/explanation/classes-under-overload.md"


def test_the_plot_draws_every_line(tmp_path: Path) -> None:
    drawn = [("one", [0.02, 0.5]), ("other", [3.0])]
    picture = ElementTree.fromstring(azure_plot.picture(drawn))
    lines = [item.get("class") for item in picture.iter() if "line" in item.get("class", "")]
    # Each in the legend and in the picture.
    assert sorted(lines) == ["s0 line", "s0 line", "s1 line", "s1 line"]
    words = [item.text for item in picture.iter() if item.tag.endswith("text")]
    assert {"one", "other", "10 s"} <= set(words)


def test_the_page_says_what_the_script_does() -> None:
    said = PAGE.read_text(encoding="utf-8")
    assert f"at {gateway_azure.OVERLOAD} times the rate" in said
    assert f"at most {gateway_azure.ANSWER_MAX};" in said
    assert gateway_azure.SHORTER == 4 and "a quarter of its prompt tokens" in said
    labels = {
        label
        for label, _ in gateway_azure.lines({"runs": {name: [] for name in gateway_azure.RUNS}})
    }
    rows = set(re.findall(r"^\| ((?:floor|surplus), [a-z ]+) \|", said, re.MULTILINE))
    assert rows == labels


def test_the_calls_are_those_of_the_trace(shared_data: Path) -> None:
    made = gateway_azure.asks(400, tokens_per_word=1.0)
    assert [one.at_s for one in made] == sorted(one.at_s for one in made)
    assert max(one.answer_tokens for one in made) <= gateway_azure.ANSWER_MAX
    of_floor = sum(one.of_floor for one in made) / len(made)
    assert abs(of_floor - gateway_azure.FLOOR_PART) < 0.06
    # The same calls each time, or runs could not be put beside each other.
    assert made == gateway_azure.asks(400, tokens_per_word=1.0)
