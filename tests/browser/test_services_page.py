"""The page of services: what is ready where, what lacks and why, and what was used for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from allod.adapters.postgres import GatewayStore, Store
from allod.api import create_app
from allod.api.settings import ApiSettings
from allod.domain.document import from_json
from allod.domain.event import Outcome
from allod.domain.project_key import KeyTerms
from allod.run.node_views import Role
from allod.web import pages
from tests.adapters.postgres.conftest import database, postgres_server, store
from tests.api.asking import project, workload
from tests.api.fake_node import FakeNode
from tests.api.serving import Served, serving
from tests.api.test_services import document
from tests.browser.control_room import Trouble, axe, fits, go, settled, shot, sign_in, speak
from tests.browser.services import ALL, CALLS, MINISTRAL, WIDE

__all__ = ["database", "postgres_server", "store"]

pytestmark = pytest.mark.browser

URL = "http://127.0.0.1:7800"
#: As it is when nothing is set.
NOT_SET = ApiSettings(gateway="auto")


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(gateway="auto", gateway_url=lambda: URL, home_site="narvik")


@pytest.fixture
def served(built: None, node: FakeNode, settings: ApiSettings) -> Iterator[Served]:
    with serving(create_app(node, settings=settings, pages=pages())) as served:
        yield served


@pytest.fixture
def used(node: FakeNode, store: Store, database: str) -> Iterator[GatewayStore]:
    """What was called, summed by a real database."""
    kept = GatewayStore(database)
    kept.put_records(CALLS)
    node.usage = kept
    yield kept
    kept.close()


def test_what_lacks_replicas_comes_first_and_says_why(
    page: Page, node: FakeNode, used: GatewayStore
) -> None:
    node.served = ALL
    sign_in(page, node, Role.OPERATOR)
    go(page)
    page.locator("#nav").get_by_role("link", name="Services").click()
    rows = page.locator("tbody[data-service]")
    expect(rows).to_have_count(5)
    names = [row.get_attribute("data-service") for row in rows.all()]
    assert names == ["apertus", "never", "both", "ministral", "rare"]
    badges = page.locator("tbody[data-service] .badge")
    expect(badges).to_have_text(["failing", "refused", "ready", "too few", "ready", "idle"])
    failed = page.locator('tbody[data-service="apertus"]')
    # Of what it wrote the line that names the error.
    expect(failed).to_contain_text("w2 ended as failed with exit status 3: RuntimeError: no such")
    expect(failed).not_to_contain_text("one process is left")
    expect(failed.get_by_role("link", name="Log of w2")).to_have_attribute(
        "href", "#/workload/w2?stream=stderr"
    )
    never = page.locator('tbody[data-service="never"]')
    expect(never).to_contain_text("no replica can run here: 64 accelerators are asked for")
    expect(never.get_by_role("link", name="Log of")).to_have_count(0)
    short = page.locator('tbody[data-service="both"] [data-why="nouaceur"]')
    expect(short).to_contain_text("8 accelerators are needed, 3 are free")
    ready = page.locator('tbody[data-service="ministral"] [data-site="narvik"] td')
    expect(ready).to_have_text(["narvik", "ready", "2", "2", "1–4", "11", "3"])
    expect(page.locator('tbody[data-service="rare"]')).to_contain_text("with the next call")
    expect(page.get_by_text(f"{URL}/v1")).to_be_visible()
    axe(page)
    fits(page)
    shot(page, "services")
    speak(page, "de")
    fits(page, 360, 390)


def test_one_tells_of_each_site_and_of_each_replica(
    page: Page, node: FakeNode, used: GatewayStore
) -> None:
    node.served = ALL
    go(page, "#/services")
    page.get_by_role("link", name="both", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("both")
    expect(page.get_by_text("2 of 4 wanted replicas are ready")).to_be_visible()
    expect(page.get_by_text("11 calls at engines, 3 queued")).to_be_visible()
    waits = page.locator('[data-replica="w9"]')
    expect(waits.locator(".badge")).to_have_text("waiting for room")
    expect(waits).to_contain_text("8 accelerators are needed")
    expect(waits.get_by_role("link")).to_have_attribute("href", "#/workload/w9")
    # Its own usage alone: the school's, of five days ago.
    expect(page.get_by_text("Nothing was called in that time")).to_be_visible()
    page.get_by_label("Over").select_option("7d")
    expect(page.locator('[data-by="school"]')).to_contain_text("100 % unknown")
    axe(page)
    fits(page)
    shot(page, "service")


def test_a_failure_says_all_that_is_known_of_it(page: Page, node: FakeNode) -> None:
    node.served = ALL
    go(page, "#/services/apertus")
    failure = page.locator("[data-failure]")
    expect(failure).to_contain_text("A replica failed")
    expect(failure).to_contain_text("RuntimeError: no such model")
    expect(failure).to_contain_text("tried again at")
    expect(failure.get_by_text("one process is left")).to_be_hidden()
    failure.get_by_text("The last lines that it wrote").click()
    expect(failure.get_by_text("one process is left")).to_be_visible()
    axe(page)
    log = failure.get_by_role("link", name="Log of w2")
    expect(log).to_have_attribute("href", "#/workload/w2?stream=stderr")


def test_the_log_of_a_failed_replica_leads_back_to_its_service(page: Page, node: FakeNode) -> None:
    node.served = ALL
    node.submit(from_json(workload("first")), actor="services").result()
    of = {"service": "apertus", "port": 21000}
    replica = workload("apertus-21000", kind="service", replica_of=of, sites=["narvik"])
    node.submit(from_json(replica), actor="services").result()
    node.start("w2")
    node.end("w2", Outcome.FAILED)
    go(page, "#/services/apertus")
    page.get_by_role("link", name="Log of w2").click()
    # Where engines write what went wrong.
    expect(page.get_by_role("button", name="stderr")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("link", name="Submit again")).to_have_count(0)
    page.get_by_role("link", name="It is a replica of apertus").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("apertus")


def test_usage_is_summed_as_one_asks(page: Page, node: FakeNode, used: GatewayStore) -> None:
    node.served = ALL
    go(page, "#/services")
    ministral = page.locator('[data-by="ministral"]')
    # 60 calls of 300 J, of 1,500 tokens each: 5 Wh, and 200 J for 1,000.
    numbers = ["61", "1", "0", "60,000", "24,000", "30,000", "5 Wh", "200 J", "0.15 g"]
    cells = ministral.get_by_role("cell")
    expect(cells).to_have_text(["ministral", *numbers, "67 % measured, 33 % estimated"])
    expect(page.locator("[data-by]")).to_have_count(1)
    page.get_by_label("Over").select_option("30d")
    page.get_by_label("Summed by").select_option("key")
    expect(page.locator("[data-by]")).to_have_count(2)
    expect(page.locator('[data-by="school-1"] td').nth(7)).to_have_text("–")
    # What is chosen is in the address.
    assert page.url.endswith("#/services?span=30d&by=key")
    page.get_by_label("Summed by").select_option("day")
    expect(page.get_by_role("columnheader", name="Day (UTC)")).to_be_visible()
    days = page.locator("[data-by]").evaluate_all("all => all.map((one) => one.dataset.by)")
    assert len(days) == 2
    assert days == sorted(days, reverse=True)
    # Who was refused was served nowhere.
    page.get_by_label("Summed by").select_option("site")
    expect(page.locator('[data-by=""]')).to_contain_text("none")
    axe(page)


def test_those_of_a_site_alone(page: Page, node: FakeNode) -> None:
    node.served = ALL
    go(page, "#/services?site=nouaceur")
    expect(page.locator("tbody[data-service]")).to_have_count(1)
    expect(page.locator("tr[data-site]")).to_have_count(1)
    page.get_by_role("button", name="Show all services").click()
    expect(page.locator("tbody[data-service]")).to_have_count(5)
    go(page, "#/services?site=nowhere")
    expect(page.get_by_text("No service is at that site")).to_be_visible()


def test_other_pages_lead_to_services(page: Page, node: FakeNode, used: GatewayStore) -> None:
    node.served = ALL
    node.apply([from_json(project("models")), from_json(project("school"))]).result()
    go(page, "#/overview")
    shown = page.locator("main li[data-service]")
    expect(shown).to_have_count(5)
    expect(shown.first).to_contain_text("apertus failing 0 of 1 wanted")
    go(page, "#/site/narvik")
    expect(page.locator("main li[data-service]")).to_have_count(5)
    page.get_by_role("link", name="All, and what was used").click()
    expect(page).to_have_url(f"{page.url.split('#')[0]}#/services?site=narvik")
    go(page, "#/projects/models")
    expect(page.locator("main li[data-service]")).to_have_count(4)
    # It keeps none, and has called some.
    go(page, "#/projects/school")
    expect(page.get_by_text("It keeps no service of its own")).to_be_visible()
    page.get_by_role("link", name="What it called").click()
    page.get_by_label("Over").select_option("7d")
    expect(page.locator("[data-by]")).to_have_count(1)
    page.get_by_role("button", name="All projects").click()
    expect(page.locator("[data-by]")).to_have_count(2)


@pytest.mark.parametrize("settings", [NOT_SET], ids=["as-it-comes"])
def test_a_node_without_services_says_what_to_do_next(page: Page, node: FakeNode) -> None:
    go(page, "#/services")
    expect(page.get_by_text("No service is deployed yet")).to_be_visible()
    expect(page.get_by_text("allod service deploy service.yaml --wait")).to_be_visible()
    expect(page.get_by_text("the gateway begins with the first service")).to_be_visible()
    expect(page.get_by_text("calls that a rule binds are refused")).to_be_visible()
    expect(page.get_by_text("Nothing was called in that time")).to_be_visible()
    axe(page)
    fits(page)
    # What the log tells of is shown at once.
    node.served = (MINISTRAL,)
    node.apply([from_json(project("models"))]).result()
    expect(page.locator('tbody[data-service="ministral"]')).to_be_visible()


def test_a_key_of_a_project_sees_its_own_usage_alone(
    page: Page, node: FakeNode, used: GatewayStore, trouble: Trouble
) -> None:
    trouble.allow("status of 403")
    node.served = ALL
    _, secret = node.keys.make("school", KeyTerms(), name="school-1")
    page.add_init_script(f"sessionStorage.setItem('allod-token', {json.dumps(secret)})")
    # The log is not for it either, so that the page is never live.
    page.goto("/#/services?span=7d&by=project")
    refused = page.get_by_text("is for calls through the gateway; this needs a token of the node")
    expect(refused.first).to_be_visible()
    expect(page.locator("[data-by]")).to_have_count(1)
    expect(page.locator('[data-by="school"]')).to_be_visible()
    expect(page.locator("tbody[data-service]")).to_have_count(0)


def test_a_service_that_is_not_there(page: Page, trouble: Trouble) -> None:
    trouble.allow("status of 404")
    go(page, "#/services/nobody")
    expect(page.get_by_role("alert").first).to_contain_text("nobody")


def test_without_a_gateway_calls_are_not_known(page: Page, node: FakeNode) -> None:
    node.served = (replace(MINISTRAL, gateways=0),)
    go(page, "#/services/ministral")
    expect(page.get_by_text("No gateway is connected").first).to_be_visible()
    expect(page.get_by_text("11 calls")).to_have_count(0)
    settled(page)
    axe(page)


def test_an_operator_scales_it_after_a_look_at_what_that_comes_to(
    page: Page, node: FakeNode, trouble: Trouble
) -> None:
    trouble.allow("status of 422")
    node.served = (WIDE,)
    limits = {"min": 1, "max": 4, "in_flight": 4}
    node.apply([from_json(project("models")), from_json(service("both", limits))]).result()
    sign_in(page, node, Role.OPERATOR)
    go(page, "#/services/both")
    page.get_by_role("button", name="Scale", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Now 1 to 4 at each of 2 sites; ready: 2.")
    least, most = dialog.get_by_label("At least"), dialog.get_by_label("At most")
    expect(least).to_have_value("1")
    most.fill("1")
    expect(dialog).to_contain_text("1 that is there ends its calls, and then itself.")
    least.fill("2")
    axe(page)
    dialog.get_by_role("button", name="Scale it").click()
    # In the node's words, and nothing is done.
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert node.document("Service", "both").document["spec"]["replicas"] == limits
    most.fill("3")
    dialog.get_by_role("button", name="Scale it").click()
    expect(dialog).to_be_hidden()
    changed = limits | {"min": 2, "max": 3}
    assert node.document("Service", "both").document["spec"]["replicas"] == changed


def test_who_may_not_scale_is_not_offered_to(page: Page, node: FakeNode) -> None:
    node.served = ALL
    sign_in(page, node, Role.SUBMIT)
    go(page, "#/services/both")
    expect(page.locator(".who")).to_contain_text("project member")
    expect(page.get_by_role("button", name="Scale")).to_have_count(0)


def service(name: str, replicas: dict[str, int]) -> dict[str, Any]:
    one = document(sites=["narvik"], project="models", replicas=replicas)
    return one | {"metadata": {"name": name}}
