"""What holds on every page: it is live, a node may go and come back, words are words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Page, Route, expect

from allod.api import ApiSettings, create_app
from allod.domain.document import from_json
from allod.run.node_views import Role, SiteView
from allod.web import pages
from tests.api.asking import workload
from tests.api.fake_node import FakeNode
from tests.api.serving import Served, serving
from tests.browser.conftest import NewPage
from tests.browser.control_room import PHONE, Trouble, axe, fits, go, sign_in, speak

pytestmark = pytest.mark.browser

NASTY = '<img src=x onerror="document.title=\'broken\'"><script>document.title="broken"</script>'


class NastyNode(FakeNode):
    """A node whose sites, too, are called what somebody would like to see run."""

    nasty = False

    def sites(self) -> list[SiteView]:
        title = {"title": NASTY} if self.nasty else {}
        return [replace(site, **title) for site in super().sites()]


@pytest.fixture
def node() -> NastyNode:
    return NastyNode()


def submit(node: FakeNode, name: str, accelerators: int) -> None:
    node.submit(from_json(workload(name, accelerators)), actor="somebody").result()


def link_of(page: Page) -> str | None:
    return page.locator("[data-link]").get_attribute("data-link")


def test_what_is_decided_appears_without_reloading(page: Page, node: NastyNode) -> None:
    go(page)
    submit(node, "first-light", 8)
    line = page.locator("li", has=page.locator('a[href="#/workload/w1"]')).last
    expect(line).to_contain_text("placed")
    expect(line).to_contain_text("18 kW")


def test_names_and_reasons_are_text(page: Page, node: NastyNode, trouble: Trouble) -> None:
    submit(node, "big", 60)
    submit(node, "late", 8)
    view = node.held["w2"]
    reasons = tuple(replace(reason, message=NASTY, origin=NASTY) for reason in view.reasons)
    node.held["w2"] = replace(view, name=NASTY, project=NASTY, reasons=reasons, basis=NASTY)
    node.output["w1"] = NASTY.encode()
    node.nasty = True
    sign_in(page, node, Role.ADMIN)
    go(page)
    expect(page.locator("main")).to_contain_text(NASTY)
    offered = page.locator("#nav a").evaluate_all("all => all.map((a) => a.getAttribute('href'))")
    # What the node of this test does not know is not the matter here.
    trouble.allow("status of 404")
    trouble.allow("status of 5")
    for address in (*offered, "#/workload/w1", "#/workload/w2", "#/site/narvik"):
        go(page, address)
        page.wait_for_timeout(100)
        assert page.locator("#app img[src=x], #app script").count() == 0, address
        assert "broken" not in page.title(), address


def test_a_node_that_goes_and_comes_back(
    built: None, new_page: NewPage, node: NastyNode, trouble: Trouble
) -> None:
    trouble.allow("net::ERR")
    with serving(create_app(node, pages=pages())) as first:
        port = int(first.url.rpartition(":")[2])
        page = go(new_page(first.url))
        submit(node, "before", 4)
        expect(page.locator('main a[href="#/workload/w1"]').last).to_be_visible()
    expect(page.locator("[data-link]")).to_have_attribute("data-link", "down")
    expect(page.get_by_role("alert").first).to_contain_text("The node does not answer")
    # What was shown stays.
    expect(page.locator('main a[href="#/workload/w1"]').last).to_be_visible()
    submit(node, "meanwhile", 4)
    with serving(create_app(node, pages=pages()), port=port):
        expect(page.locator("[data-link]")).to_have_attribute("data-link", "live", timeout=15_000)
        expect(page.locator('main a[href="#/workload/w2"]').last).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        page.close()


def test_where_reading_needs_a_token_it_is_asked_for(
    built: None, new_page: NewPage, node: NastyNode, trouble: Trouble
) -> None:
    trouble.allow("status of 401")
    node.token_make("reader", Role.READ)
    settings = ApiSettings(read_needs_token=True)
    with serving(create_app(node, settings=settings, pages=pages())) as served:
        page = new_page(served.url)
        page.goto("/")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("token")
        page.get_by_role("textbox", name="Token").fill("secret-of-nobody")
        page.keyboard.press("Enter")
        expect(dialog).to_be_visible()
        page.get_by_role("textbox", name="Token").fill("secret-of-reader")
        page.keyboard.press("Enter")
        expect(page.locator("[data-link]")).to_have_attribute("data-link", "live", timeout=15_000)
        expect(page.locator("main")).to_contain_text("Narvik")
        expect(dialog).to_be_hidden()
        # Known by name now; and a token is not kept beyond the tab.
        expect(page.locator(".who")).to_contain_text("reader")
        assert "secret" not in page.evaluate("JSON.stringify(localStorage)")
        page.close()


def test_a_late_no_to_a_token_of_before_asks_for_nothing(
    built: None, new_page: NewPage, node: NastyNode, trouble: Trouble
) -> None:
    trouble.allow("status of 401")
    node.token_make("reader", Role.READ)
    settings = ApiSettings(read_needs_token=True)
    late: list[Route] = []
    with serving(create_app(node, settings=settings, pages=pages())) as served:
        page = new_page(served.url)
        page.add_init_script("sessionStorage.setItem('allod-token', 'secret-of-nobody')")

        def hold(route: Route) -> None:
            bad = "nobody" in route.request.headers.get("authorization", "")
            late.append(route) if bad else route.continue_()

        page.route("**/v1/me", hold)
        page.goto("/")
        dialog = page.get_by_role("dialog")
        page.get_by_role("textbox", name="Token").fill("secret-of-reader")
        page.keyboard.press("Enter")
        expect(page.locator("[data-link]")).to_have_attribute("data-link", "live", timeout=15_000)
        expect(dialog).to_be_hidden()
        assert late
        for route in late:
            route.fulfill(status=401, json={"detail": "this token is not known"})
        page.wait_for_timeout(200)
        expect(dialog).to_be_hidden()
        page.close()


def test_a_token_that_is_revoked_is_nobodys(page: Page, node: NastyNode, trouble: Trouble) -> None:
    trouble.allow("status of 401")
    sign_in(page, node, Role.OPERATOR)
    go(page)
    expect(page.locator(".who")).to_contain_text("operator")
    refused = {"status": 401, "json": {"detail": "this token is not known"}}
    page.route("**/v1/projects*", lambda route: route.fulfill(**refused))
    page.get_by_role("link", name="Projects and grants").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator(".who")).not_to_contain_text("operator")
    # Nor is the one that is given next, before the node has said whose it is.
    page.get_by_role("textbox", name="Token").fill("secret-of-nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator(".who")).not_to_contain_text("operator")


def test_roles_decide_what_is_offered(new_page: NewPage, served: Served, node: NastyNode) -> None:
    def offered(role: Role) -> set[str]:
        page = new_page(served.url)
        sign_in(page, node, role)
        go(page)
        expect(page.locator(".who")).to_contain_text(str(role))
        return set(page.locator("#nav a").all_inner_texts())

    everything = offered(Role.ADMIN)
    for role in (Role.OPERATOR, Role.SUBMIT):
        assert "Submit" in offered(role)
    for role in (Role.PROGRAMME, Role.AUDITOR, Role.READ):
        assert offered(role) <= everything - {"Submit"}


def test_signing_out_says_so_and_forgets_the_token(page: Page, node: NastyNode) -> None:
    sign_in(page, node, Role.OPERATOR)
    go(page)
    expect(page.locator(".who")).to_contain_text("operator")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('allod-token')") is None


def test_who_wants_to_give_no_token_is_not_asked_again_and_again(
    built: None, new_page: NewPage, node: NastyNode, trouble: Trouble
) -> None:
    trouble.allow("status of 401")
    settings = ApiSettings(read_needs_token=True)
    with serving(create_app(node, settings=settings, pages=pages())) as served:
        page = new_page(served.url)
        page.goto("/")
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Cancel").click()
        # The link is tried again meanwhile, and refused.
        page.wait_for_timeout(1500)
        expect(dialog).to_be_hidden()
        page.get_by_role("button", name="Sign in").click()
        expect(dialog).to_be_visible()
        page.close()


def test_a_link_leads_to_the_top_of_its_page(page: Page, node: NastyNode) -> None:
    node.log.grow()
    go(page)
    page.set_viewport_size({"width": 390, "height": 500})
    page.evaluate("scrollTo(0, 600)")
    page.get_by_role("link", name="Whole log").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Evidence")
    expect(page.locator("main")).to_be_focused()
    assert page.evaluate("scrollY") == 0


def test_an_address_that_leads_nowhere_says_so(page: Page) -> None:
    go(page, "#/no-such-page")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    page.get_by_role("link", name="Overview").last.click()
    expect(page).to_have_title("Overview · Allod")


def test_the_language_stays_chosen(page: Page) -> None:
    go(page)
    speak(page, "de")
    expect(page.get_by_role("heading", level=1)).to_have_text("Überblick")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Überblick")
    expect(page.locator("html")).to_have_attribute("lang", "de")


def test_a_browser_in_german_is_spoken_to_in_german(new_page: NewPage, served: Served) -> None:
    page = go(new_page(served.url, locale="de-AT"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Überblick")


def test_the_theme_stays_chosen(page: Page) -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    go(page)
    light = page.evaluate(ground)
    page.get_by_role("button", name="System").click()
    page.get_by_role("button", name="Light").click()
    expect(page.get_by_role("button", name="Dark")).to_be_visible()
    assert page.evaluate(ground) != light
    page.reload()
    expect(page.get_by_role("button", name="Dark")).to_be_visible()
    assert page.evaluate(ground) != light


def test_the_keyboard_reaches_the_page_past_the_menu(page: Page) -> None:
    go(page)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_menu_of_a_phone_opens_and_closes(new_page: NewPage, served: Served) -> None:
    page = go(new_page(served.url, viewport=PHONE))
    menu = page.get_by_role("button", name="Menu")
    expect(page.locator("#nav")).to_be_hidden()
    menu.click()
    expect(page.locator("#nav")).to_be_visible()
    expect(menu).to_have_attribute("aria-expanded", "true")
    axe(page)
    menu.click()
    expect(page.locator("#nav")).to_be_hidden()


def test_long_names_fit(page: Page, node: NastyNode) -> None:
    submit(node, "a-rather-long-name-that-goes-on-and-on-and-on-until-the-limit", 60)
    submit(node, "another-one-that-has-to-wait-as-there-is-no-room-left-for-it", 60)
    go(page)
    fits(page)
    speak(page, "de")
    fits(page)
