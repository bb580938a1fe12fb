"""German pages say all that is theirs or the node's in German; its own words may stand beside.

What somebody wrote, names and what is typed stay as they are: the world here is written in German.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from allod.decide.accounts import Account
from allod.domain.document import from_json, read_documents
from allod.domain.said import NEEDS, said
from allod.domain.units import instant_text
from allod.run.attention import AttentionView, Severity
from allod.run.node_views import Role
from allod.run.replays.desk import Desk
from tests.api.asking import project, workload
from tests.api.fake_node import START_S, FakeNode
from tests.browser.control_room import Trouble, go, settled, sign_in, speak
from tests.browser.services import ALL, Used
from tests.browser.test_what_if_page import came_to, replayed
from tests.run.replays.asking import PRESENT, Stage, desk_in, sent

pytestmark = pytest.mark.browser

DAY_S = 86_400
ENDS_S = START_S + 5 * DAY_S
WORLD = """
apiVersion: allod/v1
kind: Party
metadata: {name: aker}
spec: {title: Aker, seat: "NO", owners: [{party: nscale, share_bp: 5000}]}
---
apiVersion: allod/v1
kind: Site
metadata: {name: narvik}
spec:
  title: Narvik
  country: "NO"
  operator: aker
  management: ["NO"]
  metadata: ["NO"]
  pools: [{name: gb300, accelerator: gb300-nvl72}]
  phases: [{name: erste, state: live, starts: 2026-01-01, accelerators: {gb300: 64}}]
  cooling: {plant: dry-cooler, supply_c: 40, return_c: 50}
