"""The page: whole in itself, well formed, and safe with strangers' words."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from allod.errors import InvalidInput
from allod.replay import plots
from allod.replay.page import page, write_page
from tests.replay.conftest import ASSUMING, SCENARIO, Replay

JOBS = [(600 * i, 900, 3600, 1 + i % 8, 1 + i % 9) for i in range(200)]


def pictures_of(text: str) -> list[ET.Element]:
    return [ET.fromstring(svg) for svg in re.findall(r"<svg viewBox.*?</svg>", text, re.DOTALL)]


@pytest.fixture
def text(replay: Replay, scenario: Path) -> str:
    result, _ = replay(JOBS, scenario=scenario)
    return page(result)


def test_it_needs_nothing_from_elsewhere(text: str) -> None:
    assert not re.findall(r"https?://|src=|@import|url\(", text)
    assert "$" not in re.sub(r"<script>.*</script>", "", text, flags=re.DOTALL)


def test_every_picture_is_well_formed_and_says_what_it_shows(text: str) -> None:
    figures = [svg for svg in pictures_of(text) if svg.get("role") == "img"]
    assert len(figures) == 6  # Over time: 2; the site: 2; waits and slowdowns.
    for svg in figures:
        assert svg.findtext("title")
        assert svg.findtext("desc")
        _, _, width, height = map(float, (svg.get("viewBox") or "").split())
        for path in svg.iter("path"):
            numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", path.get("d") or "")]
            assert numbers
            assert min(numbers) >= 0
            assert max(numbers) <= max(width, height)


def test_values_lie_beside_each_picture(text: str) -> None:
    shown = [json.loads(unescape(v)) for v in re.findall(r'data-values="([^"]*)"', text)]
    assert len(shown) == 6
    for values in shown:
        assert len(values["at"]) == len(values["x"]) <= 401
        assert values["at"] == sorted(values["at"])
        assert all(len(line["y"]) == len(values["at"]) for line in values["lines"])


def test_all_sections_are_there(text: str) -> None:
    found = re.findall(r"<h2>([^<]*)", text)
    assert found == ["Over time", "Sites", "Waits", "Use", "Floors", "Power", "How it was run"]
    assert "allod replay trace.swf --scenario small.scenario.yaml --policy charter" in text


def test_strangers_words_do_no_harm(replay: Replay, scenario: Path, tmp_path: Path) -> None:
    scenario.write_text(
        SCENARIO.replace("title: A fjord", 'title: "<script>alert(1)</script> & Co"').replace(
            "title: Fjord", "title: '<b onclick=x>'"
        )
    )
    trace = tmp_path / "a<i>.swf"
    trace.write_text("1 0 -1 10 1 -1 -1 1 10 -1 1 1 1 1 1 1 -1 -1\n<img src=x> broken\n")
    result, _ = replay(trace, scenario=scenario)
    text = page(result)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in text
    assert "<b onclick" not in text
    assert "<img" not in text
    assert "a<i>" not in text
    assert "1 line of the trace could not be understood" in text


def test_what_is_assumed_stands_at_the_top(replay: Replay, scenario: Path) -> None:
    scenario.write_text(ASSUMING)
    result, _ = replay(JOBS[:5], scenario=scenario)
    text = page(result)
    assert text.index("1 fact") < text.index("In numbers")
    assert "<code>Site/fjord: pue_milli</code>" in text


@pytest.mark.parametrize(
    "jobs", [[], [(0, 10, 20, 99, 1)], [(0, 1, 1, 1, 1)]], ids=["none", "refused", "one"]
)
def test_a_page_of_next_to_nothing(
    replay: Replay, tmp_path: Path, jobs: list[tuple[int, int, int, int, int]]
) -> None:
    result, _ = replay([*jobs, (9_000, 10, 10, 1, 1)], pool=4, to_s=8_000)
    text = page(result)
    assert ("came to run" in text) or ("No job is in" in text)
    assert "How it was run" in text
    pictures_of(text)


def test_it_appears_whole_or_not_at_all(replay: Replay, tmp_path: Path) -> None:
    result, _ = replay(JOBS[:9], pool=8)
    write_page(result, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text().endswith("</html>\n")
    (tmp_path / "taken.html").mkdir()
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_page(result, tmp_path / "taken.html")
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("most", "last", "marks"),
    [(0, 1, 4), (1, 1, 4), (128, 160, 4), (420_000, 450_000, 3), (960, 1000, 4)],
)
def test_an_axis_ends_at_a_round_number(most: float, last: float, marks: int) -> None:
    axis = plots.amounts(most, str)
    assert axis.last == pytest.approx(last)
    assert len(axis.marks) == marks + 1


def test_a_logarithm_and_its_inverse() -> None:
    for axis in (plots.spans(86_400, str), plots.factors(1000)):
        even = axis.even(10)
        assert [axis.at(value) for value in even] == pytest.approx([i / 10 for i in range(11)])
    assert [words for _, words in plots.factors(1000).marks] == ["1", "10", "100", "1,000"]


@pytest.mark.parametrize("span_s", [1, 700, 5_000, 90_000, 10**6, 10**7, 10**8, 10**9])
def test_times_have_few_marks(span_s: int) -> None:
    for dated in (True, False):
        axis = plots.times(1_767_225_600, 1_767_225_600 + span_s, dated=dated)
        assert len(axis.marks) <= 9
        assert len({words for _, words in axis.marks}) == len(axis.marks)
        if span_s > 700:
            assert axis.marks
