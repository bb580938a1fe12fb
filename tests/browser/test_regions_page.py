"""The page of the regions in a browser: the map is there, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from allod.cli.regions import Asked, show

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("regions") / "regions.html"
    show(Asked("", date(2026, 11, 22), path), as_json=False)
    return path


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    """The page; it fails on what the browser complains of or fetches from elsewhere."""
    shown = browser.new_page(viewport={"width": 1100, "height": 900})
    wrong: list[str] = []
    shown.on("console", lambda message: wrong.append(message.text))
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    shown.on("request", lambda asked: wrong.append(asked.url))
    shown.goto(file.as_uri())
    yield shown
    shown.close()
    assert wrong == [file.as_uri()]


_MEETING = """names => {
  const boxes = names.map(name => name.getBoundingClientRect());
  return boxes.flatMap((a, i) => boxes.slice(i + 1).map((b, j) => [i, i + 1 + j, a, b]))
    .filter(([, , a, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 3
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 5)
    .map(([i, j]) => names[i].textContent + ' / ' + names[j].textContent);
}"""


def test_the_map_can_be_read(page: Page) -> None:
    assert page.locator("circle.site").count() == 29  # One is beyond the edge, three nowhere.
    assert page.locator("text.name").evaluate_all(_MEETING) == []


def test_land_follows_the_readers_theme(page: Page) -> None:
    fill = "getComputedStyle(document.querySelector('path.land-factory')).fill"
    page.emulate_media(color_scheme="light")
    light = page.evaluate(fill)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(fill) != light
    page.emulate_media(color_scheme=None)


def test_a_narrow_window_does_not_scroll_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
