"""The page of a site: what is where, who gives way to a call for less power, what is refused."""

from __future__ import annotations

import re
from concurrent.futures import Future
from dataclasses import replace

import pytest
from playwright.sync_api import Page, Route, expect

from allod.domain.decision import Decision
from allod.domain.document import from_json, read_documents
from allod.domain.event import CurtailmentCalled, ForecastGiven
from allod.errors import InvalidInput, NotFound
from allod.run.node_views import Role, SiteView
from tests.api.asking import project
from tests.api.fake_node import FakeNode, Foresight, done
from tests.browser.control_room import Trouble, axe, fits, go, settled, shot, sign_in, speak

pytestmark = pytest.mark.browser

NODES = 12_500
PER_NODE = 8
TABS = ("now", "machines", "power", "build-out", "charter")


DOCUMENTS = """
apiVersion: allod/v1
kind: Party
metadata: {name: aker-nscale}
spec:
  title: Aker Nscale
  seat: "NO"
  owners: [{party: aker, share_bp: 5000}, {party: nscale, share_bp: 5000}]
---
apiVersion: allod/v1
kind: Party
metadata: {name: aker}
spec: {title: Aker, seat: "NO", dispersed: true}
---
apiVersion: allod/v1
kind: Site
metadata: {name: narvik}
spec:
  title: Narvik, Kvandal
  country: "NO"
  operator: aker-nscale
  management: ["NO"]
  metadata: ["NO"]
  parties: [{party: aker-nscale, role: operator, starts: 2025-07-31}]
  pools: [{name: gb300, accelerator: gb300-nvl72}]
  phases:
    - {name: first, state: live, starts: 2026-01-01, accelerators: {gb300: 64}, power_w: 20 MW}
    - name: second
      state:
        value: reserved
        source: a newspaper
        date: 2026-10-02
        earlier: [{value: announced, source: a press release, date: 2025-07-31}]
      due: 2027-Q3
      accelerators: {gb300: 128}
      power_w: 230 MW
  cooling: {plant: dry-cooler, supply_c: 40, return_c: 50}
  pue_milli: 1100
"""


@pytest.fixture
def node() -> FakeNode:
    node = FakeNode()
    node.apply(read_documents(DOCUMENTS)).result()
    return node


class Refusing(Foresight):
    """Tries every call, and makes none."""

    def tell(
        self, event: ForecastGiven | CurtailmentCalled, *, dry_run: bool = False
    ) -> Future[tuple[Decision, ...]]:
        if dry_run:
            return super().tell(event, dry_run=True)

        def refuse() -> tuple[Decision, ...]:
            raise InvalidInput(
                "the call ends before it is told", field="ends", value="0", mend="give a later end"
            )

        return done(refuse)


def planner(page: Page) -> None:
    """The form, filled in for a call that holds in the hour to come."""
    page.get_by_label("May draw at most").fill("30")
    page.get_by_label("Unit").select_option("kW")
    page.get_by_label("Notice [min]").fill("30")
    page.get_by_label("Notice [min]").press("Tab")
    page.get_by_label("Name of the call").fill("grid")


def test_all_sites_lead_to_one(page: Page, node: FakeNode) -> None:
    go(page, "#/site")
    row = page.locator('tr[data-site="narvik"]')
    expect(row).to_contain_text("64")
    shot(page, "sites")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Narvik, Kvandal")
    expect(page).to_have_url(re.compile(r"#/site/narvik$"))


@pytest.mark.parametrize("tab", TABS)
def test_each_part_has_an_address_and_can_be_read(page: Page, node: FakeNode, tab: str) -> None:
    sign_in(page, node, Role.OPERATOR)
    go(page, f"#/site/narvik?tab={tab}")
    open_now = page.locator('.tabs a[aria-current="page"]')
    expect(open_now).to_have_attribute("href", f"#/site/narvik?tab={tab}")
    expect(page.locator("section.card").first).to_be_visible()
    settled(page)
    axe(page)
    fits(page, 390, 1280)
    shot(page, f"site-{tab}")
    speak(page, "de")
    settled(page)
    fits(page, 390)


