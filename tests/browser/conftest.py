"""The control room in a real browser: pages that are built, a node that serves them, no trouble.

A test takes `page` (1280 x 800, light, English), `served`'s `node`, and the helpers of
`tests.browser.control_room`. What the browser complains of fails it at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from allod.api import create_app
from allod.web import pages
from tests.api.fake_node import FakeNode
from tests.api.serving import Served, serving
from tests.browser.control_room import DESK, KEEPS_SHOTS, STAND_STILL, Trouble

ARGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()

NewPage = Callable[..., Page]


@pytest.fixture(scope="package")
def browser(chromium_path: str) -> Iterator[Browser]:
    """One Chromium for all tests of this folder."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


@pytest.fixture
def served(built: None, node: FakeNode) -> Iterator[Served]:
    """The control room of `node` on a port of its own."""
    with serving(create_app(node, pages=pages())) as served:
        yield served


@pytest.fixture
def trouble() -> Iterator[Trouble]:
    """All that the browser complains of; `trouble.allow("status of 409")` expects it."""
    trouble = Trouble()
    yield trouble
    assert not trouble.seen, "\n".join(trouble.seen)


@pytest.fixture
def new_page(browser: Browser, trouble: Trouble, served: Served) -> Iterator[NewPage]:
    """Makes pages as other users have them: `new_page(served.url, color_scheme="dark")`.

    They are closed before their node is (that is what `served` is for here): a stream that breaks
    off is an error on the console.
    """
    contexts: list[BrowserContext] = []

    def make(url: str, **options: Any) -> Page:
        usual: dict[str, Any] = {
            "viewport": DESK,
            "locale": "en-GB",
            "timezone_id": "UTC",
            "color_scheme": "light",
            "reduced_motion": "reduce",
        }
        context = browser.new_context(base_url=url, **usual | options)
        contexts.append(context)
        trouble.watch(context, url)
        if KEEPS_SHOTS:
            context.add_init_script(STAND_STILL)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: NewPage, served: Served) -> Page:
    """A page of the control room, not yet opened: `go(page, "#/queue")`."""
    return new_page(served.url)
