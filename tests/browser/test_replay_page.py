"""The page of a replay in a browser: values at the pointer, both themes, narrow windows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from allod.replay.page import write_page
from allod.replay.run import ReplayOptions, replay_trace
from tests.replay.conftest import SCENARIO, swf_text

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replay")
    (folder / "x.scenario.yaml").write_text(SCENARIO)
    jobs = ((600 * i, 900, 3600, 1 + i % 8, 1 + i % 9) for i in range(400))
    (folder / "t.swf").write_text(swf_text(jobs))
    options = ReplayOptions(trace=folder / "t.swf", scenario=folder / "x.scenario.yaml")
    write_page(replay_trace(options), folder / "page.html")
    return folder / "page.html"


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    """The page; it fails on what the browser complains of or fetches from elsewhere."""
    shown = browser.new_page(viewport={"width": 1400, "height": 900})
    wrong: list[str] = []
    shown.on("console", lambda message: wrong.append(message.text))
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    shown.on("request", lambda asked: wrong.append(asked.url))
    shown.goto(file.as_uri())
    yield shown
    shown.close()
    assert wrong == [file.as_uri()]


def test_values_are_shown_at_the_pointer(page: Page) -> None:
    figure = page.locator(".plot", has_text="Power at the meter")
    figure.scroll_into_view_if_needed()
    box = figure.locator("svg").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.4)
    shown = figure.locator("output").inner_text()
    assert shown.startswith("2026-01-0")
    assert "drawn" in shown
    assert "20.0 kW" in shown  # The envelope.
    page.mouse.move(0, 0)
    assert figure.locator("output").is_hidden()


def test_the_theme_is_the_readers_choice(page: Page) -> None:
    ground = "getComputedStyle(document.body.parentElement).backgroundColor"
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(ground)
    page.click("#theme")
    assert page.evaluate(ground) != dark
    page.click("#theme")
    assert page.evaluate(ground) == dark


def test_a_narrow_window_needs_no_sideways_scrolling(page: Page) -> None:
    page.set_viewport_size({"width": 380, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
