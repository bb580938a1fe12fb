"""How far a call had come: by hand, and what windows cut out of it adds up."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from allod.energy.stay import Stay, Work
from tests.energy.calls import TIMES, stays

CALL = Stay(call="a", sent_ms=1000, first_ms=2000, end_ms=6000, prompt=110, cached=10, answer=8)


def test_a_stream_reads_its_prompt_first_and_then_makes_its_answer() -> None:
    assert CALL.within(1000, 1500) == Work(50, 0, 0)
    assert CALL.within(1500, 2000) == Work(50, 0, 0)
    # Four tokens: before them 110, 111, 112 and 113.
    assert CALL.within(2000, 4000) == Work(0, 4, 446)
    assert CALL.within(0, 9000) == Work(100, 8, 8 * 110 + 28)


def test_what_is_no_stream_does_both_all_the_while() -> None:
    call = Stay(call="a", sent_ms=0, first_ms=1000, end_ms=1000, prompt=100, cached=0, answer=10)
    assert call.within(0, 500) == Work(50, 5, 510)


def test_a_call_shorter_than_a_millisecond_is_in_one_window() -> None:
    call = Stay(call="a", sent_ms=5, first_ms=5, end_ms=5, prompt=3, cached=0, answer=1)
    assert (call.within(0, 5), call.within(5, 10)) == (Work(3, 1, 3), Work())
    assert call.touches(0, 5)
    assert not call.touches(5, 10)


def test_times_that_contradict_each_other_are_put_in_order() -> None:
    call = Stay.of(
        "a", received_at_ms=100, waited_ms=90, first_ms=10, took_ms=50, stream=True,
        tokens=(5, 9, 2),
    )  # fmt: skip
    assert (call.sent_ms, call.first_ms, call.end_ms, call.cached) == (150, 150, 150, 5)


@given(stays("a"), st.lists(TIMES, min_size=2, max_size=8))
def test_windows_cut_a_call_into_parts_that_add_up_and_are_never_below_zero(
    call: Stay, cuts: list[int]
) -> None:
    edges = sorted({-1, 60_001, *cuts})
    parts = [call.within(*edge) for edge in pairwise(edges)]
    assert sum(part.prefill for part in parts) == call.prompt - call.cached
    assert sum(part.decode for part in parts) == call.answer
    assert sum(part.context for part in parts) == sum(call.prompt + j for j in range(call.answer))
    assert all(min(part.prefill, part.decode, part.context) >= 0 for part in parts)
    for part, edge in zip(parts, pairwise(edges), strict=True):
        assert call.touches(*edge) or part == Work()
