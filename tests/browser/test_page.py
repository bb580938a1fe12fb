"""The page in a real browser: it is live, it escapes, it can be used with the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from allod.api import ApiSettings, create_app
from allod.domain.document import from_json
from allod.run.node_views import LIVE_STATES, Role, State
from allod.web import pages
from tests.api.asking import workload
from tests.api.fake_node import FakeNode
from tests.api.serving import Served, serving

pytestmark = pytest.mark.browser

ARGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
NASTY = '<img src=x onerror="document.title=\'broken\'"><script>document.title="broken"</script>'


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


@pytest.fixture
def served(node: FakeNode) -> Iterator[Served]:
    with serving(create_app(node, pages=pages())) as served:
        yield served


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """The page, open and live; any error in it fails the test."""
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" else None
    )
    page.goto(served.url)
    expect(page.locator("#link")).to_have_text("live")
    yield page
    page.close()
    assert not [error for error in errors if "net::ERR" not in error]


def submit(node: FakeNode, name: str, accelerators: int) -> None:
    node.submit(from_json(workload(name, accelerators)), actor="somebody").result()


def test_what_is_submitted_appears_without_reloading(page: Page, node: FakeNode) -> None:
    expect(page.locator("#workloads")).to_contain_text("No work has been asked for yet")
    submit(node, "first-light", 8)
    row = page.locator('tr[data-id="w1"]')
    expect(row).to_contain_text("first-light")
    expect(row.locator(".badge")).to_have_text("placed")
    expect(page.locator("#decisions")).to_contain_text("8 accelerators, 18 kW, class norway")
    expect(page.locator('[data-site="narvik"]')).to_contain_text("8 of 64 in use")
    expect(page.locator("#count-running")).to_have_text("1")


def test_states_change_before_the_eye(page: Page, node: FakeNode) -> None:
    submit(node, "first-light", 8)
    badge = page.locator('tr[data-id="w1"] .badge')
    expect(badge).to_have_text("placed")
    node.start("w1")
    expect(badge).to_have_text("running")
    node.end("w1")
    expect(badge).to_have_text("completed")


def test_who_waits_is_told_why_for_every_site(page: Page, node: FakeNode) -> None:
    submit(node, "big", 60)
    submit(node, "late", 8)
    row = page.locator('tr[data-id="w2"]')
    expect(row).to_contain_text("narvik room needs 8 accelerators, 4 there")
    expect(row).to_contain_text("morocco law processing is permitted in NO only")
    row.get_by_role("link").click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("Why it waits")
    expect(sheet).to_contain_text("wall times of running work")
    expect(sheet.locator('[data-site="narvik"]')).to_contain_text("ask for fewer accelerators")
    expect(sheet.locator('[data-site="morocco"]')).to_contain_text("waiting will not help")
    assert page.url.endswith("#workload=w2")


def test_names_and_reasons_are_text(page: Page, node: FakeNode) -> None:
    submit(node, "big", 60)
    submit(node, "late", 8)
    view = node.held["w2"]
    reasons = tuple(replace(reason, message=NASTY, origin=NASTY) for reason in view.reasons)
    node.held["w2"] = replace(view, name=NASTY, project=NASTY, reasons=reasons, basis=NASTY)
    node.output["w1"] = NASTY.encode()
    node.start("w1")  # So that the page looks again.
    row = page.locator('tr[data-id="w2"]')
    expect(row.locator(".name")).to_have_text(NASTY)
    expect(row.locator(".why")).to_contain_text(NASTY)
    row.get_by_role("link").click()
    expect(page.get_by_role("dialog")).to_contain_text(NASTY)
    page.keyboard.press("Escape")
    page.locator('tr[data-id="w1"]').get_by_role("link").click()
    expect(page.locator(".output pre")).to_have_text(NASTY)
    assert page.locator("main img, main script, dialog img, dialog script").count() == 0
    assert "broken" not in page.title()


def test_output_is_shown_and_grows(page: Page, node: FakeNode) -> None:
    submit(node, "talks", 8)
    node.output["w1"] = b"one\n"
    node.start("w1")
    page.locator('tr[data-id="w1"]').get_by_role("link").click()
    output = page.locator(".output pre")
    expect(output).to_have_text("one\n")
    node.output["w1"] += b"\x1b[31mtwo\x1b[0m\n"
    node.end("w1")
    expect(output).to_have_text("one\ntwo\n")
    page.get_by_role("button", name="stderr").click()
    expect(output).to_contain_text("Nothing was written to stderr")


def test_the_keyboard_is_enough(page: Page, node: FakeNode) -> None:
    submit(node, "alpha", 4)
    submit(node, "beta", 4)
    expect(page.locator("tr[data-id]")).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.type("alpha")
    expect(page.locator("tr[data-id]")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("alpha")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator('tr[data-id="w1"] a')).to_be_focused()


def test_the_views_and_sites_narrow_the_list(page: Page, node: FakeNode) -> None:
    submit(node, "fits", 4)
    submit(node, "too-big", 100)
    expect(page.locator("tr[data-id]")).to_have_count(2)
    page.get_by_role("link", name="refused", exact=True).click()
    expect(page.locator("tr[data-id] .name")).to_have_text(["too-big"])
    page.get_by_role("link", name="latest", exact=True).click()
    page.get_by_role("link", name="narvik", exact=True).click()
    expect(page.locator("tr[data-id] .name")).to_have_text(["fits"])


def test_a_node_that_goes_and_comes_back(browser: Browser, node: FakeNode) -> None:
    with serving(create_app(node, pages=pages())) as first:
        port = int(first.url.rpartition(":")[2])
        page = browser.new_page()
        page.goto(first.url)
        expect(page.locator("#link")).to_have_text("live")
        submit(node, "before", 4)
        expect(page.locator("tr[data-id]")).to_have_count(1)
    expect(page.locator("#link")).to_have_text("not connected")
    expect(page.locator("#notice")).to_contain_text("The node does not answer")
    submit(node, "meanwhile", 4)
    with serving(create_app(node, pages=pages()), port=port):
        expect(page.locator("#link")).to_have_text("live", timeout=15_000)
        expect(page.locator("tr[data-id] .name")).to_have_text(["meanwhile", "before"])
        expect(page.locator("#notice")).to_be_hidden()
        page.close()


def test_where_reading_needs_a_token_it_is_asked_for(browser: Browser, node: FakeNode) -> None:
    node.token_make("reader", Role.READ)
    settings = ApiSettings(read_needs_token=True)
    with serving(create_app(node, settings=settings, pages=pages())) as served:
        page = browser.new_page()
        page.goto(served.url)
        expect(page.get_by_role("dialog")).to_contain_text("A token is needed")
        page.get_by_role("textbox", name="Token").fill("secret-of-reader")
        page.get_by_role("button", name="Go on").click()
        expect(page.locator("#link")).to_have_text("live", timeout=15_000)
        expect(page.locator("#sites")).to_contain_text("narvik")
        page.close()


@pytest.mark.parametrize("width", [360, 800, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_can_be_read(
    browser: Browser, served: Served, node: FakeNode, width: int, scheme: str
) -> None:
    submit(node, "a-rather-long-name-that-goes-on-and-on-and-on-until-the-limit", 60)
    for number, state in enumerate(State, 2):
        submit(node, f"is-{state}", 8)
        ends = {"ended_at_s": None if state in LIVE_STATES else node.at_s}
        node.held[f"w{number}"] = replace(
            node.held[f"w{number}"], state=state, site="narvik", lent=True, run=1, **ends
        )
    page = browser.new_page(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page.goto(served.url)
    expect(page.locator("tr[data-id]")).to_have_count(1 + len(State))
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0
    assert page.evaluate(CONTRAST) >= 4.5
    page.close()


#: The lowest contrast between a text and what it stands on, by WCAG 2; 4.5 is its level AA.
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const part = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const color = rgba(getComputedStyle(node).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255];
  };
  let lowest = 21;
  for (const animation of document.getAnimations()) animation.finish();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !node.checkVisibility()) continue;
    if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(node.tagName)) continue;
    const [one, two] = [light(rgba(getComputedStyle(node).color)), light(ground(node))];
    lowest = Math.min(lowest, (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05));
  }
  return lowest;
}"""