def test_what_is_said_of_a_site_without_accelerators_holds_for_each(
    page: Page, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its phase may be live and have none, or there may be no pool."""
    bare = replace(node.site("narvik"), live=0, free=0)
    monkeypatch.setattr(node, "site", lambda name: bare)
    go(page, "#/site/narvik")
    expect(page.get_by_text("No accelerators are live now.")).to_be_visible()
    facts = page.get_by_role("region", name="Facts that law is decided on")
    expect(facts).to_contain_text("the document")
    speak(page, "de")
    facts = page.get_by_role("region", name="Tatsachen, nach denen das Recht entscheidet")
    expect(facts).to_contain_text("das Dokument")
    expect(facts).not_to_contain_text("this document")


def test_no_column_of_the_sites_is_cut_off_by_a_long_name(
    page: Page, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number of which half is seen is another number."""
    big = {"live": 1_400_000, "free": 1_400_000, "waiting": 21_806, "title": "<b>long</b>" * 6}
    shown = [replace(site, **big) for site in node.sites()]
    monkeypatch.setattr(node, "sites", lambda: shown)
    go(page, "#/site")
    table = page.get_by_role("group", name="Sites")
    expect(table).to_contain_text("21,806")
    assert table.evaluate("table => table.scrollWidth <= table.clientWidth")
    monkeypatch.setattr(node, "site", lambda name: replace(shown[0], title="long" * 15))
    go(page, "#/site/narvik")
    expect(page.get_by_role("heading", level=1)).to_contain_text("longlong")
    fits(page, 360)


def test_a_site_that_is_removed_while_its_page_is_open(
    page: Page, node: FakeNode, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble.allow("status of 404")
    go(page, "#/site/narvik")
    expect(page.get_by_role("region", name="Accelerators")).to_be_visible()

    def gone(name: str) -> SiteView:
        raise NotFound(f"no Site is called '{name}'")

    monkeypatch.setattr(node, "site", gone)
    node.apply([from_json(project("fjord"))]).result()
    expect(page.locator("main").get_by_role("alert")).to_contain_text("no Site is called")
    # What is no more has no figures.
    expect(page.get_by_role("region", name="Accelerators")).to_have_count(0)


def test_a_site_that_is_not_there(page: Page, trouble: Trouble) -> None:
    trouble.allow("status of 404")
    go(page, "#/site/nowhere")
    expect(page.get_by_role("alert").first).to_contain_text("nowhere")


# ------------------------------------------------------------ machines


def full(route: Route) -> None:
    """The machines of a site with 100,000 accelerators: node `x` is of workload `x // 100`."""
    answer = route.fetch().json()
    count = NODES // 100
    answer["kinds"] = [
        {"access_class": "norway", "lent": False},
        {"access_class": "norway", "lent": True},
    ]
    answer["workloads"] = {
        "ids": [f"w{i}" for i in range(count)],
        "kinds": [i % 2 for i in range(count)],
        "accelerators": [100 * PER_NODE] * count,
    }
    answer["shared"] = []
    answer["pools"] = [
        answer["pools"][0]
        | {
            "name": "gpu",
            "by_node": True,
            "accelerators_per_node": PER_NODE,
            "nodes_per_nvlink_domain": 1,
            "nodes_total": NODES,
            "accelerators_total": NODES * PER_NODE,
            "node_names": f"n[00000-{NODES - 1}]",
            "in_use": [PER_NODE] * (NODES - 1) + [0],
            "workload": [x // 100 for x in range(NODES - 1)] + [-1],
            "workloads_on": [1] * (NODES - 1) + [0],
            "out": [[NODES - 1, PER_NODE]],
            "held": [],
        }
    ]
    route.fulfill(json=answer)


def test_a_hundred_thousand_accelerators_at_a_glance(page: Page, node: FakeNode) -> None:
    page.route("**/v1/sites/narvik/nodes*", full)
    go(page, "#/site/narvik?tab=machines")
    heat = page.get_by_role("application")
    expect(heat).to_be_visible()
    legend = page.get_by_role("list", name="What the colours mean")
    expect(legend).to_contain_text("Own 50,392")
    expect(legend).to_contain_text("Lent 49,600")
    expect(legend).to_contain_text("Out of service 8")
    drawn = page.evaluate("performance.getEntriesByName('heat-map-drawn').at(-1).detail")
    assert drawn["nodes"] == NODES
    shot(page, "site-heat-map")

    heat.hover(position={"x": 3, "y": 3})
    sheet = page.locator("[data-node]")
    expect(sheet).to_have_attribute("data-node", "0")
    expect(sheet).to_contain_text("n00000")
    expect(sheet.get_by_role("link", name="w0")).to_have_attribute("href", "#/workload/w0")


def test_the_heat_map_by_keys(page: Page, node: FakeNode, trouble: Trouble) -> None:
    trouble.allow("/v1/workloads/w0")  # The machines are made up, and so is the work on them.
    page.route("**/v1/sites/narvik/nodes*", full)
    go(page, "#/site/narvik?tab=machines")
    heat = page.get_by_role("application")
    heat.focus()
    page.keyboard.press("End")
    sheet = page.locator("[data-node]")
    expect(sheet).to_have_attribute("data-node", str(NODES - 1))
    expect(sheet).to_contain_text("Out of service")
    page.keyboard.press("ArrowLeft")
    expect(sheet).to_have_attribute("data-node", str(NODES - 2))
    expect(sheet).to_contain_text("w124")
    # Larger, and still in view.
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(heat.locator(".chosen")).to_be_visible()
    # What is chosen is in the address, so that it can be sent.
    expect(page).to_have_url(re.compile(rf"node={NODES - 2}"))
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("node="))
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"#/workload/w0$"))


