"""The page of a workload: what became of it and why, its output, its receipt, its end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from allod.domain.document import from_json
from allod.run.node_views import Role, State
from tests.api.asking import workload
from tests.api.fake_node import FakeNode
from tests.browser.control_room import Trouble, axe, fits, go, shot, sign_in, speak
from tests.prove.make_bundles import BUNDLES, LOG

pytestmark = pytest.mark.browser


def submit(node: FakeNode, name: str, accelerators: int, actor: str = "somebody") -> None:
    node.submit(from_json(workload(name, accelerators)), actor=actor).result()


def test_a_life_from_the_asking_to_the_end(page: Page, node: FakeNode) -> None:
    submit(node, "first-light", 8)
    go(page, "#/workload/w1")
    life = page.locator("[data-what]")
    expect(life).to_have_count(2)
    expect(life.nth(0)).to_contain_text("Submitted by somebody")
    expect(life.nth(1)).to_contain_text("Placed at narvik / gb300: 8 accelerators")
    node.start("w1")
    # Who hears the page hears it too.
    expect(page.locator("main header").get_by_role("status")).to_have_text("running")
    expect(life.nth(2)).to_contain_text("Started")
    node.end("w1")
    expect(life.nth(3)).to_contain_text("Ended: completed")
    expect(page.get_by_role("link", name="Submit again")).to_have_attribute(
        "href", "#/submit?from=w1"
    )


def test_who_waits_is_told_why_for_every_site_and_what_to_do(page: Page, node: FakeNode) -> None:
    submit(node, "big", 60)
    submit(node, "late", 8)
    go(page, "#/workload/w2")
    expect(page.get_by_role("heading", name="Why it waits")).to_be_visible()
    narvik = page.locator('[data-site="narvik"]')
    expect(narvik).to_contain_text("needs 8 accelerators, 4 there")
    expect(narvik).to_contain_text("wall times of running work")
    expect(page.locator('[data-site="morocco"]')).to_contain_text("never as asked for")
    expect(page.locator('[data-advice="wait"]')).to_contain_text("narvik")
    expect(page.get_by_text("It has not run yet.")).to_be_visible()


def test_output_is_followed_and_colours_are_left_out(page: Page, node: FakeNode) -> None:
    submit(node, "first-light", 8)
    node.start("w1")
    node.output["w1"] = b"\x1b[32mstep 1\x1b[0m\n<b>text</b>\n"
    go(page, "#/workload/w1")
    output = page.locator("pre")
    expect(output).to_have_text("step 1\n<b>text</b>\n")
    node.output["w1"] += b"step 2\n"
    expect(output).to_contain_text("step 2")
    node.end("w1")
    page.get_by_role("button", name="stderr").click()
    expect(page.get_by_text("It has written nothing here.")).to_be_visible()


def test_output_whose_link_breaks_is_followed_on(
    page: Page, node: FakeNode, trouble: Trouble
) -> None:
    trouble.allow("net::ERR")
    submit(node, "first-light", 8)
    node.start("w1")
    node.output["w1"] = b"step 1\n"
    page.route("**/logs?*follow=true", lambda route: route.abort("connectionreset"), times=1)
    go(page, "#/workload/w1")
    expect(page.locator("pre")).to_contain_text("step 1")
    expect(page.get_by_role("alert").first).to_contain_text("did not answer")
    node.output["w1"] += b"step 2\n"
    expect(page.locator("pre")).to_contain_text("step 2", timeout=10_000)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_of_much_output_the_end_is_shown_and_older_parts_on_demand(
    page: Page, node: FakeNode
) -> None:
    submit(node, "first-light", 8)
    node.output["w1"] = b"".join(b"line %07d\n" % line for line in range(300_000))
    node.start("w1")
    node.end("w1")
    go(page, "#/workload/w1")
    output = page.locator("pre")
    expect(output).to_contain_text("line 0299999")
    assert len(output.text_content() or "") <= 1 << 20
    page.get_by_role("button", name="Older").click()
    expect(output).not_to_contain_text("line 0299999")
    assert len(output.text_content() or "") <= 1 << 20
    page.get_by_role("button", name="Newest").click()
    expect(output).to_contain_text("line 0299999")


def test_cancelling_is_asked_twice_and_done(page: Page, node: FakeNode) -> None:
    submit(node, "big", 60)
    submit(node, "late", 8)
    sign_in(page, node, Role.OPERATOR)
    go(page, "#/workload/w2")
    page.get_by_role("button", name="Cancel workload").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("late leaves the queue and loses its place")
    dialog.get_by_role("button", name="Cancel", exact=True).click()
    assert node.held["w2"].state is State.WAITING
    page.get_by_role("button", name="Cancel workload").click()
    dialog.get_by_role("button", name="Cancel it").click()
    expect(page.locator("header .badge")).to_have_text("cancelled")
    expect(page.locator('[data-what="cancelled"]')).to_contain_text("Cancelled by operator")


def test_who_may_not_cancel_is_told_so_by_the_node(
    page: Page, node: FakeNode, trouble: Trouble
) -> None:
    trouble.allow("status of 403")
    submit(node, "big", 60)
    submit(node, "late", 8)
    sign_in(page, node, Role.SUBMIT)
    go(page, "#/workload/w2")
    page.get_by_role("button", name="Cancel workload").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Cancel it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("was submitted by another")
    expect(dialog.get_by_role("alert")).to_contain_text("cancel your own")
    assert node.held["w2"].state is State.WAITING


def test_a_reader_is_not_offered_to_cancel(page: Page, node: FakeNode) -> None:
    submit(node, "big", 60)
    sign_in(page, node, Role.READ)
    go(page, "#/workload/w1")
    expect(page.get_by_text("reader")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel workload")).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("good", "Entry 42 of the log"),
        ("swapped-disclosure-other-value", "What is disclosed is not what the record says"),
        ("not-in-log-other-place", "The record is not in the log that was signed"),
        ("wrong-key", "The log with this key has not signed it"),
    ],
)
def test_a_receipt_is_checked_in_the_browser(
    page: Page, node: FakeNode, name: str, told: str
) -> None:
    submit(node, "first-light", 8)
    page.route(
        "**/v1/workloads/w1/receipt*",
        lambda route: route.fulfill(body=BUNDLES[name].data, content_type="text/plain"),
    )
    page.route(
        "**/log/key",
        lambda route: route.fulfill(body=f"{LOG.verifier_key}\n", content_type="text/plain"),
    )
    go(page, "#/workload/w1")
    page.get_by_role("button", name="Get and check").click()
    expect(page.locator(".verdict")).to_contain_text(told)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the file").click()
    assert download.value.suggested_filename == "w1.tlog-proof"
    assert download.value.path().read_bytes() == BUNDLES[name].data


def test_what_is_not_there_is_told_with_what_is(page: Page, trouble: Trouble) -> None:
    trouble.allow("status of 404")
    go(page, "#/workload/w99")
    expect(page.get_by_text("there is no workload 'w99'").first).to_be_visible()


def test_names_are_text(page: Page, node: FakeNode) -> None:
    nasty = '<img src=x onerror="document.title=1">'
    submit(node, "big", 60)
    node.held["w1"] = replace(node.held["w1"], name=nasty, detail=nasty, node_names=(nasty,))
    go(page, "#/workload/w1")
    expect(page.get_by_role("heading", level=1)).to_contain_text(nasty)
    assert page.locator("main img").count() == 0


def test_it_can_be_read_everywhere(page: Page, node: FakeNode) -> None:
    submit(node, "big", 60)
    submit(node, "late", 8)
    node.start("w1")
    node.output["w1"] = b"step 1\nstep 2\n"
    sign_in(page, node, Role.OPERATOR)
    for name in ("w1", "w2"):
        go(page, f"#/workload/{name}")
        expect(page.locator("[data-what]")).to_have_count(3 if name == "w1" else 2)
        axe(page)
        fits(page)
        shot(page, f"workload-{name}")
    speak(page, "de")
    fits(page)
