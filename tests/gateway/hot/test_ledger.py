"""Limits over minutes: what is used beyond them is made up for, and nothing is given back twice."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from allod.gateway.hot import ledger
from allod.gateway.hot.errors import Refused
from allod.gateway.hot.ledger import Ledger
from allod.gateway.hot.limits import Account
from tests.gateway.hot.house import key


class Minutes:
    """A ledger of one key with 1000 tokens a minute, and the time."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now_s = 5000.0
        patch.setattr(ledger, "monotonic", lambda: self.now_s)
        self.ledger = Ledger(1, lambda message: None)
        entry = key(tokens_per_min=1000)
        self.ledger.renew((entry,))
        self.account: Account = self.ledger.account(entry)

    def takes(self, tokens: int) -> bool:
        call: Any = SimpleNamespace(account=self.account, reserved=tokens)
        try:
            return self.ledger.take(call, tokens)
        except Refused:
            return False

    def passes(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now_s += 1
            self.ledger.second()


def test_a_key_that_used_far_more_than_it_took_calls_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    minutes = Minutes(monkeypatch)
    assert minutes.takes(100)
    minutes.ledger.settle(minutes.account, 0, -3500, 1.0)
    waited = 0
    while not minutes.takes(100):
        waited += 1
        assert waited < 6
        minutes.passes(64)
    assert waited >= 3  # It was made up for, and not forgotten.


def test_what_was_taken_a_minute_ago_makes_no_room_when_it_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    minutes = Minutes(monkeypatch)
    assert all(minutes.takes(100) for _ in range(10))
    minutes.passes(66)
    assert sum(minutes.takes(100) for _ in range(20)) == 10
    for _ in range(10):  # Of the first ten, which went on for so long and came to nothing.
        minutes.ledger.settle(minutes.account, 0, 100, 66.0)
    minutes.passes(1)
    assert not minutes.takes(100)
    for _ in range(10):  # Those of now are given back as ever.
        minutes.ledger.settle(minutes.account, 0, 100, 1.0)
    assert minutes.takes(1000)
