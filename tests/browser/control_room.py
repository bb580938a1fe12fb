"""What the tests of the control room do with a page: open it, judge it, keep a picture of it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

from allod.run.node_views import Role
from tests.api.fake_node import START_S, FakeNode

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "ui/node_modules/axe-core/axe.min.js"
SHOTS = ROOT / "docs/img/control-room"
KEEPS_SHOTS = os.environ.get("ALLOD_SHOTS") == "update"

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

#: WCAG 2.2 AA and axe's own advice, all but what a page must do that is alone in its document.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Trouble:
    """What the browser complained of, and what was asked of other hosts; there should be none."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        self._allowed: list[str] = []

    def allow(self, pattern: str) -> None:
        """Let pass what `pattern` is found in: `status of 409` of a write that is refused."""
        self._allowed.append(pattern)

    def watch(self, context: BrowserContext, url: str) -> None:
        """Note each error of the pages in `context`, and each request to another host than `url`'s.

        A breach of the policy (CSP) or of trusted types is an error on the console.
        """
        host = urlsplit(url).netloc

        def said(message: ConsoleMessage) -> None:
            if message.type == "error":
                self._seen.append(f"console: {message.text} ({message.location.get('url', '')})")

        def asked(request: Request) -> None:
            # A blob is the page's own: `blob:http://host/...`.
            if urlsplit(request.url.removeprefix("blob:")).netloc != host:
                self._seen.append(f"request to another host: {request.url}")

        context.on("console", said)
        context.on("weberror", lambda error: self._seen.append(f"uncaught: {error.error}"))
        context.on("request", asked)

    @property
    def seen(self) -> list[str]:
        """What was not allowed."""
        return [
            one
            for one in self._seen
            if not any(re.search(pattern, one) for pattern in self._allowed)
        ]


def go(page: Page, address: str = "#/overview") -> Page:
    """Open an address of the control room, and wait until it is live and has nothing to load."""
    page.goto(f"/{address}")
    expect(page.locator("[data-link]")).to_have_attribute("data-link", "live")
    settled(page)
    return page


def settled(page: Page) -> None:
    """Wait until no part of the page says that it is loading."""
    expect(page.get_by_text(re.compile(r"^(Loading|Lädt) …$"))).to_have_count(0)


def sign_in(page: Page, node: FakeNode, role: Role) -> None:
    """Let the page have a token of `role`, from its next loading on."""
    secret = f"secret-of-{role}"
    if secret not in node.secrets:
        node.token_make(str(role), role)
    page.add_init_script(f"sessionStorage.setItem('allod-token', {json.dumps(secret)})")


def speak(page: Page, language: str) -> None:
    """Choose a language as a user does."""
    page.locator(".language select").select_option(language)
    expect(page.locator("html")).to_have_attribute("lang", language)


# ------------------------------------------------------------ judging


@contextmanager
def _as_seen(page: Page, size: Any, scheme: Any) -> Iterator[None]:
    before = page.viewport_size
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    try:
        yield
    finally:
        page.emulate_media(color_scheme="light")
        if before:
            page.set_viewport_size(before)


def axe(page: Page, *, without: tuple[str, ...] = ()) -> None:
    """Fail on what axe-core finds against WCAG AA, in light, in dark and on a phone.

    The page keeps its policy meanwhile: the debugger's protocol, by which `evaluate` puts axe in,
    stands outside it, and axe itself loads nothing (`preload: false`). `without`: axe's rules
    that do not hold, with the reason beside them.
    """
    page.evaluate(AXE.read_text())
    options = {
        "runOnly": TAGS,
        "preload": False,
        "resultTypes": ["violations"],
        "rules": {rule: {"enabled": False} for rule in without},
    }
    found = []
    for where, size, scheme in (
        ("light", DESK, "light"),
        ("dark", DESK, "dark"),
        ("phone", PHONE, "light"),
    ):
        with _as_seen(page, size, scheme):
            result = page.evaluate("options => axe.run(document, options)", options)
        found += [
            f"{urlsplit(page.url).fragment} {where}: {rule['id']}: {node['html'][:160]}\n"
            f"    {node['failureSummary']}"
            for rule in result["violations"]
            for node in rule["nodes"]
        ]
    assert not found, "\n".join(found)


#: What stands out over the right edge, if the page can be scrolled sideways.
_TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("body *")]
    .filter((one) => !one.closest(".scroll, .wide"))
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => one.outerHTML.slice(0, 120))"""


def fits(page: Page, *widths: int) -> None:
    """Fail if the page must be scrolled sideways at one of `widths` (default: 360 to 1440)."""
    before = page.viewport_size
    for width in widths or (360, 390, 820, 1280, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        out = page.evaluate(_TOO_WIDE)
        assert not out, f"{page.url} is wider than {width} px:\n" + "\n".join(out)
    if before:
        page.set_viewport_size(before)


# ------------------------------------------------------------ pictures

#: The second stands, else no two pictures were alike; the page tells the node's time by it. Within
#: it the clock moves, as an editor waits for moments to pass.
STAND_STILL = f"const now = Date.now; Date.now = () => {START_S * 1000} + (now() % 1000)"


def shot(page: Page, name: str, *, whole: bool = True) -> None:
    """With ALLOD_SHOTS=update, keep docs/img/control-room/NAME.png; else do nothing.

    `whole`: the page from top to bottom, not only what the window shows.
    """
    if not KEEPS_SHOTS:
        return
    settled(page)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.evaluate("document.activeElement?.blur()")
    page.screenshot(
        path=SHOTS / f"{name}.png", full_page=whole, animations="disabled", caret="hide"
    )
