"""The page of replays: a trace is sent, a charter changed, a replay watched, two compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from allod.domain.document import from_json
from allod.run.node_views import Role
from allod.run.replays.desk import Desk
from tests.api.asking import project
from tests.api.fake_node import START_S, FakeNode
from tests.browser.control_room import Trouble, axe, fits, go, settled, shot, sign_in, speak
from tests.run.replays.asking import PRESENT, Json, Stage, desk_in, document, question, sent, until

pytestmark = pytest.mark.browser

SITE = document(
    "Site", "fjord", title="Fjord", country="NO", operator="a", management=["NO"], metadata=["NO"]
)


def figure(name: str, value: float | None, unit: str = "1", **of: str) -> Json:
    where = {"scope": "all", "site": "", "of": "", **of}
    return {"name": name, "value": value, "unit": unit, "basis": f"of {name}", **where}


def came_to(wait_s: int, used: float) -> Json:
    """An outcome with figures of every scope and two series."""
    head = {"site": "", "start_s": START_S, "step_s": 3600, "basis": "mean of each step"}
    return {
        "title": "Fjord",
        "first_submit_at_s": START_S,
        "last_end_at_s": START_S + 4 * 3600,
        "figures": [
            figure("placed", 3),
            figure("wait_p95_s", wait_s, "s"),
            figure("utilisation", used),
            figure("energy_wh", 5_000_000, "Wh"),
            figure("power_peak_w", 40_000, "W", scope="site", site="fjord"),
            figure("placed", 2, scope="class", site="fjord", of="all"),
            figure("placed", 3, scope="project", of="media"),
        ],
        "series": [
            {"name": "utilisation", "unit": "1", "values": [used, None, used, 0.2], **head},
            {"name": "power", "unit": "W", "values": [40_000, 0, 20_000, 10_000], **head},
        ],
        "assumed": ["the network takes 5 % of the power"],
    }


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.replays_wait = False
    stage.came_to = came_to(7200, 0.5)
    return stage


@pytest.fixture
def desk(node: FakeNode, stage: Stage, tmp_path: Path) -> Iterator[Desk]:
    node.replays = desk_in(tmp_path, stage)
    node.apply([from_json(one) for one in (SITE, *PRESENT[1:])]).result()
    yield node.replays
    node.replays.close()


def replayed(desk: Desk, trace: str, state: str = "done", **more: object) -> str:
    """A replay that has come to `state`."""
    id = desk.ask(question(trace, **more), actor="operator").replay.id
    until(lambda: desk.get(id).state == state)
    return id


def test_nothing_yet_says_what_to_do(page: Page, node: FakeNode, desk: Desk) -> None:
    sign_in(page, node, Role.SUBMIT)
    go(page, "#/replay")
    expect(page.get_by_text("Nothing has been replayed yet")).to_be_visible()
    expect(page.get_by_text("No trace has been sent yet")).to_be_visible()
    axe(page)
    fits(page)
    page.get_by_role("link", name="New replay").first.click()
    expect(page.get_by_role("button", name="Start the replay")).to_be_enabled()


def test_who_may_not_ask_is_told(page: Page, node: FakeNode, desk: Desk) -> None:
    id = replayed(desk, sent(desk).id)
    sign_in(page, node, Role.READ)
    go(page, "#/replay")
    expect(page.get_by_text("Your token may read replays")).to_be_visible()
    expect(page.get_by_role("link", name="New replay")).to_have_count(0)
    go(page, f"#/replay/{id}")
    expect(page.get_by_text("What it came to")).to_be_visible()
    expect(page.get_by_role("button", name="Remove")).to_have_count(0)
    go(page, "#/replay/new")
    expect(page.get_by_role("button", name="Start the replay")).to_be_disabled()


def test_a_trace_is_sent_and_a_charter_changed(
    page: Page, node: FakeNode, desk: Desk, stage: Stage
) -> None:
    sign_in(page, node, Role.OPERATOR)
    go(page, "#/replay/new")
    page.locator('input[type="file"]').set_input_files(
        {"name": "jobs.csv", "mimeType": "text/csv", "buffer": b"job_id\n1\n"}
    )
    expect(page.get_by_role("combobox", name="Trace", exact=True)).to_contain_text(
        "jobs.csv (3 jobs)"
    )
    assert page.get_by_role("combobox", name="Trace", exact=True).input_value().startswith("trace-")
    editor = page.get_by_role("textbox", name="Charter/fjord as YAML")
    expect(editor).to_contain_text("floor: 4")
    editor.get_by_text("floor: 4").click()
    page.keyboard.press("End")
    page.keyboard.type("2")
    expect(page.get_by_text("Changed Charter/fjord")).to_be_visible()
    page.get_by_label("What you call it").fill("wider floor")
    settled(page)
    axe(page)
    fits(page)
    shot(page, "replay-new")
    page.get_by_role("button", name="Start the replay").click()
    expect(page).to_have_url(re.compile(r"#/replay/replay-\w+$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("wider floor")
    expect(page.locator(".badge").first).to_have_text("done")
    given = stage.replay().task["documents"]
    charter = next(one for one in given if one["kind"] == "Charter")
    assert charter["spec"]["classes"][0]["floor"] == 42


def test_whose_the_jobs_are_is_asked_where_nothing_says_it(
    page: Page, node: FakeNode, desk: Desk, stage: Stage
) -> None:
    node.apply([from_json(project("ships"))]).result()
    trace = sent(desk).id
    until(lambda: desk.traces.get(trace).facts)
    sign_in(page, node, Role.SUBMIT)
    go(page, f"#/replay/new?trace={trace}")
    for name in ("media", "ships"):
        page.get_by_label(name, exact=True).fill("0")
    expect(page.get_by_role("button", name="Start the replay")).to_be_disabled()
    page.get_by_label("media", exact=True).fill("2")
    page.get_by_role("button", name="Start the replay").click()
    expect(page).to_have_url(re.compile(r"#/replay/replay-\w+$"))
    scenario = stage.replay().task["documents"][-1]
    assert scenario["spec"]["mapping"]["portions"] == [{"project": "media", "weight": 2}]


def test_what_the_node_refuses_is_said_where_it_was_asked(
    page: Page, node: FakeNode, desk: Desk, trouble: Trouble
) -> None:
    trouble.allow("status of 422")
    sign_in(page, node, Role.SUBMIT)
    go(page, "#/replay/new")
    page.get_by_label("Only jobs from").fill("soon")
    page.get_by_role("button", name="Start the replay").click()
    expect(page.get_by_role("alert").first).to_contain_text("from")
    expect(page).to_have_url(re.compile(r"#/replay/new$"))
    page.get_by_label("Only jobs from").fill("2d")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_file_that_is_refused_is_told(
    page: Page, node: FakeNode, desk: Desk, trouble: Trouble
) -> None:
    trouble.allow("status of 422")
    sign_in(page, node, Role.SUBMIT)
    go(page, "#/replay/new")
    page.locator('input[type="file"]').set_input_files(
        {"name": "empty.csv", "mimeType": "text/csv", "buffer": b""}
    )
    expect(page.get_by_role("alert")).to_contain_text("send the file as the body")
    expect(page.locator("button", has_text="Choose a file")).to_be_visible()


def test_one_that_runs_is_watched_and_cancelled(
    page: Page, node: FakeNode, desk: Desk, stage: Stage
) -> None:
    stage.replays_wait = True
    id = replayed(desk, sent(desk).id, "running", name="long")
    sign_in(page, node, Role.OPERATOR)
    go(page, "#/replay")
    expect(page.locator(f'[data-replay="{id}"] .badge')).to_have_text("running")
    expect(page.locator(f'[data-replay="{id}"] progress')).to_be_visible()
    page.get_by_role("link", name="long").click()
    page.get_by_role("button", name="Cancel it").click()
    expect(page.get_by_role("dialog")).to_contain_text("It ends at once")
    page.get_by_role("button", name="Cancel the replay").click()
    expect(page.locator(".badge").first).to_have_text("cancelled")
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page).to_have_url(re.compile(r"#/replay$"))
    expect(page.get_by_text("Nothing has been replayed yet")).to_be_visible()


def test_one_of_another_is_left_alone(page: Page, node: FakeNode, desk: Desk) -> None:
    id = replayed(desk, sent(desk).id)
    sign_in(page, node, Role.SUBMIT)
    go(page, f"#/replay/{id}")
    expect(page.get_by_text("What it came to")).to_be_visible()
    expect(page.get_by_role("button", name="Remove")).to_have_count(0)


def test_an_outcome_is_told_in_groups(page: Page, node: FakeNode, desk: Desk) -> None:
    id = replayed(desk, sent(desk).id, name="as it is")
    sign_in(page, node, Role.OPERATOR)
    go(page, f"#/replay/{id}")
    waited = page.locator('tr[data-figure="wait_p95_s"]')
    expect(waited).to_contain_text("2 h")
    expect(waited).to_contain_text("of wait_p95_s")
    for group in ("All together", "By site", "By access class", "By project"):
        expect(page.get_by_role("heading", name=group)).to_be_visible()
    expect(
        page.get_by_role("cell", name="40.0 kW").or_(page.get_by_role("cell", name="40 kW"))
    ).to_be_visible()
    expect(page.get_by_role("link", name="media")).to_have_attribute("href", "#/projects/media")
    for series in ("Utilisation", "Power at the meter"):
        expect(page.get_by_role("img", name=series)).to_be_visible()
    page.get_by_text("As a table").first.click()
    table = page.get_by_role("region", name="Utilisation")
    expect(table.get_by_role("row")).to_have_count(5)
    expect(table.get_by_role("cell", name="50 %").first).to_be_visible()
    expect(page.get_by_text("the network takes 5 % of the power")).to_be_visible()
    axe(page)
    fits(page)
    shot(page, "replay")
    speak(page, "de")
    fits(page, 360, 390)


def test_two_are_chosen_and_compared(page: Page, node: FakeNode, desk: Desk, stage: Stage) -> None:
    trace = sent(desk).id
    first = replayed(desk, trace, name="as it is")
    stage.came_to = came_to(3600, 0.6)
    second = replayed(desk, trace, name="easy", policy="easy")
    sign_in(page, node, Role.OPERATOR)
    go(page, "#/replay")
    shot(page, "replays")
    page.get_by_label("Choose as it is to compare").check()
    page.get_by_label("Choose easy to compare").check()
    page.get_by_role("link", name="Compare these two").click()
    expect(page).to_have_url(re.compile(re.escape(f"compare={first}%2C{second}")))
    policy = page.locator('tr[data-input="policy"]')
    expect(policy).to_contain_text("charter")
    expect(policy).to_contain_text("easy")
    waited = page.locator('tr[data-figure="wait_p95_s"]')
    expect(waited).to_have_attribute("data-way", "better")
    expect(waited).to_contain_text("−1 h (−50 %)")
    expect(page.locator('tr[data-figure="placed"]')).to_have_count(0)
    page.get_by_label("Those that are the same too").check()
    expect(page.locator('tr[data-figure="placed"]').first).to_contain_text("=")
    settled(page)
    axe(page)
    fits(page)
    shot(page, "replay-compared")
    page.get_by_role("link", name="Swap A and B").click()
    expect(waited).to_have_attribute("data-way", "worse")


def test_a_replay_that_is_not_there(
    page: Page, node: FakeNode, desk: Desk, trouble: Trouble
) -> None:
    trouble.allow("status of 404")
    go(page, "#/replay/replay-nothing")
    expect(page.get_by_role("alert").first).to_contain_text("replay-nothing")
