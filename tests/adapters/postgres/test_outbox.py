from __future__ import annotations

import pytest

from allod.adapters.postgres import Store
from allod.run.log import Act, ActNote, ActState, Answer, ViewChange
from tests.adapters.postgres.rows import leaves

NOTHING = ViewChange()


def act(number: int, not_before_s: int = 0) -> Act:
    return Act(f"w-{number}/1/start", f"w-{number}", 1, "start", bytes([number]), not_before_s)


def due_ids(store: Store, now_s: int = 1000) -> list[str]:
    return [due.act_id for due in store.acts_due(now_s, 100)]


def test_acts_come_out_as_they_went_in_and_in_order(store: Store) -> None:
    given = [act(number) for number in (9, 1, 5, 3)]
    store.append(leaves(0, 1), NOTHING, given[:2])
    store.append(leaves(1, 1), NOTHING, given[2:])
    assert store.acts_due(0, 100) == given
    assert store.acts_due(0, 3) == given[:3]


def test_the_same_act_again_changes_nothing(store: Store) -> None:
    store.append(leaves(0, 1), NOTHING, [act(1)])
    store.acts_done([ActNote("w-1/1/start", "done")])
    store.append(leaves(1, 1), NOTHING, [act(1), act(2), act(2)])
    assert due_ids(store) == ["w-2/1/start"]


def test_an_act_waits_for_its_time(store: Store) -> None:
    store.append(leaves(0, 1), NOTHING, [act(1, not_before_s=50)])
    assert due_ids(store, now_s=49) == []
    assert due_ids(store, now_s=50) == ["w-1/1/start"]


@pytest.mark.parametrize(
    ("state", "comes_back"),
    [("done", False), ("refused", False), ("unknown", True), ("pending", True)],
)
def test_only_what_is_open_is_asked_again(store: Store, state: ActState, comes_back: bool) -> None:
    store.append(leaves(0, 1), NOTHING, [act(1)])
    store.acts_done([ActNote("w-1/1/start", state, "said\0so", 70)])
    assert due_ids(store, now_s=69) == []
    if comes_back:
        (again,) = store.acts_due(70, 10)
        assert (again.state, again.attempts, again.detail) == (state, 1, "said�so")
        store.acts_done([ActNote("w-1/1/start", "done")])
    assert due_ids(store) == []


def test_done_and_refused_are_final(store: Store) -> None:
    store.append(leaves(0, 1), NOTHING, [act(1), act(2)])
    done, refused = ActNote("w-1/1/start", "done"), ActNote("w-1/1/start", "refused")
    assert store.acts_done([done]) == []
    assert store.acts_done([done, ActNote("w-2/1/start", "unknown")]) == []
    assert store.acts_done([refused, ActNote("w-3", "done")]) == ["w-1/1/start", "w-3"]
    assert due_ids(store) == ["w-2/1/start"]


def test_the_first_answer_under_a_key_stands(store: Store) -> None:
    first = Answer("key", bytes(range(256)), 202, b"\x00accepted\xff", 7)
    store.append(leaves(0, 1), NOTHING, (), [first])
    store.append(leaves(1, 1), NOTHING, (), [Answer("key", b"", 409, b"other", 8)])
    assert store.answer("key") == first
    assert store.answer("another") is None
    assert store.tail() == 2


def test_old_answers_are_dropped(store: Store) -> None:
    answers = [Answer(f"k{at_s}", b"", 200, b"", at_s) for at_s in (1, 2, 3)]
    store.append([], NOTHING, (), answers)
    assert store.answers_drop(before_s=3) == 2
    assert store.answer("k2") is None
    assert store.answer("k3") == answers[2]
