"""Submit: form and text in step, help from the schema, tried before it is sent, sent only once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from allod.domain.document import from_json
from allod.run.node_views import Role
from tests.api.asking import project, workload
from tests.api.fake_node import FakeNode
from tests.browser.control_room import Trouble, axe, fits, go, shot, sign_in, speak

pytestmark = pytest.mark.browser

TEXT = """\
# why it is asked for
apiVersion: allod/v1
kind: Workload
metadata: {name: hello}
spec:
  project: fjord
  accelerators: 4 # few
  wall_time_s: 1h
  command: [hostname]
"""


@pytest.fixture
def node() -> FakeNode:
    node = FakeNode()
    node.apply([from_json(project("fjord"))]).result()
    return node


def editor(page: Page) -> Locator:
    return page.locator(".cm-content")


def text_of(page: Page) -> str:
    return "\n".join(page.locator(".cm-line").all_inner_texts())


def write(page: Page, text: str) -> None:
    """Put `text` in place of what is there, as from the clipboard."""
    editor(page).click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


@pytest.fixture
def form(page: Page, node: FakeNode) -> Page:
    sign_in(page, node, Role.SUBMIT)
    go(page, "#/submit")
    expect(editor(page)).to_be_visible()
    return page


def test_form_and_text_are_in_step_and_comments_stay(form: Page) -> None:
    write(form, TEXT)
    count = form.get_by_label("Accelerators", exact=False).first
    expect(count).to_have_value("4")
    count.fill("8")
    count.press("Tab")
    expect(editor(form)).to_contain_text("accelerators: 8 # few")
    expect(editor(form)).to_contain_text("# why it is asked for")
    expect(form.get_by_label("Name", exact=True)).to_have_value("hello")
    form.get_by_label("narvik", exact=True).check()
    expect(editor(form)).to_contain_text("sites: [narvik]")


def test_what_is_written_is_there_again_after_a_look_elsewhere(form: Page, node: FakeNode) -> None:
    write(form, TEXT)
    form.get_by_role("link", name="Queue").click()
    expect(form.get_by_role("heading", level=1)).to_have_text("Queue")
    form.go_back()
    expect(editor(form)).to_contain_text("# why it is asked for")
    form.get_by_role("button", name="Submit", exact=True).press("Enter")
    expect(form.get_by_text("It is w1 now.")).to_be_visible()
    # What was sent is not there to be sent again.
    form.get_by_role("link", name="Queue").click()
    form.go_back()
    expect(editor(form)).not_to_contain_text("# why it is asked for")


def test_who_submits_by_keys_stays_at_the_button(form: Page) -> None:
    write(form, TEXT)
    submit = form.get_by_role("button", name="Try it")
    submit.press("Enter")
    expect(form.get_by_text("If it were submitted now")).to_be_visible()
    expect(submit).to_be_focused()


def test_one_writes_on_letter_by_letter(form: Page) -> None:
    write(form, TEXT)
    form.keyboard.press("Control+End")
    form.keyboard.type("# and so on")
    expect(editor(form)).to_be_focused()
    expect(editor(form)).to_contain_text("# and so on")


def test_fields_are_completed_and_explained(form: Page) -> None:
    write(form, TEXT.rstrip("\n") + "\n  ")
    form.keyboard.type("topo")
    option = form.locator(".cm-tooltip-autocomplete li[aria-selected]")
    expect(option).to_contain_text("topology")
    # CodeMirror takes no key in the moment in which it opens.
    form.wait_for_timeout(150)
    form.keyboard.press("Enter")
    form.keyboard.press("Control+Space")
    expect(form.locator(".cm-tooltip-autocomplete li").first).to_be_visible()
    form.keyboard.press("Escape")
    form.locator(".cm-line", has_text="wall_time_s").hover(position={"x": 30, "y": 5})
    expect(form.locator(".cm-tooltip .help")).not_to_be_empty()


def test_the_keyboard_leaves_the_editor(form: Page) -> None:
    editor(form).focus()
    form.keyboard.press("Escape")
    form.keyboard.press("Tab")
    expect(editor(form)).not_to_be_focused()
    expect(form.get_by_role("button", name="Try it")).to_be_focused()


def test_a_text_that_is_none_marks_its_line_and_stops_the_form(form: Page) -> None:
    write(form, "spec:\n  command: [1\nkind: x\n")
    expect(form.get_by_role("alert").first).to_contain_text("line")
    expect(form.locator(".cm-lint-marker-error")).not_to_have_count(0)
    expect(form.get_by_label("Name", exact=True)).to_be_disabled()
    expect(form.get_by_role("button", name="Submit", exact=True)).to_be_disabled()
    expect(form.get_by_text("The form waits")).to_be_visible()
    write(form, TEXT)
    expect(form.get_by_label("Name", exact=True)).to_be_enabled()


def test_a_mistake_that_the_node_finds_marks_its_line(form: Page, trouble: Trouble) -> None:
    trouble.allow("status of 422")
    write(form, TEXT.replace("accelerators: 4", "accelerators: -4"))
    form.get_by_role("button", name="Try it").click()
    expect(form.get_by_role("alert")).to_contain_text("accelerators")
    marked = form.locator(".cm-lintRange-error")
    expect(marked.first).to_contain_text("-4")


def test_trying_shows_where_it_would_go_and_keeps_nothing(form: Page, node: FakeNode) -> None:
    write(form, TEXT)
    form.get_by_role("button", name="Try it").click()
    expect(form.get_by_text("narvik · gb300 · 4 accelerators")).to_be_visible()
    assert not node.held


def test_trying_what_never_fits_shows_all_that_is_in_its_way(form: Page) -> None:
    write(form, TEXT.replace("accelerators: 4", "accelerators: 400"))
    form.get_by_role("button", name="Try it").click()
    expect(form.locator('main li[data-site="narvik"]')).to_contain_text("needs 400 accelerators")
    expect(form.locator('main li[data-site="morocco"]')).to_contain_text("never as asked for")


def test_no_answer_came_and_sending_again_starts_nothing_twice(
    form: Page, node: FakeNode, trouble: Trouble
) -> None:
    trouble.allow("net::ERR")
    write(form, TEXT)

    def lost(route: Route) -> None:
        # The node takes it; its answer gets lost.
        route.fetch()
        route.abort()

    form.route("**/v1/workloads", lost)
    form.get_by_role("button", name="Submit", exact=True).click()
    expect(form.get_by_text("Sending it again is safe")).to_be_visible()
    assert list(node.held) == ["w1"]
    form.unroute("**/v1/workloads")
    form.get_by_role("button", name="Submit", exact=True).click()
    expect(form.get_by_role("heading", name="It is w1 now.")).to_be_visible()
    assert list(node.held) == ["w1"]
    # Asked for once more it is another one.
    form.get_by_role("button", name="Submit once more").click()
    expect(form.get_by_role("heading", name="It is w2 now.")).to_be_visible()


def test_a_reader_is_told_that_more_is_needed(page: Page, node: FakeNode) -> None:
    sign_in(page, node, Role.READ)
    go(page, "#/submit")
    expect(page.get_by_text("Your token may read only.")).to_be_visible()
    expect(page.get_by_role("button", name="Submit", exact=True)).to_be_disabled()
    expect(page.locator("#nav").get_by_role("link", name="Submit")).to_have_count(0)


def test_a_refusal_is_told_in_the_words_of_the_node(
    form: Page, node: FakeNode, trouble: Trouble
) -> None:
    trouble.allow("status of 403")
    write(form, TEXT)
    # The page does not know yet that the token may read only.
    reader = node.token_make("reader", Role.READ)
    form.route(
        "**/v1/workloads",
        lambda route: route.continue_(
            headers=route.request.headers | {"authorization": f"Bearer {reader}"}
        ),
    )
    form.get_by_role("button", name="Submit", exact=True).click()
    expect(form.get_by_role("alert")).to_contain_text("role")
    assert not node.held


def test_a_token_that_has_ended_is_asked_for_and_then_it_goes_on(
    form: Page, node: FakeNode, trouble: Trouble
) -> None:
    trouble.allow("status of 401")
    write(form, TEXT)
    second = node.token_make("second", Role.SUBMIT)

    def ended(route: Route) -> None:
        # The node has forgotten the first token.
        known = second in route.request.headers["authorization"]
        token = second if known else "forgotten"
        route.continue_(headers=route.request.headers | {"authorization": f"Bearer {token}"})

    form.route("**/v1/workloads", ended)
    form.get_by_role("button", name="Submit", exact=True).click()
    dialog = form.get_by_role("dialog")
    expect(dialog).to_contain_text("does not know this token")
    dialog.get_by_label("Token", exact=True).fill("secret-of-second")
    form.keyboard.press("Enter")
    expect(form.get_by_role("heading", name="It is w1 now.")).to_be_visible()
    # What was written is still there.
    expect(editor(form)).to_contain_text("# why it is asked for")
    assert list(node.held) == ["w1"]


def test_it_begins_after_a_workload_of_before(page: Page, node: FakeNode) -> None:
    node.submit(from_json(workload("before", 60))).result()
    sign_in(page, node, Role.SUBMIT)
    go(page, "#/submit?from=w1&accelerators=8")
    expect(editor(page)).to_contain_text("name: before")
    expect(editor(page)).to_contain_text("accelerators: 8")


def test_it_can_be_read_everywhere(form: Page) -> None:
    write(form, TEXT)
    form.get_by_role("button", name="Try it").click()
    expect(form.get_by_text("narvik · gb300")).to_be_visible()
    axe(form)
    fits(form)
    shot(form, "submit")
    speak(form, "de")
    fits(form, 360, 1280)
