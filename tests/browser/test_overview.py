"""The overview: where the sites are and how full, what needs a person, what is decided."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from allod.domain.document import from_json
from allod.run.attention import AttentionView
from allod.run.node_views import SiteView
from tests.api.asking import workload
from tests.api.fake_node import FakeNode
from tests.browser.control_room import axe, fits, go, shot, speak

pytestmark = pytest.mark.browser

BURST = 600


class World(FakeNode):
    """A node whose sites a test chooses."""

    shown: list[SiteView] | None = None

    def sites(self) -> list[SiteView]:
        return super().sites() if self.shown is None else self.shown


@pytest.fixture
def node() -> World:
    return World()


def submit(node: FakeNode, name: str, accelerators: int) -> None:
    node.submit(from_json(workload(name, accelerators)), actor="somebody").result()


def test_the_map_tells_the_state_of_each_site(page: Page, node: World) -> None:
    narvik, cambrai = FakeNode.sites(node)
    place = narvik.place
    assert place is not None
    planned = replace(
        cambrai,
        name="fredrikstad",
        in_reach=True,
        place=replace(place, latitude_deg=59.2, longitude_deg=10.9),
    )
    gone = replace(narvik, name="lulea", in_reach=False, place=replace(place, latitude_deg=65.6))
    node.shown = [narvik, planned, gone, cambrai]
    submit(node, "half", 32)
    go(page)
    spots = page.locator("figure a[data-site]")
    expect(spots).to_have_count(3)
    for name, state in (("narvik", "live"), ("fredrikstad", "planned"), ("lulea", "out-of-reach")):
        expect(page.locator(f'figure a[data-site="{name}"]')).to_have_attribute("data-state", state)
    # A site without a position is named, not left out.
    expect(page.locator("figcaption")).to_contain_text("cambrai")
    page.locator('figure a[data-site="narvik"]').click()
    expect(page).to_have_url(re.compile(r"#/site/narvik$"))


def test_a_site_shows_use_by_class_and_power_in_numbers(page: Page, node: World) -> None:
    submit(node, "first", 16)
    submit(node, "second", 60)
    go(page)
    narvik = page.locator('[data-site="narvik"]').last
    expect(narvik).to_contain_text("16 of 64 accelerators in use")
    expect(narvik).to_contain_text("48 free")
    expect(narvik.get_by_role("row", name="Norwegian users first")).to_contain_text("48")
    expect(narvik).to_contain_text("12 MW committed")
    expect(narvik).to_contain_text("of 230 MW (5 %)")
    expect(narvik.get_by_role("img", name="48 hours")).to_be_visible()
    # Each link leads to the work that it counts.
    for number, name in (("1", "1 runs"), ("1", "1 waits that could run here")):
        narvik.get_by_role("link", name=name).click()
        expect(page.locator("[data-total]")).to_have_attribute("data-total", number)
        page.go_back()


def test_what_is_decided_for_one_site_leaves_the_others_as_they_are(
    page: Page, node: World
) -> None:
    go(page)
    charts = page.get_by_role("img", name="48 hours")
    expect(charts).to_have_count(2)
    kept = charts.element_handles()
    submit(node, "first", 16)
    expect(page.locator('[data-site="narvik"]').last).to_contain_text("16 of 64 accelerators")
    assert all(chart.evaluate("chart => chart.isConnected") for chart in kept)


def test_who_waits_longest_is_shown(page: Page, node: World) -> None:
    for number in range(7):
        submit(node, f"late-{number}", 60)
    go(page)
    waits = page.get_by_role("region", name="Waits longest")
    expect(waits.get_by_role("link", name="late-")).to_have_text(
        ["late-1", "late-2", "late-3", "late-4", "late-5"]
    )
    expect(waits).to_contain_text("as it was when last decided")
    waits.get_by_role("link", name="Whole queue").click()
    expect(page.locator("[data-total]")).to_have_attribute("data-total", "6")
    expect(page.get_by_role("row", name="late-").first).to_contain_text("late-1")


def test_what_needs_a_person_says_what_to_do(page: Page, node: World) -> None:
    go(page)
    item = page.locator('[data-rule="runner-out-of-reach"]')
    expect(item).to_contain_text("critical")
    expect(item).to_contain_text("look after it")
    expect(item.get_by_role("link")).to_have_attribute("href", "#/site/cambrai")


def test_much_that_needs_a_person_is_folded(
    page: Page, node: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = node.attention.now()[0]

    def many() -> tuple[AttentionView, ...]:
        return tuple(replace(one, name=f"site-{n}", subject=f"runner {n}") for n in range(9))

    monkeypatch.setattr(node.attention, "now", many)
    go(page)
    expect(page.locator("[data-rule]")).to_have_count(6)
    page.get_by_role("button", name="3 more").click()
    expect(page.locator("[data-rule]")).to_have_count(9)


def test_a_burst_of_decisions_leaves_the_page_in_hand(page: Page, node: World) -> None:
    node.live = node.free = 10 * BURST
    submit(node, "first", 1)
    go(page)
    lines = page.locator("li[data-seq]")
    expect(lines).to_have_count(1)
    # The longest time in which the page drew nothing, while hundreds were decided.
    page.evaluate(
        """() => { let last = performance.now(); window.longest = 0;
          const step = (now) => { window.longest = Math.max(window.longest, now - last);
            last = now; requestAnimationFrame(step) };
          requestAnimationFrame(step) }"""
    )
    for number in range(BURST):
        submit(node, f"work-{number}", 1)
    expect(page.locator(f'a[href="#/workload/w{BURST + 1}"]').first).to_be_visible()
    expect(lines).to_have_count(12)
    numbers = [int(n) for n in lines.evaluate_all("all => all.map((one) => one.dataset.seq)")]
    assert numbers == sorted(set(numbers), reverse=True)
    assert page.evaluate("window.longest") < 2000


def test_who_reads_lets_the_decisions_stand_still(page: Page, node: World) -> None:
    submit(node, "first", 1)
    go(page)
    lines = page.locator("li[data-seq]")
    hold = page.get_by_role("button", name="Hold still")
    hold.click()
    submit(node, "second", 1)
    submit(node, "third", 1)
    expect(page.get_by_text("2 more meanwhile")).to_be_visible()
    expect(lines).to_have_count(1)
    page.get_by_role("button", name="Go on").click()
    expect(lines).to_have_count(3)
    expect(lines.first).to_contain_text("w3")


def test_decisions_are_told_in_the_language_that_is_chosen(page: Page, node: World) -> None:
    go(page)
    submit(node, "first", 8)
    line = page.locator("li[data-seq]").first
    expect(line).to_contain_text("8 accelerators")
    speak(page, "de")
    expect(line).to_contain_text("8 Beschleuniger")


def test_an_empty_node_says_what_to_do_next(page: Page, node: World) -> None:
    node.shown = []
    go(page)
    expect(page.get_by_text("This node has no site yet.")).to_be_visible()
    expect(page.get_by_text("allod apply -f site.yaml")).to_be_visible()
    expect(page.get_by_text("Nothing has been decided yet.")).to_be_visible()
    axe(page)
    fits(page, 360, 1280)


def test_it_can_be_read_everywhere(page: Page, node: World) -> None:
    submit(node, "big", 60)
    submit(node, "late", 8)
    submit(node, "small", 2)
    go(page)
    expect(page.locator("figure a[data-site]")).to_have_count(1)
    axe(page)
    fits(page)
    shot(page, "overview")
    speak(page, "de")
    fits(page, 360, 1280)
