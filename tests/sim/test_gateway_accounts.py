"""Accounts of the chaos run: records of calls that nobody can name find theirs, or are faults."""

from __future__ import annotations

from typing import Any

from allod.run.serving.usage import UsageRecord
from tests.sim.gateway_accounts import Accounts, settled
from tests.sim.gateway_callers import Fate, Plan
from tests.sim.ledger_engine import Count


def record(number: int, outcome: Any, answer: int) -> UsageRecord:
    """Of an engine that says no prompt before its end."""
    return UsageRecord(
        id=f"r{number}", key="k", project="p", access_class="c", service="s", model="plain",
        site="here", replica="e", operation="chat", stream=True, status=200, outcome=outcome,
        answer_tokens=answer, received_at_ms=0,
    )  # fmt: skip


def of(counts: list[Count], *billed: tuple[str, int]) -> Accounts:
    """Accounts of calls of which nobody heard the end, by what engines sent and what was billed."""
    plans = [Plan(call, "plain", 24, True, None, None, False) for call in range(1, len(counts) + 1)]
    records = [record(number, *one) for number, one in enumerate(billed)]
    ledger = {call: count for call, count in enumerate(counts, 1) if count.answer_meant}
    fates = {plan.call: Fate(left=True) for plan in plans}
    return settled(plans, fates, records, ledger, frozenset({"plain"}))


def test_what_a_killed_worker_had_read_in_part_is_not_given_to_who_left() -> None:
    # The first left after two tokens; the second and the third were at the worker that was killed.
    counts = [Count(2, 2), Count(3, 3), Count(0, 0)]
    for order in (counts, counts[::-1]):
        told = of(order, ("interrupted", 2), ("left", 2), ("interrupted", 0))
        assert told.faults == []
        assert (told.billed, told.unread) == (4, 1)


def test_who_has_least_to_choose_from_chooses_first() -> None:
    # Of the first a part may have left its engine, or not, when that was killed.
    assert of([Count(3, 4), Count(3, 3)], ("left", 3), ("left", 4)).faults == []
    told = of([Count(9, 9), Count(4, 4)], ("interrupted", 7), ("interrupted", 4))
    assert told.faults == []
    assert told.unread == 2


def test_tokens_that_no_engine_sent_or_that_nobody_was_billed_are_faults() -> None:
    assert of([Count(2, 2)], ("left", 2)).faults == []
    for counts, billed in (
        ([Count(2, 2)], [("left", 3)]),
        ([Count(2, 2)], [("left", 1)]),
        ([Count(2, 2)], [("left", 2), ("left", 2)]),
        ([Count(2, 2)], [("interrupted", 3)]),
        ([Count(2, 2), Count(5, 5)], [("left", 2)]),
        ([Count(0, 0)], [("left", 1)]),
    ):
        assert of(counts, *billed).faults, (counts, billed)
