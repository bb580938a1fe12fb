"""The page of projects: what is left of grants, what needs a look, and where it leads."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from allod.decide.accounts import Account
from allod.domain.document import from_json
from allod.domain.said import said
from allod.domain.units import instant_text
from allod.run.attention import AttentionView, Severity
from allod.run.node_views import Role
from allod.run.project_views import WorkView
from tests.api.asking import project
from tests.api.fake_node import START_S, FakeNode
from tests.browser.control_room import Trouble, axe, fits, go, settled, shot, sign_in, speak

pytestmark = pytest.mark.browser

HOUR_S = 3600
DAY_S = 24 * HOUR_S
SOON_S = START_S + 5 * DAY_S
RULE = {"processing": ["NO"], "storage": ["eea"], "basis": "the health data act"}


def given(node: FakeNode) -> None:
    """Projects: one whose grant ends soon, one with all used up, an ended one, one without any."""
    grants = [
        {"accelerator_hours": 1000, "starts": START_S - 90 * DAY_S, "ends": SOON_S},
        {"accelerator_hours": 50, "ends": START_S - DAY_S, "mode": "fast-lane"},
    ]
    empty = [{"accelerator_hours": 10, "ends": START_S + 60 * DAY_S}]
    over = [{"accelerator_hours": 10, "ends": START_S - DAY_S}]
    documents = [
        project("films"),
        project("genomes", grants=grants, residency=RULE, title="Genomes of the north"),
        project("over", grants=over),
        project("ships", grants=empty),
    ]
    node.apply([from_json(one) for one in documents]).result()
    node.projects.accounts = {
        "genomes": account(1000, used=300, committed=200, until_s=SOON_S),
        "ships": account(10, used=10, committed=0, until_s=START_S + 60 * DAY_S),
        "over": account(0, used=0, committed=0, until_s=0),
    }
    node.projects.work = {
        "genomes": WorkView(
            waiting=2,
            placed=0,
            running=3,
            stopping=0,
            waiting_accelerators=16,
            held_accelerators=24,
        )
    }
    node.attention.more = (
        AttentionView(
            rule="grant-ends",
            severity=Severity.NOTICE,
            since_s=SOON_S,
            site="",
            subject="grant of genomes",
            message="it ends soon",
            mend="give the project a new grant, or let it end",
            says=said("grant-ends", project="genomes", ends=instant_text(SOON_S)),
            kind="Project",
            name="genomes",
            count=1,
        ),
    )


def account(given_h: int, *, used: int, committed: int, until_s: int) -> Account:
    return Account(
        given_s=given_h * HOUR_S,
        used_s=used * HOUR_S,
        committed_s=committed * HOUR_S,
        left_s=(given_h - used - committed) * HOUR_S,
        until_s=until_s,
    )


def test_what_needs_a_look_comes_first(page: Page, node: FakeNode) -> None:
    given(node)
    sign_in(page, node, Role.PROGRAMME)
    go(page, "#/projects")
    rows = page.locator("tr[data-project]")
    expect(rows).to_have_count(4)
    names = [row.get_attribute("data-project") for row in rows.all()]
    assert names == ["ships", "genomes", "over", "films"]
    genomes = page.locator('tr[data-project="genomes"]')
    # Left, used, committed and given.
    for hours in ("500", "300", "200", "1,000"):
        expect(genomes.get_by_role("cell", name=hours, exact=True)).to_be_visible()
    expect(genomes).to_contain_text("ends soon")
    expect(page.locator('tr[data-project="over"]')).to_contain_text("no grant holds now")
    axe(page)
    fits(page)
    shot(page, "projects")
    speak(page, "de")
    fits(page, 360, 390)


def test_they_are_found_by_name(page: Page, node: FakeNode) -> None:
    given(node)
    go(page, "#/projects")
    page.get_by_label("Name or title").fill("north")
    expect(page.locator("tr[data-project]")).to_have_count(1)
    page.get_by_label("Name or title").fill("nothing has this name")
    page.get_by_role("button", name="Show all projects").click()
    expect(page.locator("tr[data-project]")).to_have_count(4)


def test_one_tells_of_each_grant_and_leads_to_its_work(page: Page, node: FakeNode) -> None:
    given(node)
    go(page, "#/projects")
    page.get_by_role("link", name="Genomes of the north").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Genomes of the north")
    settled(page)
    holds, ended = page.locator("[data-grant]").all()
    expect(holds.locator(".badge")).to_have_text("open")
    expect(holds.get_by_role("img")).to_have_attribute("aria-label", bar_words())
    expect(ended.locator(".badge")).to_have_text("ended")
    expect(ended.get_by_role("img")).to_have_count(0)  # What was used of it alone is not kept.
    expect(page.get_by_text("processed in NO")).to_be_visible()
    expect(page.get_by_text("the health data act")).to_be_visible()
    expect(page.get_by_text("it ends soon")).to_be_visible()
    axe(page)
    fits(page)
    shot(page, "project")
    page.get_by_role("link", name="3 running").click()
    expect(page).to_have_url(f"{page.url.split('#')[0]}#/queue?project=genomes&state=running")


def bar_words() -> str:
    unit = "accelerator\u2011h"
    return f"given 1,000 {unit}, used 300 {unit}, committed 200 {unit}, left 500 {unit}"


def test_it_follows_the_log(page: Page, node: FakeNode) -> None:
    go(page, "#/projects")
    expect(page.get_by_text("There are no projects yet")).to_be_visible()
    expect(page.get_by_text("allod apply project.yaml")).to_be_visible()
    axe(page)
    given(node)
    expect(page.locator("tr[data-project]")).to_have_count(4)


def test_a_project_that_is_not_there(page: Page, trouble: Trouble) -> None:
    trouble.allow("status of 404")
    go(page, "#/projects/nobody")
    expect(page.get_by_role("alert").first).to_contain_text("nobody")
