"""Which traces and replays go where too many are kept."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from allod.run.replays.keeping import to_go


@dataclass(frozen=True)
class One:
    actor: str
    number: int


def kept(actors: str) -> list[One]:
    """One of each letter's, in this order."""
    return [One(actor, number) for number, actor in enumerate(actors)]


@pytest.mark.parametrize(
    ("actors", "over", "gone"),
    [
        ("aaaa", 2, [0, 1]),
        ("abbb", 1, [1]),  # Not the oldest of all: `b` makes room for what `b` sent.
        ("abbb", 2, [1, 2]),
        ("abab", 2, [0, 1]),
        ("ab", 3, [0, 1]),
        ("ab", 0, []),
        ("ab", -1, []),
    ],
)
def test_who_keeps_most_makes_room(actors: str, over: int, gone: list[int]) -> None:
    ones = kept(actors)
    assert [one.number for one in to_go(ones, reversed(ones), over)] == gone


def test_what_is_in_use_counts_and_stays() -> None:
    ones = kept("aabbb")
    assert [one.number for one in to_go(ones, [ones[0], ones[4]], 1)] == [4]
