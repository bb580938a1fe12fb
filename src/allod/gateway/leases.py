"""Limits of keys, leased to workers in blocks so that several keep one limit.

What is leased to all workers together stays within the limit in every minute, however it is used:
a block counts from when it is leased until a minute after the worker may last have used it. Time
is told by the caller, and nothing here waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil

from allod.gateway.inside import LeaseGiven, LeaseReturned, LeaseWanted
from allod.run.serving.table import KeyEntry

#: A worker may use a block so long; then it asks again. [s]
GOOD_FOR_S = 2
#: What was leased counts so long: the minute of the limit from the last use on. Slots are whole
#: seconds, hence one more. [s]
_COUNTS_S = 60 + GOOD_FOR_S + 1
#: A block is what the limit allows in one second, if a call does not want more.
_BLOCKS_A_MIN = 60


@dataclass(slots=True)
class _Limit:
    """So much a minute, and what was leased of it in each second that still counts."""

    a_min: int
    leased: int = 0
    slots: deque[list[int]] = field(default_factory=deque)  #: [second, amount], oldest first.

    def left(self, now_s: float) -> int:
        while self.slots and self.slots[0][0] + _COUNTS_S <= now_s:
            self.leased -= self.slots.popleft()[1]
        return self.a_min - self.leased

    def take(self, amount: int, now_s: float) -> None:
        second = int(now_s)
        if self.slots and self.slots[-1][0] >= second:
            self.slots[-1][1] += amount
        else:
            self.slots.append([second, amount])
        self.leased += amount

    def give_back(self, amount: int) -> None:
        # The oldest first: what then still counts was leased later than what is out, never sooner.
        while amount > 0 and self.slots:
            given = min(amount, self.slots[0][1])
            self.slots[0][1] -= given
            self.leased -= given
            amount -= given
            if not self.slots[0][1]:
                self.slots.popleft()

    def free_in_s(self, amount: int, now_s: float) -> float:
        """When so much will be there; a minute if it never will."""
        missing = amount - self.left(now_s)
        for second, leased in self.slots:
            if missing <= 0:
                break
            missing -= leased
            if missing <= 0:
                return max(0.0, second + _COUNTS_S - now_s)
        return 0.0 if missing <= 0 else 60.0


class Leases:
    """The limits of all keys."""

    def __init__(self) -> None:
        self._requests: dict[str, _Limit] = {}
        self._tokens: dict[str, _Limit] = {}

    def set_limits(self, keys: Iterable[KeyEntry]) -> None:
        """These keys there are, with these limits; what was leased of them stays leased."""
        keys = list(keys)
        _set(self._requests, {key.id: key.requests_per_min for key in keys})
        _set(self._tokens, {key.id: key.tokens_per_min for key in keys})

    def lease(self, wanted: LeaseWanted, now_s: float) -> LeaseGiven:
        """What a worker gets: all that it wants or nothing, and a block where there is one."""
        requests = self._requests.get(wanted.key)
        tokens = self._tokens.get(wanted.key)
        wait_s = max(
            requests.free_in_s(wanted.requests, now_s) if requests else 0.0,
            tokens.free_in_s(wanted.tokens, now_s) if tokens else 0.0,
        )
        given_requests = given_tokens = 0
        if not wait_s:
            given_requests = _taken(requests, wanted.requests, now_s)
            given_tokens = _taken(tokens, wanted.tokens, now_s)
        return LeaseGiven(
            key=wanted.key,
            requests=given_requests,
            tokens=given_tokens,
            good_for_ms=GOOD_FOR_S * 1000,
            retry_after_ms=ceil(wait_s * 1000),
            requests_left=max(0, requests.left(now_s)) if requests else 0,
            tokens_left=max(0, tokens.left(now_s)) if tokens else 0,
        )

    def give_back(self, returned: LeaseReturned) -> None:
        """What a worker had leased and did not use."""
        if limit := self._requests.get(returned.key):
            limit.give_back(returned.requests)
        if limit := self._tokens.get(returned.key):
            limit.give_back(returned.tokens)


def _set(limits: dict[str, _Limit], wanted: dict[str, int | None]) -> None:
    for key, a_min in wanted.items():
        if a_min is None:
            limits.pop(key, None)
        elif key in limits:
            limits[key].a_min = a_min
        else:
            limits[key] = _Limit(a_min)
    for key in limits.keys() - wanted.keys():
        del limits[key]


def _taken(limit: _Limit | None, wanted: int, now_s: float) -> int:
    """Lease what is wanted, or a block if that is more and there."""
    if limit is None:
        return wanted
    given = max(wanted, min(limit.a_min // _BLOCKS_A_MIN, limit.left(now_s)))
    limit.take(given, now_s)
    return given