def test_the_canvas_shows_what_the_legend_says(page: Page, node: FakeNode) -> None:
    page.route("**/v1/sites/narvik/nodes*", full)
    go(page, "#/site/narvik?tab=machines")
    expect(page.get_by_role("application")).to_be_visible()
    colours = page.evaluate(
        """() => {
          const canvas = document.querySelector("canvas");
          const context = canvas.getContext("2d");
          const at = (x, y) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3).join(" ");
          const wanted = (name) => {
            const probe = document.body.appendChild(document.createElement("span"));
            probe.style.setProperty("color", `var(--${name})`);
            return getComputedStyle(probe).color.match(/\\d+/g).join(" ");
          };
          return { first: at(2, 2), own: wanted("own") };
        }"""
    )
    assert colours["first"] == colours["own"]


# ------------------------------------------------------------ power


def test_what_meters_measure_stands_beside_what_is_committed(page: Page, node: FakeNode) -> None:
    def unmeasured(route: Route) -> None:
        answer = route.fetch().json()
        answer["nodes"][0]["now"]["measured"] = answer["nodes"][1]["now"]["measured"] | {
            "source": "no meter is named"
        }
        route.fulfill(json=answer)

    go(page, "#/site/narvik?tab=power")
    of_site = page.locator('tr[data-path="site"]')
    expect(of_site.get_by_role("cell", name="7 kW measured")).to_be_visible()
    said = page.locator("[data-measured]")
    expect(said).to_have_text(
        re.compile(r"^Measured at the site's meter: 7 kW, .*, meter 'main'\.$")
    )
    page.route("**/v1/sites/narvik/power*", unmeasured)
    page.reload()
    expect(said).to_have_text("Not measured: no meter is named.")


def test_a_call_is_tried_then_made(page: Page, node: FakeNode) -> None:
    sign_in(page, node, Role.OPERATOR)
    go(page, "#/site/narvik?tab=power")
    planner(page)
    before = len(node.leaves)
    page.get_by_role("button", name="Show the shed plan").click()
    tried = page.locator('[data-plan="tried"]')
    expect(tried).to_contain_text("Nothing is changed yet")
    steps = tried.locator("tr[data-way]")
    expect(steps).to_have_count(2)
    expect(steps.nth(0)).to_contain_text("w2")
    expect(steps.nth(0)).to_have_attribute("data-way", "delayed")
    expect(steps.nth(1)).to_contain_text("800 W")
    expect(tried).to_contain_text("200 W")
    assert len(node.leaves) == before
    shot(page, "site-curtailment")

    # What is confirmed is what was tried: a changed form is tried again first.
    make = tried.get_by_role("button", name="Make the call")
    page.get_by_label("May draw at most").fill("31")
    expect(make).to_be_disabled()
    page.get_by_label("May draw at most").fill("30")
    make.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("30 kW")
    expect(dialog).to_contain_text("2 workloads give way")
    dialog.get_by_role("button", name="Cancel").click()
    assert len(node.leaves) == before
    make.click()
    dialog.get_by_role("button", name="Make the call").click()
    expect(page.locator('[data-plan="made"]')).to_contain_text("Call grid was made")
    called = node.leaves[-1].record
    assert isinstance(called, CurtailmentCalled)
    assert (called.name, called.path, called.power_w) == ("grid", "site", 30_000)
    assert called.ends_s - called.starts_s == 7200


def test_who_works_by_keys_stays_where_they_were(page: Page, node: FakeNode) -> None:
    """What had the focus is disabled while the node answers, and taken away by the answer."""
    sign_in(page, node, Role.OPERATOR)
    go(page, "#/site/narvik?tab=power")
    planner(page)
    show = page.get_by_role("button", name="Show the shed plan")
    show.press("Enter")
    expect(page.locator('[data-plan="tried"]')).to_be_visible()
    expect(show).to_be_focused()
    page.get_by_role("button", name="Make the call").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Make the call").press("Enter")
    expect(page.locator('[data-plan="made"]')).to_be_visible()
    expect(page.get_by_role("region", name="Curtailment planner")).to_be_focused()
    # Nobody is brought back who let go.
    page.get_by_label("May draw at most").focus()
    page.evaluate("document.activeElement.blur()")
    page.get_by_label("Unit").evaluate("field => field.disabled = true")
    assert page.evaluate("document.activeElement === document.body")


