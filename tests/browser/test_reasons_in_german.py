"""Reasons on German pages: a German sentence made from the code, beside it the node's own words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from allod.domain.document import from_json
from allod.run.node_views import Role
from tests.api.asking import workload
from tests.api.fake_node import FakeNode
from tests.browser.control_room import axe, fits, go, sign_in, speak

pytestmark = pytest.mark.browser

GERMAN = "Frei im Pool gb300: 4 Beschleuniger; verlangt: 8."
OWN = "needs 8 accelerators, 4 there"
#: Where the reason of `w2` is shown, and in what.
PLACES = {
    "#/workload/w2": '[data-site="narvik"]',
    "#/queue": '[data-id="w2"] .words',
    "#/overview": "main",
}


@pytest.fixture
def waiting(page: Page, node: FakeNode) -> Page:
    """A page that speaks German, of a node on which `w2` waits for room."""
    for name, accelerators in (("big", 60), ("late", 8)):
        node.submit(from_json(workload(name, accelerators)), actor="somebody").result()
    sign_in(page, node, Role.SUBMIT)
    go(page)
    speak(page, "de")
    return page


@pytest.mark.parametrize("address", PLACES)
def test_a_german_page_tells_them_in_german(waiting: Page, address: str) -> None:
    go(waiting, address)
    place = waiting.locator(PLACES[address])
    told = place.locator('[data-code="no-room"]').first
    expect(told).to_contain_text(GERMAN)
    # It has every name and number, and is read out as what it is.
    expect(place.locator('[lang="en"]', has_text=OWN).first).to_be_visible()
    axe(waiting)
    fits(waiting, 360, 1280)
    speak(waiting, "en")
    expect(told).to_contain_text(OWN)
    expect(waiting.get_by_text(GERMAN)).to_have_count(0)


def test_a_submission_tells_them_in_german(waiting: Page) -> None:
    go(waiting, "#/submit?from=w2&accelerators=100")
    expect(waiting.locator(".cm-content")).to_contain_text("accelerators: 100")
    waiting.get_by_role("button", name="Ausprobieren: Wohin käme er?").click()
    tried = waiting.locator('[data-site="narvik"] [data-code="larger-than-pool"]')
    expect(tried).to_contain_text("nie mehr als 64 Beschleuniger in Betrieb; verlangt: 100.")
    axe(waiting)
    go(waiting, "#/submit?from=w2")
    expect(waiting.locator(".cm-content")).to_contain_text("accelerators: 8")
    waiting.get_by_role("button", name="Einreichen", exact=True).click()
    expect(waiting.locator('[data-code="no-room"]')).to_contain_text(GERMAN)


def test_a_code_that_is_not_known_is_told_in_the_nodes_words(waiting: Page, node: FakeNode) -> None:
    view = node.held["w2"]
    made_later = tuple(replace(reason, code="made-later") for reason in view.reasons)
    node.held["w2"] = replace(view, reasons=made_later)
    go(waiting, "#/queue")
    words = waiting.locator('[data-id="w2"] .words')
    expect(words.locator('[lang="en"]')).to_have_text(OWN)
