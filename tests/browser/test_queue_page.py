"""The queue: it is narrowed, sorted and gone through to its millionth row, and lies still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from allod.api import create_app
from allod.domain.document import from_json
from allod.run.node_views import Counted, Page, State, WorkloadQuery, WorkloadView
from allod.web import pages
from tests.api.asking import workload
from tests.api.fake_node import FakeNode
from tests.api.serving import Served, serving
from tests.browser.conftest import NewPage
from tests.browser.control_room import axe, fits, go, shot, speak

pytestmark = pytest.mark.browser

MILLION = 1_000_000
HEAP_BYTES_MAX = 200_000_000


class LongNode(FakeNode):
    """A million workloads, each made when it is asked for; w1000000 is the newest."""

    def __init__(self) -> None:
        super().__init__()
        submit(self, "first", 8)
        self.first = self.held["w1"]
        self.rows = MILLION
        self.asked: list[int] = []

    def workloads(
        self,
        query: WorkloadQuery | None = None,
        *,
        skip: int = 0,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[WorkloadView]:
        self.asked.append(skip)
        newest = self.rows if after is None else int(after) - 1
        numbers = range(max(0, newest - skip), max(0, newest - skip - limit), -1)
        return Page(tuple(map(self.row, numbers)), None)

    def row(self, number: int) -> WorkloadView:
        return replace(self.first, workload_id=f"w{number}", name=f"row-{number}", seq=number)

    def workload(self, workload_id: str) -> WorkloadView:
        return replace(self.first, workload_id=workload_id, changed_seq=self.first.seq)

    def workloads_count(self, query: WorkloadQuery | None = None) -> Counted:
        return Counted(count=self.rows, at_seq=len(self.leaves) - 1)


def submit(node: FakeNode, name: str, accelerators: int) -> None:
    node.submit(from_json(workload(name, accelerators)), actor="somebody").result()


@pytest.fixture
def long_node() -> LongNode:
    return LongNode()


@pytest.fixture
def long_served(built: None, long_node: LongNode) -> Iterator[Served]:
    """The control room of the node with a million rows."""
    with serving(create_app(long_node, pages=pages())) as served:
        yield served


@pytest.fixture
def long_page(long_served: Served, new_page: NewPage) -> Tab:
    """The queue of a million rows."""
    return go(new_page(long_served.url), "#/queue")


def rows(page: Tab) -> Any:
    return page.locator('[role="row"][data-id]')


def scroll(page: Tab, part: float) -> None:
    """Drag the scrollbar to a part of the whole."""
    page.get_by_role("grid").evaluate(
        "(grid, part) => { grid.scrollTop = part * (grid.scrollHeight - grid.clientHeight) }", part
    )


def test_an_empty_queue_says_what_to_do_next(page: Tab) -> None:
    go(page, "#/queue")
    expect(page.get_by_text("No work has been asked for yet.")).to_be_visible()
    expect(page.get_by_text("allod submit work.yaml")).to_be_visible()


def test_it_is_live_narrowed_and_sorted(page: Tab, node: FakeNode) -> None:
    submit(node, "big", 60)
    submit(node, "late", 8)
    go(page, "#/queue")
    expect(rows(page)).to_have_count(2)
    expect(page.locator('[data-id="w2"]')).to_contain_text("waiting")
    expect(page.locator('[data-id="w2"]')).to_contain_text("needs 8 accelerators, 4 there")
    submit(node, "tiny", 1)
    expect(page.locator('[data-id="w3"]')).to_contain_text("tiny")
    page.get_by_text("States", exact=True).click()
    page.get_by_label("waiting").check()
    expect(rows(page)).to_have_count(1)
    assert "state=waiting" in page.url
    page.get_by_label("Name or id").fill("nothing-like-that")
    expect(page.get_by_text("No workload is like that.")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Sort by").select_option("accelerators")
    expect(rows(page)).to_have_count(3)
    expect(rows(page).first).to_contain_text("big")


def test_how_many_there_are_is_told_when_that_is_asked(page: Tab, node: FakeNode) -> None:
    submit(node, "one", 1)
    go(page, "#/queue")
    told = page.locator("main").get_by_role("status")
    expect(told).to_have_text("1 workload")
    submit(node, "two", 1)
    expect(rows(page)).to_have_count(2)
    expect(page.locator("[data-total]")).to_have_text("2 workloads")
    # Who listens is not told of each that comes.
    expect(told).to_have_text("1 workload")
    page.get_by_label("Name or id").fill("o")
    expect(told).to_have_text("2 workloads")
    page.get_by_label("Name or id").fill("one")
    expect(told).to_have_text("1 workload")


def test_what_is_chosen_is_in_the_address(page: Tab, node: FakeNode) -> None:
    submit(node, "big", 60)
    submit(node, "late", 8)
    go(page, "#/queue?state=waiting&q=late")
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_label("Name or id")).to_have_value("late")


def test_what_is_typed_last_is_not_asked_of_the_next_page(page: Tab, node: FakeNode) -> None:
    submit(node, "big", 60)
    go(page, "#/queue")
    page.get_by_label("Name or id").fill("late")
    # At once, before what was typed is asked for.
    page.evaluate("document.querySelector('nav a[href=\"#/projects\"]').click()")
    expect(page.get_by_role("heading", level=1)).to_have_text("Projects and grants")
    page.wait_for_timeout(600)  # Longer than the list waits for the next letter.
    assert page.url.endswith("#/projects")


def test_a_click_or_the_keyboard_opens_a_workload(page: Tab, node: FakeNode) -> None:
    submit(node, "one", 1)
    submit(node, "two", 1)
    go(page, "#/queue")
    page.locator('[data-id="w1"]').get_by_text("placed").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("one")
    page.go_back()
    expect(rows(page)).to_have_count(2)
    grid = page.get_by_role("grid")
    grid.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    active = grid.get_attribute("aria-activedescendant")
    expect(page.locator(f'[id="{active}"]')).to_have_attribute("data-id", "w1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("one")


def test_a_million_rows_are_gone_through_and_never_loaded(
    long_page: Tab, long_node: LongNode
) -> None:
    page = long_page
    expect(page.locator("[data-total]", has_text="1,000,000 workloads")).to_be_visible()
    grid = page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", str(MILLION + 1))
    expect(page.locator('[data-id="w1000000"]')).to_be_visible()
    scroll(page, 1)
    expect(page.locator('[data-id="w1"]')).to_be_in_viewport(ratio=1)
    expect(page.locator('[data-id="w1"]')).to_have_attribute("aria-rowindex", str(MILLION + 1))
    scroll(page, 0.5)
    middle = page.locator('[role="row"][aria-rowindex="500005"]')
    expect(middle).to_have_attribute("data-id", f"w{MILLION + 2 - 500_005}")
    session = page.context.new_cdp_session(page)
    for part in range(300):
        scroll(page, (part * 0.6180339) % 1)
        page.wait_for_timeout(5 if part % 10 else 150)
    expect(rows(page).first).to_be_visible()
    session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    assert heap < HEAP_BYTES_MAX
    assert rows(page).count() < 60
    # What was only passed by was not asked for.
    assert len(long_node.asked) < 300


def test_a_wheel_turns_by_single_rows_deep_in_a_million(long_page: Tab) -> None:
    page = long_page
    scroll(page, 0.25)
    expect(rows(page).first).to_be_visible()
    page.wait_for_timeout(300)
    first = int(rows(page).first.get_attribute("aria-rowindex") or 0)
    page.get_by_role("grid").hover()
    page.mouse.wheel(0, 400)
    expect(rows(page).first).to_have_attribute("aria-rowindex", str(first + 10))
    page.mouse.wheel(0, -400)
    expect(rows(page).first).to_have_attribute("aria-rowindex", str(first))


def test_the_keyboard_goes_from_end_to_end(long_page: Tab) -> None:
    page = long_page
    page.get_by_role("grid").focus()
    page.keyboard.press("End")
    expect(page.locator('[data-id="w1"]')).to_be_in_viewport(ratio=1)
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".active")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Home")
    expect(page.locator('[data-id="w1000000"]')).to_be_in_viewport(ratio=1)


def test_new_rows_wait_until_they_are_wanted(long_page: Tab, long_node: LongNode) -> None:
    page = long_page
    scroll(page, 0.3)
    page.wait_for_timeout(400)
    before = rows(page).first.get_attribute("data-id")
    long_node.rows += 12
    long_node.start("w1")  # So that the page looks again.
    news = page.get_by_role("button", name="12 new")
    expect(news).to_be_visible()
    expect(rows(page).first).to_have_attribute("data-id", before or "")
    expect(page.locator("[data-total]", has_text="1,000,000 workloads")).to_be_visible()
    news.click()
    expect(page.locator('[data-id="w1000012"]')).to_be_in_viewport(ratio=1)
    expect(page.locator("[data-total]", has_text="1,000,012 workloads")).to_be_visible()


def test_one_comes_back_to_where_one_was(long_page: Tab) -> None:
    page = long_page
    scroll(page, 0.7)
    page.wait_for_timeout(500)
    before = rows(page).first.get_attribute("data-id")
    rows(page).nth(3).get_by_role("link").click()
    expect(page.get_by_role("grid")).to_have_count(0)
    page.go_back()
    expect(rows(page).first).to_have_attribute("data-id", before or "")


def test_names_and_reasons_are_text(page: Tab, node: FakeNode) -> None:
    nasty = '<img src=x onerror="document.title=1">'
    submit(node, "big", 60)
    node.held["w1"] = replace(node.held["w1"], name=nasty, project=nasty)
    go(page, "#/queue")
    expect(page.locator('[data-id="w1"]').get_by_role("link")).to_have_text(nasty)
    assert page.locator("main img").count() == 0


def test_it_can_be_read_everywhere(page: Tab, node: FakeNode, served: Served) -> None:
    submit(node, "big", 60)
    submit(node, "late", 8)
    submit(node, "a-workload-with-a-very-long-name-of-which-not-all-can-be-seen", 2)
    node.start("w1")
    node.held["w2"] = replace(node.held["w2"], state=State.WAITING)
    go(page, "#/queue")
    expect(rows(page)).to_have_count(3)
    axe(page)
    fits(page)
    shot(page, "queue")
    speak(page, "de")
    expect(page.get_by_role("heading", name="Warteschlange")).to_be_visible()
    fits(page)
