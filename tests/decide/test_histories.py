"""Histories: whatever happens, the rules hold, and the same events give the same decisions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from allod.decide.engine import Engine
from tests.decide.histories import Act, acts, class_names, play, worlds
from tests.decide.worlds import Json, Story

lists_of_acts = st.lists(acts, min_size=5, max_size=40)


def lived(documents: list[Json], history: list[Act], policy: str = "charter") -> Story:
    story = Story(documents, policy=policy)
    names = class_names(documents)
    for act in history:
        play(story, act, names)
    return story


@given(worlds(), lists_of_acts)
def test_every_account_and_rule_holds_after_every_step(documents: list[Json], history: list[Act]):
    lived(documents, history)


@given(worlds(), lists_of_acts, st.sampled_from(["easy", "fcfs"]))
def test_the_plain_policies_keep_the_same_accounts(
    documents: list[Json], history: list[Act], policy: str
):
    lived(documents, history, policy)


@given(worlds(), worlds(), lists_of_acts, lists_of_acts)
def test_documents_may_change_between_any_two_steps(
    documents: list[Json], changed: list[Json], before: list[Act], after: list[Act]
):
    story = lived(documents, before)
    play(story, ("documents", changed), ())
    names = class_names([d.to_json() for d in story.engine.documents.values()])
    for act in after:
        play(story, act, names)


@given(worlds(), lists_of_acts, lists_of_acts)
def test_a_restored_engine_goes_on_like_the_one_it_was_saved_from(
    documents: list[Json], before: list[Act], after: list[Act]
):
    story = lived(documents, before)
    saved = story.engine.snapshot()
    twin = Engine.restore(saved)
    assert twin.snapshot() == saved
    told = len(story.events)
    names = class_names(documents)
    for act in after:
        play(story, act, names)
    decided = [twin.step(event) for event in story.events[told:]]
    assert [one for some in decided for one in some] == story.decisions[
        -sum(map(len, decided)) :
    ] or not any(decided)
    assert twin.snapshot() == story.engine.snapshot()


@given(worlds(), lists_of_acts)
def test_the_same_events_give_the_same_decisions_and_the_same_state(
    documents: list[Json], history: list[Act]
):
    story = lived(documents, history)
    again = Engine(policy=story.policy)
    decided = [one for event in story.events for one in again.step(event)]
    assert decided == story.decisions
    assert again.snapshot() == story.engine.snapshot()
