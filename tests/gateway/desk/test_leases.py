"""Limits that several workers share: what is leased is never more than the limit allows."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from allod.gateway.inside import LeaseReturned, LeaseWanted
from allod.gateway.leases import GOOD_FOR_S, Leases
from allod.run.serving.table import KeyEntry


def key(requests: int | None, tokens: int | None) -> KeyEntry:
    return KeyEntry(
        id="k1", sha256="", project="p", rule="r", requests_per_min=requests, tokens_per_min=tokens
    )


def wanted(requests: int = 1, tokens: int = 0) -> LeaseWanted:
    return LeaseWanted(key="k1", requests=requests, tokens=tokens)


def leases(requests: int | None = None, tokens: int | None = None) -> Leases:
    made = Leases()
    made.set_limits([key(requests, tokens)])
    return made


class Uses(RuleBasedStateMachine):
    """Workers that want, use at the last moment, give back and die, in any order.

    A use is counted when it happens. Of a lease, a part is used at once, a part at the end of its
    time, and a part is given back or lost with its worker.
    """

    def __init__(self) -> None:
        super().__init__()
        self.limit, self.now_s = 120, 1000.0
        self.leases = leases(tokens=self.limit)
        self.out: list[tuple[float, int]] = []  # What workers still may use, and until when.
        self.used: list[tuple[float, int]] = []

    @rule(passed_s=st.sampled_from([0.0, 1.7, 13.0, 58.0, 60.5, 61.0]))
    def time_passes(self, passed_s: float) -> None:
        self.now_s += passed_s
        late = [lease for lease in self.out if lease[0] <= self.now_s]
        self.used += late  # The worst case: used in the last instant.
        self.out = [lease for lease in self.out if lease[0] > self.now_s]

    @rule(tokens=st.sampled_from([1, 40, 60, 119, 120, 121]))
    def a_worker_wants(self, tokens: int) -> None:
        given = self.leases.lease(wanted(tokens=tokens), self.now_s)
        assert given.tokens == 0 or given.tokens >= tokens
        assert (given.tokens == 0) == (given.retry_after_ms > 0)
        if given.tokens:
            self.out.append((self.now_s + GOOD_FOR_S, given.tokens))

    @precondition(lambda self: self.out)
    @rule(data=st.data())
    def a_worker_uses_some_and_gives_the_rest_back(self, data: Any) -> None:
        _, tokens = self.out.pop(data.draw(st.integers(0, len(self.out) - 1)))
        used = data.draw(st.integers(0, tokens))
        self.used.append((self.now_s, used))
        self.leases.give_back(LeaseReturned(key="k1", requests=0, tokens=tokens - used))

    @invariant()
    def no_minute_has_more_than_the_limit(self) -> None:
        for end_s, _ in self.used:
            within = sum(n for at_s, n in self.used if end_s - 60 < at_s <= end_s)
            assert within <= self.limit


TestUses = Uses.TestCase


@given(st.integers(1, 5000), st.lists(st.integers(1, 400), max_size=40))
def test_all_that_is_there_can_be_leased_in_one_minute(limit: int, wants: list[int]) -> None:
    """The other side of the limit: blocks keep nothing from whoever asks."""
    shared, given = leases(tokens=limit), 0
    for tokens in wants:
        lease = shared.lease(wanted(tokens=tokens), 5.0)
        assert (lease.tokens >= tokens) == (given + tokens <= limit)
        given += lease.tokens
        assert lease.tokens_left == limit - given


def test_what_was_refused_is_there_when_it_was_said_to_be() -> None:
    shared = leases(requests=3)
    for at_s in (0.0, 10.0, 20.0):
        assert shared.lease(wanted(), at_s).requests == 1
    refused = shared.lease(wanted(2), 30.0)
    assert refused.requests == 0
    later_s = 30.0 + refused.retry_after_ms / 1000
    assert shared.lease(wanted(2), later_s - 1.1).requests == 0
    assert shared.lease(wanted(2), later_s).requests == 2


def test_a_lease_counts_for_a_minute_from_its_last_possible_use() -> None:
    shared = leases(tokens=10)
    assert shared.lease(wanted(tokens=10), 0.9).tokens == 10
    assert shared.lease(wanted(tokens=1), 60.9 + GOOD_FOR_S - 0.01).tokens == 0
    assert shared.lease(wanted(tokens=10), 61.9 + GOOD_FOR_S).tokens == 10


def test_what_is_given_back_never_makes_room_for_what_was_used() -> None:
    shared = leases(tokens=20)
    shared.lease(wanted(tokens=10), 0.0)
    shared.lease(wanted(tokens=10), 50.0)
    shared.give_back(LeaseReturned(key="k1", requests=0, tokens=10))
    assert shared.lease(wanted(tokens=10), 55.0).tokens == 10
    # The ten of second 50 may be used ones, and those of 55 are out.
    assert shared.lease(wanted(tokens=1), 70.0).tokens == 0


def test_a_block_is_what_there_is_at_most() -> None:
    shared = leases(tokens=600)
    assert shared.lease(wanted(tokens=1), 0.0).tokens == 10
    assert shared.lease(wanted(tokens=587), 0.0).tokens == 587
    last = shared.lease(wanted(tokens=1), 0.0)
    assert (last.tokens, last.tokens_left) == (3, 0)


def test_both_limits_must_have_room_or_neither_is_used() -> None:
    shared = leases(requests=10, tokens=100)
    assert shared.lease(wanted(1, 101), 0.0).requests == 0
    assert shared.lease(wanted(10, 100), 0.0).requests == 10


def test_a_new_limit_holds_at_once_and_a_key_without_one_is_not_held() -> None:
    shared = leases(requests=10)
    assert shared.lease(wanted(8), 0.0).requests == 8
    shared.set_limits([key(9, None)])
    assert shared.lease(wanted(2), 1.0).requests == 0
    assert shared.lease(wanted(1), 1.0).requests == 1
    shared.set_limits([key(None, None)])
    assert shared.lease(wanted(50), 1.0).requests == 50
