"""The harness itself: it sees what it is there to see."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.api.serving import Served
from tests.browser.conftest import NewPage
from tests.browser.control_room import Trouble, axe, fits, go

pytestmark = pytest.mark.browser

#: An address without a page: nothing but the frame.
QUIET = "#/none"


@pytest.mark.parametrize(
    ("what", "script"),
    [
        ("an error on the console", "() => console.error('broken')"),
        ("an error that nobody caught", "() => { setTimeout(() => { throw new Error('b') }) }"),
        ("an address elsewhere", "() => void fetch('http://192.0.2.1/').catch(() => {})"),
        ("markup out of text", "() => { try { document.body.innerHTML = '<p>' } catch {} }"),
        ("a style that the policy forbids", "() => document.body.setAttribute('style', 'top:0')"),
    ],
)
def test_it_sees(page: Page, trouble: Trouble, what: str, script: str) -> None:
    go(page, QUIET)
    assert not trouble.seen
    page.evaluate(script)
    page.wait_for_timeout(50)
    assert trouble.seen, what
    trouble.allow("")


def test_it_sees_text_that_can_hardly_be_read(page: Page) -> None:
    go(page, QUIET)
    page.evaluate("() => { document.querySelector('h1').style.color = '#ccc' }")
    with pytest.raises(AssertionError, match="light: color-contrast"):
        axe(page)


def test_it_sees_what_is_too_wide(page: Page) -> None:
    go(page, QUIET)
    page.evaluate("() => { document.querySelector('h1').style.width = '500px' }")
    with pytest.raises(AssertionError, match="wider than 390 px"):
        fits(page, 390)


def test_the_policy_holds_while_axe_looks(new_page: NewPage, served: Served) -> None:
    page = new_page(served.url)
    go(page, QUIET)
    axe(page)
