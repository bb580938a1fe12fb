"""Every page that `ui/src/pages.ts` has: it can be read, it fits, and has no trouble."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from allod.domain.document import from_json
from allod.run.node_views import Role
from tests.api.asking import workload
from tests.api.fake_node import FakeNode
from tests.browser.control_room import Trouble, axe, fits, go, settled, sign_in, speak
from tests.browser.services import ALL
from tests.run.replays.asking import Stage, desk_in
from tests.run.world import site

pytestmark = pytest.mark.browser

PAGES = Path(__file__).resolve().parents[2] / "ui/src/pages.ts"
NAMES = re.findall(r'\{ name: "([\w-]+)"', PAGES.read_text(encoding="utf-8"))
#: Pages of one thing each: which one, of what the node of these tests has.
ONE = {"site": "site/narvik", "workload": "workload/w2", "services": "services/both"}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[FakeNode]:
    """A node with the document of its site, and work that runs, waits and was refused."""
    node = FakeNode()
    node.apply([site("narvik")]).result()
    for name, accelerators in (("runs", 60), ("waits-for-a-long-time", 8), ("too-big", 100)):
        node.submit(from_json(workload(name, accelerators)), actor="somebody").result()
    node.start("w1")
    node.output["w1"] = b"one\ntwo\n"
    node.served = ALL
    node.replays = desk_in(tmp_path, Stage())
    yield node
    node.replays.close()


def addresses(page: Page, name: str) -> list[str]:
    """The page, that of one thing, and its tabs."""
    # Of workloads there is no page but the queue.
    found = [f"#/{name}"] if name != "workload" else []
    if name in ONE:
        found.append(f"#/{ONE[name]}")
    go(page, found[-1])
    tabs = page.locator("main a[href*='tab=']").evaluate_all("all => all.map((a) => a.hash)")
    return list(dict.fromkeys([*found, *(tab for tab in tabs if tab.startswith(found[-1]))]))


def test_there_are_pages() -> None:
    assert {"overview", "queue"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_read_and_fits(page: Page, node: FakeNode, trouble: Trouble, name: str) -> None:
    # How a log says that it has no checkpoint yet.
    trouble.allow(r"status of 404 .*/log/checkpoint")
    # This node keeps no documents of its sites and replays nothing; its pages say so.
    trouble.allow(r"status of 404 .*/v1/(documents/Site|traces|replays)")
    sign_in(page, node, Role.ADMIN)
    for address in addresses(page, name):
        go(page, address)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        axe(page)
        # Its words are the longer ones.
        speak(page, "de")
        settled(page)
        fits(page)
        speak(page, "en")
