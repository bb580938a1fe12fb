"""Projects as a node shows them: grants by the engine's account, rules in words, live work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from allod.bootstrap import real_engine
from allod.decide.accounts import Account
from allod.domain.document import Document, from_json
from allod.domain.project import Project
from allod.domain.said import said
from allod.errors import NotFound
from allod.run.node import Node
from allod.run.node_views import DocumentView, State
from allod.run.pace import Pace
from allod.run.project_views import GrantState, ProjectView
from allod.run.projects import project_view, rule_told
from tests.run.memory_store import MemoryStore
from tests.run.world import HandClock, ScriptedRunner, site, until, workload

WAIT_S = 60
H = 3600
RULE = {
    "storage": ["NO", "SE"],
    "processing": [],
    "control": {"within": ["eea"], "excluded": ["US"], "foreign_share_max_bp": 4950},
    "basis": "Health Register Act",
}


def project(name: str = "ours", **spec: Any) -> Document:
    body = {"apiVersion": "allod/v1", "kind": "Project", "metadata": {"name": name}, "spec": spec}
    return from_json(body)


@pytest.fixture
def node(store: MemoryStore, clock: HandClock, runner: ScriptedRunner) -> Iterator[Node]:
    """A node that decides for real."""
    pace = Pace(runner_threads=2, poll_s=0.01, observe_s=0.02)
    with Node(store, real_engine(), {"local": runner}, clock, pace=pace) as opened:
        opened.start()
        opened.apply(
            [
                site(units=4),
                project(title="Ours", grants=[{"accelerator_hours": 10}]),
                project("free", residency=RULE),
            ],
            actor="op",
        ).result(WAIT_S)
        yield opened


def test_a_project_shows_its_account_and_its_work(node: Node, clock: HandClock) -> None:
    for units in (3, 2):
        node.submit(workload("job", units, wall_time_s=H)).result(WAIT_S)
    until(lambda: node.workload("w1").state is State.RUNNING)
    clock.at_s += 600
    free, ours = node.projects.all()
    assert (free.name, free.bound, free.grants, free.account) == ("free", False, (), None)
    assert (ours.name, ours.title, ours.actor, ours.bound) == ("ours", "Ours", "op", True)
    (grant,) = ours.grants
    assert (grant.state, grant.given_accelerator_s) == (GrantState.OPEN, 10 * H)
    assert (grant.used_accelerator_s, grant.committed_accelerator_s) == (1800, 9000)
    assert grant.left_accelerator_s == 7 * H
    assert ours.account is not None and ours.account.used_accelerator_s == 1800
    assert (ours.work.running, ours.work.waiting) == (1, 1)
    assert (ours.work.held_accelerators, ours.work.waiting_accelerators) == (3, 2)
    assert free.work.running == 0
    assert ours.rule == () and free.rule == (
        "stored in NO, SE",
        "processed in nowhere",
        "controlled only from eea",
        "controlled by nobody seated in US",
        "at most 49.5 % of the operator in foreign hands",
    )
    assert free.rule_says == (
        said("stored-in", places="NO, SE"),
        said("processed-in", places="nowhere"),
        said("controlled-from", places="eea"),
        said("not-controlled-from", places="US"),
        said("foreign-share", bp=4950),
    )
    assert free.rule_basis == "Health Register Act"
    assert node.projects.one("free") == free
    with pytest.raises(NotFound, match="our"):
        node.projects.one("our")


def at(at_s: int, account: Account, *grants: dict[str, Any]) -> ProjectView:
    document = project(grants=list(grants))
    assert isinstance(document.spec, Project)
    shown = DocumentView(
        kind="Project", name="ours", document=document.to_json(), seq=1, changed_at_s=0, actor=""
    )
    return project_view(shown, document.spec, account, None, at_s)


@pytest.mark.parametrize(
    ("at_s", "states", "used"),
    [
        (5, ["to-come", "to-come"], [0, 0]),
        (15, ["open", "to-come"], [7, 0]),
        (25, ["open", "open"], [None, None]),
        (35, ["ended", "open"], [None, 7]),
        (45, ["ended", "ended"], [None, None]),
    ],
)
def test_use_is_told_of_a_grant_that_holds_alone(
    at_s: int, states: list[str], used: list[int | None]
) -> None:
    account = Account(given_s=2 * H, used_s=7, committed_s=0, left_s=H, until_s=40)
    view = at(
        at_s,
        account,
        {"accelerator_hours": 2, "starts": 10, "ends": 30},
        {"accelerator_hours": 2, "starts": 20, "ends": 40},
    )
    assert [grant.state for grant in view.grants] == states
    assert [grant.used_accelerator_s for grant in view.grants] == used
    assert all(grant.basis for grant in view.grants)


@pytest.mark.parametrize(("left_s", "state"), [(H - 1, "used-up"), (H, "open")])
def test_less_than_an_accelerator_hour_is_nothing_left(left_s: int, state: str) -> None:
    account = Account(given_s=H, used_s=0, committed_s=0, left_s=left_s, until_s=40)
    (grant,) = at(0, account, {"accelerator_hours": 1}).grants
    assert grant.state == state


def test_a_rule_that_says_nothing_has_no_words() -> None:
    document = project(residency={"basis": "none"})
    assert isinstance(document.spec, Project) and document.spec.residency is not None
    assert list(rule_told(document.spec.residency)) == []
