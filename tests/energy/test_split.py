"""A meter's window, shared out: exact always, worked by hand once, the same in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from allod.energy.split import (
    Split,
    Window,
    WorkRates,
    covered,
    of_slots,
    shares,
    split,
    totals,
)
from allod.energy.stay import Stay, Work
from tests.energy.calls import TIMES, crowds, rates

RATES = WorkRates(
    idle_mw=80_000, per_prefill_nj=10_000_000, per_decode_nj=200_000_000, per_context_nj=10_000
)
#: 5 s at 80 W idle; 300 J above that, 700 J in all.
WINDOW = Window(start_ms=0, end_ms=5000, energy_mj=700_000)


def test_a_window_worked_by_hand() -> None:
    a = Stay(call="a", sent_ms=0, first_ms=1000, end_ms=4000, prompt=1000, cached=0, answer=300)
    b = Stay(
        call="b", sent_ms=2000, first_ms=2000, end_ms=4000, prompt=1000, cached=1000, answer=100
    )
    found = split(WINDOW, [a, b], RATES)
    # Nobody called for 1 s: 80 J. In the other 4 s 320 J idle, over 4 + 2 s at the engine.
    assert (found.reserve_mj, found.busy_ms) == (80_000, 4000)
    # a: 1000 x 10 mJ + 300 x 200 mJ + (300 x 1000 + 44,850) x 0.01 mJ = 73,448.5 mJ of weight;
    # b: 100 x 200 mJ + (100 x 1000 + 4,950) x 0.01 mJ = 21,049.5 mJ. They share 300 J.
    by_work = (300_000 * 734_485 / 944_980, 300_000 * 210_495 / 944_980)
    assert dict(found.calls) == {
        "a": round(320_000 * 4 / 6 + by_work[0]),
        "b": round(320_000 * 2 / 6 + by_work[1]),
    }
    assert found.attributed_mj + found.reserve_mj == 700_000
    assert found.work == Work(1000, 400, 344_850 + 104_950)


def test_nobody_calls_and_all_is_reserve() -> None:
    assert split(WINDOW, [], RATES) == Split(calls=(), reserve_mj=700_000, busy_ms=0, work=Work())


def test_a_window_below_idle_power_is_all_idle() -> None:
    call = Stay(call="a", sent_ms=0, first_ms=0, end_ms=1000, prompt=0, cached=0, answer=10)
    found = split(replace(WINDOW, energy_mj=100_000), [call], RATES)
    assert (found.calls, found.reserve_mj) == ((("a", 0),), 100_000)


def test_where_idle_power_is_not_known_the_time_without_calls_is_reserve() -> None:
    call = Stay(call="a", sent_ms=0, first_ms=0, end_ms=1000, prompt=0, cached=0, answer=10)
    found = split(WINDOW, [call], replace(RATES, idle_mw=None))
    assert (found.calls, found.reserve_mj) == ((("a", 140_000),), 560_000)


def test_a_call_without_tokens_pays_for_its_time() -> None:
    calls = [
        Stay(call=name, sent_ms=0, first_ms=end, end_ms=end, prompt=0, cached=0, answer=0)
        for name, end in (("a", 1000), ("b", 3000))
    ]
    found = split(WINDOW, calls, replace(RATES, idle_mw=0))
    assert found.calls == (("a", 175_000), ("b", 525_000))


def test_a_call_that_has_only_come_pays_for_nothing() -> None:
    call = Stay(call="a", sent_ms=5000, first_ms=6000, end_ms=9000, prompt=9, cached=0, answer=9)
    found = split(WINDOW, [call], RATES)
    assert (found.calls, found.reserve_mj) == ((("a", 0),), 700_000)


@given(st.integers(0, 10**9), st.integers(1, 60_000), crowds, rates)
def test_what_calls_and_reserve_get_is_what_the_meter_counted(
    energy_mj: int, length_ms: int, crowd: tuple[Stay, ...], given_rates: WorkRates
) -> None:
    window = Window(start_ms=0, end_ms=length_ms, energy_mj=energy_mj)
    found = split(window, crowd, given_rates)
    assert found.attributed_mj + found.reserve_mj == energy_mj
    assert found.reserve_mj >= 0
    assert all(energy >= 0 for _, energy in found.calls)
    assert {name for name, _ in found.calls} == {
        stay.call for stay in crowd if stay.touches(0, length_ms)
    }
    assert split(window, (*reversed(crowd), *crowd), given_rates) == found


@given(st.lists(st.tuples(st.integers(1, 9_000), st.integers(0, 10**7)), max_size=8), crowds, rates)
def test_windows_one_after_the_other_lose_nothing(
    steps: list[tuple[int, int]], crowd: tuple[Stay, ...], given_rates: WorkRates
) -> None:
    found, start_ms = [], 0
    for length_ms, energy_mj in steps:
        window = Window(start_ms=start_ms, end_ms=start_ms + length_ms, energy_mj=energy_mj)
        found.append(split(window, crowd, given_rates))
        start_ms = window.end_ms
    reserve_mj = sum(one.reserve_mj for one in found)
    assert sum(totals(found).values()) + reserve_mj == sum(energy for _, energy in steps)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**12), min_size=1).filter(any))
def test_shares_are_off_by_less_than_one(whole: int, weights: list[int]) -> None:
    got = shares(whole, weights)
    assert sum(got) == whole
    assert all(
        abs(share * sum(weights) - whole * weight) < sum(weights)
        for share, weight in zip(got, weights, strict=True)
    )


def test_of_equal_remainders_the_first_goes_first() -> None:
    assert shares(1, [1, 1, 1]) == [1, 0, 0]
    assert shares(5, [2, 1, 2]) == [2, 1, 2]
    # 1.67, 1.67 and 6.67: two are left, and the first two have them.
    assert shares(10, [1, 1, 4]) == [2, 2, 6]


@given(st.lists(st.tuples(TIMES, TIMES).map(lambda pair: (min(pair), max(pair)))))
def test_covered_counts_each_millisecond_once(spans: Sequence[tuple[int, int]]) -> None:
    step = 1_000
    coarse = [(begin // step, end // step) for begin, end in spans]
    assert covered(coarse) == len({ms for span in coarse for ms in range(*span)})


@given(st.integers(0, 10**9), st.integers(1, 72), st.randoms())
def test_replicas_beside_each_other_share_a_host_out_without_a_word(
    whole: int, count: int, chance: object
) -> None:
    slots = list(range(count))
    chance.shuffle(slots)  # type: ignore[attr-defined]
    one, other = slots[: count // 3], slots[count // 3 :]
    assert of_slots(whole, one, count) + of_slots(whole, other, count) == whole
    assert of_slots(whole, [], count) == 0
