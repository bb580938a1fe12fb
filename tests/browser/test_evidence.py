"""Evidence: the head of the log, receipts checked in the browser, what was so at an instant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from allod.domain.document import from_json, read_documents
from allod.run.node_views import Role
from tests.api.asking import workload
from tests.api.fake_node import FakeNode
from tests.api.test_audit import WORLD as FJORD
from tests.browser.control_room import Trouble, axe, fits, go, shot, sign_in, speak
from tests.prove.make_bundles import FOLDER

pytestmark = pytest.mark.browser

WORLD = FJORD.replace("name: fjord", "name: narvik")
KEY = "Key of the log that you trust"


@pytest.fixture
def node() -> FakeNode:
    node = FakeNode()
    node.apply(read_documents(WORLD)).result()
    for name, accelerators in (("first-light", 8), ("late", 60)):
        node.submit(from_json(workload(name, accelerators)), actor="somebody").result()
    node.log.grow(padding=3)
    return node


def take(page: Page, path: Path) -> None:
    page.locator("input[type=file]").set_input_files(path)


def trust(page: Page) -> None:
    """Give the key of the log of `tests/prove/bundles`."""
    page.get_by_label(KEY).fill((FOLDER / "log.vkey").read_text().strip())


def test_the_head_of_the_log_and_its_key(page: Page, node: FakeNode) -> None:
    go(page, "#/evidence")
    main = page.locator("main")
    expect(main).to_contain_text(node.log.key)
    expect(main).to_contain_text("allod-test")
    expect(main).to_contain_text("None has cosigned this checkpoint.")
    expect(page.get_by_text("This key came from the node itself.")).to_be_visible()


def test_a_node_that_has_sealed_nothing_yet(page: Page, node: FakeNode, trouble: Trouble) -> None:
    trouble.allow("status of 404")
    node.log._signed = None
    node.seal_fault = "the key is gone"
    go(page, "#/evidence")
    expect(page.get_by_text("This node has not published a checkpoint yet.")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("is not sealed now")
    expect(page.get_by_role("link", name="Checkpoint")).to_have_count(0)


def test_a_link_to_a_leaf_fetches_and_checks_it(page: Page, node: FakeNode) -> None:
    sign_in(page, node, Role.AUDITOR)
    go(page, "#/evidence?leaf=2")
    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text("proves what it says")
    expect(verdict).to_contain_text("decision/Placement")
    # Another one is looked for, and stands in the address.
    field = page.get_by_label("Leaf or workload")
    field.fill("w2")
    expect(field).to_have_value("w2")
    field.press("Enter")
    expect(page.get_by_text("w2.tlog-proof")).to_be_visible()
    expect(verdict).to_contain_text("proves what it says")
    assert page.url.endswith("#/evidence?workload=w2")


def test_an_answer_that_comes_late_is_not_taken_for_another(page: Page, node: FakeNode) -> None:
    sign_in(page, node, Role.AUDITOR)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/v1/receipts/2?disclose=all", hold)
    go(page, "#/evidence?leaf=2")
    field = page.get_by_label("Leaf or workload")
    expect(field).to_have_value("2")
    field.fill("w2")
    field.press("Enter")
    expect(page.get_by_text("w2.tlog-proof")).to_be_visible()
    with page.expect_response("**/v1/receipts/2?disclose=all"):
        held[0].continue_()
    expect(page.locator(".verdict")).to_contain_text("proves what it says")
    expect(page.get_by_text("leaf-2.tlog-proof")).to_have_count(0)
    expect(page.get_by_text("w2.tlog-proof")).to_be_visible()


def test_a_leaf_that_is_not_there(page: Page, node: FakeNode, trouble: Trouble) -> None:
    trouble.allow("status of 404")
    sign_in(page, node, Role.AUDITOR)
    go(page, "#/evidence?leaf=999")
    expect(page.get_by_role("alert")).to_contain_text("999")


def test_a_receipt_without_a_token(page: Page, trouble: Trouble) -> None:
    trouble.allow("status of 40[13]")
    go(page, "#/evidence?leaf=2")
    # Either the node lets everybody read, or says who may.
    expect(page.locator(".verdict, [role=alert], dialog[open]").first).to_be_visible()


def test_a_good_receipt_from_a_file(page: Page) -> None:
    go(page, "#/evidence")
    trust(page)
    take(page, FOLDER / "good.receipt")
    expect(page.locator(".verdict")).to_contain_text("proves what it says")
    expect(page.locator(".verdict")).to_contain_text("no server was asked")


def test_a_receipt_is_dropped(page: Page) -> None:
    go(page, "#/evidence")
    trust(page)
    data = page.evaluate_handle(
        """(text) => { const data = new DataTransfer();
          data.items.add(new File([text], "dropped.tlog-proof")); return data }""",
        (FOLDER / "good.receipt").read_text(),
    )
    page.locator(".drop").dispatch_event("drop", {"dataTransfer": data})
    expect(page.get_by_text("dropped.tlog-proof")).to_be_visible()
    expect(page.locator(".verdict")).to_contain_text("proves what it says")


def test_a_file_that_is_dropped_beside_its_place_opens_nothing(page: Page) -> None:
    go(page, "#/evidence")
    kept = page.evaluate(
        """() => ["dragover", "drop"].map((kind) => { const data = new DataTransfer();
          data.items.add(new File(["x"], "x.txt"));
          return !document.body.dispatchEvent(
            new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data })) })"""
    )
    assert kept == [True, True]


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("swapped-disclosure-other-value", "What is disclosed is not what the record says"),
        ("not-in-log-rewritten-leaf", "The record is not in the log that was signed"),
        ("wrong-key", "The log with this key has not signed it"),
        ("truncated-in-the-proof", "The file ends too early"),
    ],
)
def test_a_bad_receipt_proves_nothing_and_why(page: Page, file: str, why: str) -> None:
    go(page, "#/evidence")
    trust(page)
    take(page, FOLDER / f"{file}.receipt")
    expect(page.locator(".verdict")).to_contain_text("proves nothing")
    expect(page.locator(".verdict")).to_contain_text(why)


def test_a_receipt_of_another_log_does_not_fit_the_key_of_this(page: Page) -> None:
    go(page, "#/evidence")
    expect(page.get_by_label(KEY)).not_to_have_value("")
    take(page, FOLDER / "good.receipt")
    expect(page.locator(".verdict")).to_contain_text("The log with this key has not signed it")


def test_with_witnesses_and_a_checkpoint_of_before(page: Page) -> None:
    go(page, "#/evidence")
    trust(page)
    page.get_by_text("Witnesses, and a checkpoint from before").click()
    page.get_by_label("Which witnesses must have seen it").fill(
        (FOLDER / "witnesses.policy").read_text()
    )
    take(page, FOLDER / "good.receipt")
    expect(page.locator(".verdict")).to_contain_text("witnesses saw the log")
    page.get_by_label("A checkpoint that you kept").fill(
        (FOLDER / "known-200-and-on-to-300.checkpoint").read_text()
    )
    expect(page.locator(".verdict")).to_contain_text("It is the log that you know")
    page.get_by_label("A checkpoint that you kept").fill("no checkpoint")
    expect(page.locator("main").get_by_role("alert")).to_be_visible()


def test_what_was_so_at_an_instant(page: Page, node: FakeNode) -> None:
    sign_in(page, node, Role.AUDITOR)
    go(page, "#/evidence?site=narvik&at=2026-11-21T20:00:10Z")
    expect(page.get_by_role("heading", name="1 workload held room")).to_be_visible()
    expect(page.get_by_text("as of leaf")).to_contain_text("Fjord as of leaf")
    row = page.get_by_role("row", name="w1")
    expect(row).to_contain_text("norway")
    row.get_by_role("link", name="#2").click()
    expect(page.locator(".verdict")).to_contain_text("proves what it says")


def test_who_waits_for_the_log_to_be_read_is_told_so(page: Page, node: FakeNode) -> None:
    sign_in(page, node, Role.AUDITOR)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/v1/audit?**", hold)
    go(page, "#/evidence?site=narvik&at=2026-11-21T20:00:10Z")
    waits = page.get_by_text("The log is read up to then")
    expect(waits).to_be_visible()
    held[0].continue_()
    expect(page.get_by_text("as of leaf")).to_be_visible()
    expect(waits).to_have_count(0)


def test_an_instant_that_is_none(page: Page, node: FakeNode, trouble: Trouble) -> None:
    trouble.allow("status of 4")
    sign_in(page, node, Role.AUDITOR)
    go(page, "#/evidence")
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_text("as of leaf")).to_be_visible()
    page.get_by_label("Day or time (UTC)").fill("yesterday")
    page.get_by_role("button", name="Look").click()
    expect(page.locator("main").get_by_role("alert")).to_contain_text("yesterday")
    # What was so at another instant is no answer to this.
    expect(page.get_by_text("as of leaf")).to_have_count(0)


def test_a_site_with_a_long_title_fits_a_phone(
    page: Page, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    title = "A title that goes on for longer than any phone is wide, and then some more"
    sites = [replace(site, title=title) for site in node.sites()]
    monkeypatch.setattr(node, "sites", lambda: sites)
    go(page, "#/evidence")
    expect(page.locator("option", has_text=title).first).to_be_attached()
    fits(page, 360, 1280)


def test_it_can_be_read_everywhere(page: Page, node: FakeNode) -> None:
    sign_in(page, node, Role.AUDITOR)
    go(page, "#/evidence?leaf=2&site=narvik&at=2026-11-21T20:00:10Z")
    expect(page.locator(".verdict")).to_contain_text("proves what it says")
    expect(page.get_by_role("heading", name="1 workload held room")).to_be_visible()
    axe(page)
    fits(page)
    shot(page, "evidence")
    speak(page, "de")
    fits(page, 360, 1280)
