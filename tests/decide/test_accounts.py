"""Accounts of projects: given is used, committed and left, at every time (C8)."""

from __future__ import annotations

import pytest

from allod.decide.accounts import Account, grant_accounts
from allod.domain.units import NEVER_S
from tests.decide.worlds import Story, one_pool, project

H = 3600


def account(story: Story, at_s: int | None = None) -> Account:
    """The account of project a."""
    return grant_accounts(story.engine, story.now_s if at_s is None else at_s)["a"]


def with_grants(*grants: dict[str, int], at_s: int = 0) -> Story:
    return Story([*one_pool(8)[:1], project("a", grants=list(grants))], at_s=at_s)


def shares(found: Account) -> tuple[int, int, int, int]:
    return found.given_s, found.used_s, found.committed_s, found.left_s


def test_a_run_is_committed_first_then_used_and_what_it_did_not_need_comes_back():
    story = with_grants({"accelerator_hours": 10})
    assert shares(account(story)) == (10 * H, 0, 0, 10 * H)
    assert account(story).until_s == NEVER_S
    name = story.submit(4, H)
    assert shares(account(story)) == (10 * H, 0, 4 * H, 6 * H)
    assert shares(account(story, 900)) == (10 * H, H, 3 * H, 6 * H)
    story.go_to(1800)
    story.end(name)
    assert shares(account(story)) == (10 * H, 2 * H, 0, 8 * H)


def test_work_that_waits_is_not_committed():
    story = with_grants({"accelerator_hours": 100})
    story.submit(8, H)
    story.submit(8, H)
    assert shares(account(story)) == (100 * H, 0, 8 * H, 92 * H)


def test_the_account_is_what_lets_work_in():
    story = with_grants({"accelerator_hours": 2})
    story.submit(1, H)
    left_s = account(story).left_s
    assert story.state(story.submit(1, left_s)) == "running"
    assert story.state(story.submit(1, 1)) == "waiting"
    assert account(story).left_s == 0


@pytest.mark.parametrize("at_s", range(0, 40, 5))
def test_nothing_is_lost_or_made_when_grants_come_and_end(at_s: int):
    story = with_grants(
        {"accelerator_hours": 1, "starts": 0, "ends": 20},
        {"accelerator_hours": 2, "starts": 10, "ends": 30},
    )
    story.submit(2, 15)
    story.go_to(at_s)
    found = account(story)
    assert found.given_s == found.used_s + found.committed_s + found.left_s
    holding = [hours for hours, a, b in ((1, 0, 20), (2, 10, 30)) if a <= at_s < b]
    assert found.given_s == sum(holding) * H
    assert found.until_s == (20 if at_s < 10 else 30 if at_s < 30 else 0)


def test_a_project_without_grants_has_no_account():
    assert grant_accounts(Story(one_pool(8)).engine, 0) == {}