"""
RULE = {
    "storage": ["NO", "SE"],
    "processing": ["NO"],
    "management": ["NO"],
    "metadata": ["NO"],
    "control": {"within": ["NO"], "excluded": ["US"], "foreign_share_max_bp": 2550},
}
#: Words that English sentences have and German ones have not.
ENGLISH = re.compile(
    r"\b(?:[Tt]he|[Oo]f|[Ii]s|[Aa]re|[Aa]nd|[Tt]hat|[Ww]ith|[Ff]rom|its|it|by|has|have|would|which"
    r"|there|known|wait|waits|runs|ask|another|at|on|no|to|as)\b"
)
#: Each text that is read or shown at the pointer, but in what is the node's own, code or typed.
TEXTS = """() => {
  const aside = "[lang=en], code, pre, kbd, .mono, .cm-editor, .language, script, noscript, style";
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (node.data.trim() && !node.parentElement.closest(aside)) found.push(node.data.trim());
  for (const one of document.querySelectorAll("[title], [aria-label], [placeholder]"))
    if (!one.closest(aside))
      for (const name of ["title", "aria-label", "placeholder"])
        if (one.getAttribute(name)) found.push(one.getAttribute(name));
  return found;
}"""
#: The node's own words with nothing German beside them.
ALONE = """() => [...document.querySelectorAll("[lang=en]")]
  .filter((one) => !one.closest(".own, .language") && one.textContent.trim())
  .map((one) => one.textContent)"""


def need(code: str) -> AttentionView:
    """An item of that code, with values for all that it names."""
    values = {name: 3 for name in NEEDS[code]} | {
        name: text
        for name, text in {
            "site": "narvik",
            "path": "halls.ost",
            "project": "genome",
            "workload": "w1",
            "class": "forschung",
            "runner": "slurm",
            "over": "8210 W",
            "promised": "40 s",
            "left": "12 accelerator-hours",
            "given": "1000 accelerator-hours",
            **{name: instant_text(ENDS_S) for name in ("begins", "ends", "last", "since")},
        }.items()
        if name in NEEDS[code]
    }
    return AttentionView(
        rule=code if code != "grant-nearly-used" else "grant-used",
        severity=Severity.WARNING,
        since_s=START_S - 60,
        site="narvik",
        subject="what it is about",
        message="what is so, by the node",
        mend="what is to be done about it",
        says=said(code, **values),
        kind="Project" if code.startswith("grant") else "Site",
        name="genome" if code.startswith("grant") else "narvik",
        count=1,
    )


@pytest.fixture
def node(tmp_path: Path) -> Iterator[FakeNode]:
    """A node that has something to say on every page."""
    node = FakeNode()
    node.apply(read_documents(WORLD)).result()
    grants = [
        {"accelerator_hours": 1000, "starts": START_S - DAY_S, "ends": ENDS_S},
        {"accelerator_hours": 50, "ends": START_S - DAY_S},
        {"accelerator_hours": 70, "starts": ENDS_S, "ends": ENDS_S + DAY_S},
    ]
    documents = [
        project("genome", grants=grants, residency=RULE, title="Genome"),
        project("doppelt", grants=[grants[0], grants[0]]),
        *(one | {"spec": one["spec"] | {"title": "Titel"}} for one in PRESENT[1:]),
    ]
    node.apply([from_json(one) for one in documents]).result()
    hours = Account(given_s=3_600_000, used_s=0, committed_s=0, left_s=3_600_000, until_s=ENDS_S)
    node.projects.accounts = {"genome": hours, "doppelt": hours}
    for name, accelerators in (("laeuft", 60), ("wartet", 8), ("zu-gross", 100)):
        node.submit(from_json(workload(name, accelerators)), actor="jemand").result()
    node.start("w1")
    node.attention.more = tuple(need(code) for code in NEEDS)
    node.served, node.usage = ALL, Used()
    stage = Stage()
    stage.replays_wait = False
    stage.came_to = came_to(7200, 0.5) | {"assumed": []}
    node.replays = desk_in(tmp_path, stage)
    yield node
    node.replays.close()


def judged(page: Page) -> list[str]:
    """What is said in English, and not beside German."""
    settled(page)
    where = page.url.partition("#")[2]
    # A record of the log is shown as it is.
    shown = [text for text in page.evaluate(TEXTS) if "reasons = [" not in text]
    english = [text for text in shown if ENGLISH.search(text)]
    return [f"{where}: {text}" for text in (*english, *page.evaluate(ALONE))]


def tabs(page: Page) -> list[str]:
    """The tabs of the page that is open."""
    hashes = page.locator("main a[href*='tab=']").evaluate_all("all => all.map((a) => a.hash)")
    return list(dict.fromkeys(hashes))


def compared(desk: Desk) -> list[str]:
    """Pages of two replays, and of the one beside the other."""
    trace = sent(desk).id
    one = replayed(desk, trace)
    other = replayed(desk, trace, without=["Charter/fjord"])
    recorded = replayed(desk, "log")
    return [
        f"#/replay/{one}",
        f"#/replay/{recorded}",
        f"#/replay?compare={one},{other}&figures=all",
        f"#/replay?compare={recorded},{one}",
        "#/replay/new",
    ]


def test_no_page_has_an_english_sentence(page: Page, node: FakeNode, trouble: Trouble) -> None:
    trouble.allow("status of 404")
    assert node.replays is not None
    places = ["#/overview", "#/site", "#/site/narvik", "#/queue", "#/submit", "#/projects"]
    places += ["#/projects/genome", "#/projects/doppelt", "#/replay", "#/evidence"]
    places += ["#/evidence?leaf=999", "#/evidence?leaf=5", "#/evidence?workload=w2"]
    places += ["#/projects/keins", "#/workload/keiner", "#/submit?from=w2&accelerators=100"]
    places += [f"#/workload/{one}" for one in ("w1", "w2", "w3")]
    places += ["#/services", "#/services/both", "#/services/apertus", "#/services/keiner"]
    places += ["#/services?project=genome&site=nouaceur&by=day"]
    places += compared(node.replays)
    sign_in(page, node, Role.ADMIN)
    go(page)
    speak(page, "de")
    found = []
    for place in places:
        go(page, place)
        for more in page.locator("main summary").all():
            more.click()
        if place == "#/overview":
            page.get_by_role("button", name="weitere").click()
        if "accelerators" in place:
            page.get_by_role("button", name="Ausprobieren: Wohin käme er?").click()
            expect(page.locator("[data-code]").first).to_be_visible()
        found += judged(page)
        for tab in tabs(page):
            go(page, tab)
            found += judged(page)
    assert not found, "\n".join(dict.fromkeys(found))


def test_what_needs_a_person_is_told_in_german_with_the_nodes_words_beside(
    page: Page, node: FakeNode
) -> None:
    go(page)
    speak(page, "de")
    page.get_by_role("button", name="weitere").click()
    item = page.locator('[data-rule="floor-broken"]')
    expect(item).to_contain_text("Zusage für forschung in narvik")
    expect(item).to_contain_text("länger als zugesagt (40 s)")
    expect(item.locator('[lang="en"]')).to_have_text(
        ["what is so, by the node", "what is to be done about it"]
    )
    speak(page, "en")
    expect(item).to_contain_text("what it is about")
    expect(page.get_by_text("zugesagt")).to_have_count(0)
