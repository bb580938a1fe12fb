"""Chromium for a measurement of the control room: that of the machine, drawing in software."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

import psutil
from playwright.sync_api import Browser, CDPSession, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
DESK = {"width": 1280, "height": 800}
ARGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()


def build() -> None:
    """Build the control room, if it is not as its sources are."""
    subprocess.run([ROOT / "scripts/ui.sh"], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser while the block lasts: the system's, else Playwright's."""
    with sync_playwright() as playwright:
        found = which("chromium") or which("chromium-browser") or which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=ARGS)
        yield browser
        browser.close()


@contextmanager
def window(browser: Browser, url: str, script: str = "") -> Iterator[Page]:
    """A window with an empty cache; `script` runs in it before the page's own."""
    context = browser.new_context(base_url=url, viewport=DESK, locale="en-GB")  # type: ignore[arg-type]
    if script:
        context.add_init_script(script)
    yield context.new_page()
    context.close()


def live(page: Page) -> None:
    """Wait until the page hears the node."""
    expect(page.locator("[data-link]")).to_have_attribute("data-link", "live", timeout=30_000)


class Counters:
    """What the browser counts of a page, and the system of the process that shows it."""

    def __init__(self, page: Page) -> None:
        browser = page.context.browser
        assert browser is not None
        self._whole: CDPSession = browser.new_browser_cdp_session()
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")

    def process_mb(self) -> float:
        """Memory that the page's process alone holds: heap, document, styles, code. [MB]"""
        told = self._whole.send("SystemInfo.getProcessInfo")["processInfo"]
        shown = [int(one["id"]) for one in told if one["type"] == "renderer"]
        # One that is kept ready for the next window holds less.
        return max(psutil.Process(pid).memory_full_info().uss for pid in shown) / 1e6

    def now(self) -> dict[str, Any]:
        """`JSHeapUsedSize` and `JSHeapTotalSize` [B], `Nodes` of the document and others."""
        told = self._session.send("Performance.getMetrics")
        return {one["name"]: one["value"] for one in told["metrics"]}

    def swept(self) -> dict[str, Any]:
        """The same after what nobody holds any more has been thrown away."""
        self._session.send("HeapProfiler.collectGarbage")
        return self.now()