def test_a_call_that_takes_the_place_of_another_says_so(page: Page, node: FakeNode) -> None:
    sign_in(page, node, Role.OPERATOR)
    go(page, "#/site/narvik?tab=power")
    planner(page)
    page.get_by_label("Name of the call").fill("peak")
    expect(page.get_by_text("There is a call peak already")).to_be_visible()
    page.get_by_role("button", name="Show the shed plan").click()
    page.locator('[data-plan="tried"]').get_by_role("button", name="Make the call").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("It takes the place of call peak")
    dialog.get_by_role("button", name="Make the call").click()
    # The next one is not meant to take the place of this.
    expect(page.get_by_label("Name of the call")).to_have_value(re.compile("^call-"))


def test_a_call_that_is_refused_says_why_and_changes_nothing(
    page: Page, node: FakeNode, trouble: Trouble
) -> None:
    trouble.allow("status of 422")
    node.foresight = Refusing(node)
    sign_in(page, node, Role.OPERATOR)
    go(page, "#/site/narvik?tab=power")
    planner(page)
    page.get_by_role("button", name="Show the shed plan").click()
    page.locator('[data-plan="tried"]').get_by_role("button", name="Make the call").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Make the call").click()
    expect(dialog.get_by_role("alert")).to_contain_text("the call ends before it is told")
    expect(dialog.get_by_role("alert")).to_contain_text("give a later end")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator('[data-plan="made"]')).to_have_count(0)
    expect(page.locator('[data-plan="tried"]')).to_be_visible()


def test_a_call_that_cannot_be_is_not_sent(page: Page, node: FakeNode) -> None:
    sign_in(page, node, Role.OPERATOR)
    go(page, "#/site/narvik?tab=power")
    planner(page)
    page.get_by_label("To (UTC)").fill("2020-01-01T00:00")
    expect(page.get_by_text("It ends before it begins.")).to_be_visible()
    expect(page.get_by_role("button", name="Show the shed plan")).to_be_disabled()


def test_who_may_not_call_is_told_so(page: Page, node: FakeNode) -> None:
    sign_in(page, node, Role.READ)
    go(page, "#/site/narvik?tab=power")
    expect(page.get_by_text("needs the role operator")).to_be_visible()
    expect(page.get_by_role("button", name="Show the shed plan")).to_have_count(0)
    expect(page.get_by_role("button", name="Take back")).to_have_count(0)


def test_a_call_is_taken_back(page: Page, node: FakeNode) -> None:
    sign_in(page, node, Role.OPERATOR)
    go(page, "#/site/narvik?tab=power")
    page.locator('tr[data-call="peak"]').get_by_role("button", name="Take back").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("peak")
    dialog.get_by_role("button", name="Take back").click()
    expect(dialog).to_be_hidden()
    called = node.leaves[-1].record
    assert isinstance(called, CurtailmentCalled)
    assert called.name == "peak"
    # The page's clock goes on, that of this node stands still.
    assert called.ends_s < node.at_s + 300


# ------------------------------------------------------------ charter, parties, build-out


def test_a_broken_floor_is_seen(
    page: Page, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = node.site("narvik")
    broken = {"floor_kept": False, "broken": 4, "broken_since_s": node.at_s - 90}
    view = replace(known, classes=tuple(replace(one, **broken) for one in known.classes))
    monkeypatch.setattr(node, "site", lambda name: view)
    go(page, "#/site/narvik")
    expect(page.get_by_text("Floor broken")).to_be_visible()
    go(page, "#/site/narvik?tab=charter")
    row = page.locator(f'tr[data-class="{view.classes[0].name}"]')
    expect(row).to_contain_text("broken for 4")


def test_who_stands_behind_a_party_is_told_with_shares(page: Page, node: FakeNode) -> None:
    go(page, "#/site/narvik?tab=charter")
    expect(page.locator('tr[data-party="aker-nscale"]')).to_contain_text("operator")
    expect(page.locator('tr[data-party="aker"]')).to_contain_text("50 %")
    # Nobody has said who that is, and that is not left out.
    expect(page.locator('tr[data-party="nscale"]')).to_contain_text("not described")


def test_phases_with_what_was_said_before(page: Page, node: FakeNode) -> None:
    go(page, "#/site/narvik?tab=build-out")
    expect(page.locator('tr[data-phase="second"]')).to_contain_text("promised for 2027-Q3")
    sums = page.get_by_role("row", name="Sep 30, 2027")
    expect(sums.or_(page.get_by_role("row", name="30 Sept 2027"))).to_contain_text("192")
    revisions = page.get_by_role("group", name="Revisions")
    expect(revisions).to_contain_text("a press release")
    expect(revisions).to_contain_text("a newspaper")
