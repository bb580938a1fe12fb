"""Counters as windows: resets are gaps, missed readings are spanned, nothing is below zero."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from allod.energy.counted import Counted, Host, Reading, Wiring, counted
from allod.energy.split import Window, split
from allod.energy.stay import Stay
from tests.energy.calls import WIRING, crowds, readings

ONE = Wiring(own=("g",))


def read(*values: int, source: str = "g") -> list[Reading]:
    return [
        Reading(source=source, at_ms=i * 5000, value_mj=value) for i, value in enumerate(values)
    ]


def test_two_readings_are_a_window() -> None:
    assert list(counted(ONE, read(1000, 1700))) == [
        Counted(
            window=Window(start_ms=0, end_ms=5000, energy_mj=700),
            accelerators_mj=700,
            host_mj=0,
            short_mj=0,
            reset=(),
        )
    ]


def test_one_reading_is_none_and_no_counter_is_none() -> None:
    assert list(counted(ONE, read(1000))) == []
    assert list(counted(Wiring(), read(1000, 2000))) == []


def test_a_driver_loaded_anew_makes_a_gap_of_what_is_known_of_it() -> None:
    found = list(counted(ONE, read(900_000, 950_000, 30, 1030)))
    assert [(one.window.energy_mj, one.reset) for one in found] == [
        (50_000, ()),
        (30, ("g",)),
        (1000, ()),
    ]


def test_a_reading_that_lacks_makes_the_window_longer() -> None:
    wiring = Wiring(own=("g", "h"))
    both = read(0, 10, 30) + [one for one in read(0, 5, 7, source="h") if one.at_ms != 5000]
    (found,) = counted(wiring, both)
    assert found.window == Window(start_ms=0, end_ms=10_000, energy_mj=37)


def test_a_host_shares_out_what_its_accelerators_do_not_count() -> None:
    host = Host(source="n", accelerators=("g", "other"), slots=(0,), count=2)
    wiring = Wiring(own=("g",), hosts=(host,))
    values = read(0, 100) + read(0, 300, source="other") + read(0, 1001, source="n")
    (found,) = counted(wiring, values)
    # 601 mJ are the host's own: 300 for the first accelerator, 301 for the second.
    assert (found.accelerators_mj, found.host_mj, found.window.energy_mj) == (100, 300, 400)


def test_a_host_that_counts_late_is_never_below_zero() -> None:
    host = Host(source="n", accelerators=("g",), slots=(0,), count=1)
    (found,) = counted(Wiring(own=("g",), hosts=(host,)), read(0, 100) + read(0, 60, source="n"))
    assert (found.host_mj, found.short_mj, found.window.energy_mj) == (0, 40, 100)


def last_minus_first(values: list[int]) -> int:
    """What a counter rose by, with each new life of it counted from 0."""
    return sum(now - before if now >= before else now for before, now in pairwise(values))


@given(readings(), st.randoms())
def test_windows_add_up_to_what_the_counters_rose_by(found: list[Reading], chance: object) -> None:
    windows = list(counted(Wiring(own=WIRING.own), found))
    whole = {
        at_ms
        for at_ms in {one.at_ms for one in found}
        if {one.source for one in found if one.at_ms == at_ms} >= set(WIRING.own)
    }
    for_each = [
        last_minus_first([
            one.value_mj for one in found if one.source == source and one.at_ms in whole
        ])
        for source in WIRING.own
    ]  # fmt: skip
    assert sum(one.window.energy_mj for one in windows) == sum(for_each)
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert list(counted(Wiring(own=WIRING.own), shuffled)) == windows


@given(readings(), crowds)
def test_calls_reserve_and_gaps_are_what_the_meters_counted(
    found: list[Reading], crowd: tuple[Stay, ...]
) -> None:
    attributed = reserve = gap = meter = 0
    end_ms = None
    for one in counted(WIRING, found):
        assert end_ms in (None, one.window.start_ms)
        end_ms = one.window.end_ms
        meter += one.accelerators_mj + one.host_mj
        assert min(one.accelerators_mj, one.host_mj, one.short_mj) >= 0
        if one.reset:
            gap += one.window.energy_mj
            continue
        shared = split(one.window, crowd)
        attributed += shared.attributed_mj
        reserve += shared.reserve_mj
    assert attributed + reserve + gap == meter
