"""How many replicas are wanted: for all small cases, and over random days of calls."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from allod.decide.scaling import Calls, Scale, first_scale, needed_for, next_scale
from allod.domain.service import Replicas

IDLE_S = 10


def replicas(low: int = 0, high: int = 4, in_flight: int = 2) -> Replicas:
    return Replicas(min=low, max=high, in_flight=in_flight, idle_s=IDLE_S)


def test_the_fewest_replicas_that_keep_a_tenth_free() -> None:
    for calls, in_flight in product(range(60), range(1, 25)):
        found = needed_for(calls, in_flight)

        def takes(count: int, slots: int = in_flight) -> int:
            return count * slots - count * slots // 10

        assert takes(found) >= calls
        assert found == 0 or takes(found - 1) < calls


def test_what_is_wanted_is_within_the_limits_whatever_comes() -> None:
    for low, high, wanted, in_flight, waiting, later_s in product(
        range(3), range(1, 4), range(6), range(5), range(3), (0.0, 9.0, 10.0, 500.0)
    ):
        if low > high:
            continue
        spec = replicas(low, high)
        before = Scale(wanted, 100.0, 100.0, 7)
        calls = Calls(in_flight=in_flight, waiting=waiting, arrived=7)
        after = next_scale(before, spec, calls, 100.0 + later_s)
        assert low <= after.wanted <= high
        # Whoever calls is not left without one, and room for all of them is there at once.
        assert after.wanted >= min(high, needed_for(in_flight + waiting, 2))


def test_it_wakes_at_the_first_call_and_sleeps_when_nobody_called() -> None:
    spec = replicas()
    scale = first_scale(spec, 0, Calls(), 0.0)
    assert scale.wanted == 0
    scale = next_scale(scale, spec, Calls(waiting=1, arrived=1), 1.0)
    assert scale.wanted == 1
    scale = next_scale(scale, spec, Calls(arrived=1), 10.9)
    assert scale.wanted == 1
    assert next_scale(scale, spec, Calls(arrived=1), 11.0).wanted == 0


def test_calls_that_came_and_went_between_two_looks_count() -> None:
    spec = replicas()
    scale = first_scale(spec, 0, Calls(arrived=4), 0.0)
    scale = next_scale(scale, spec, Calls(arrived=5), 1.0)
    assert scale.wanted == 1
    for at_s in range(2, 60):
        scale = next_scale(scale, spec, Calls(arrived=5 + at_s // 5), float(at_s))
        assert scale.wanted == 1


def test_it_goes_down_one_by_one_while_some_still_call() -> None:
    spec = replicas()
    scale = next_scale(first_scale(spec, 0, Calls(), 0.0), spec, Calls(in_flight=8), 0.0)
    wanted = []
    for at_s in range(1, 50):
        scale = next_scale(scale, spec, Calls(in_flight=1), float(at_s))
        wanted.append(scale.wanted)
    assert [at_s + 1 for at_s in range(1, 48) if wanted[at_s] < wanted[at_s - 1]] == [10, 20, 30]
    assert wanted[-1] == 1


def test_none_goes_while_nobody_knows_of_the_calls() -> None:
    spec = replicas()
    scale = first_scale(spec, 3, Calls(), 0.0)
    scale = next_scale(scale, spec, None, 1000.0)
    assert scale.wanted == 3
    assert next_scale(scale, spec, Calls(), 1009.0).wanted == 3
    assert next_scale(scale, spec, Calls(), 1010.0).wanted == 0


@given(
    st.integers(0, 3),
    st.integers(1, 5),
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(0, 2)), max_size=80),
)
def test_never_too_few_and_never_down_before_its_time(
    low: int, more: int, in_flight: int, day: list[tuple[int, int, int]]
) -> None:
    spec = replicas(low, low + more, in_flight)
    scale = first_scale(spec, 0, Calls(), 0.0)
    at_s, arrived, needed = 0.0, 0, [(0.0, low)]
    for calls, pause_s, new in day:
        at_s, arrived = at_s + pause_s, arrived + new
        before = scale.wanted
        scale = next_scale(scale, spec, Calls(in_flight=calls, arrived=arrived), at_s)
        least = min(spec.max, max(low, needed_for(calls, in_flight), min(1, calls + new)))
        needed.append((at_s, least))
        assert scale.wanted >= least
        if scale.wanted > before:
            assert scale.wanted == least
        if scale.wanted < before:
            lately = [count for when_s, count in needed[:-1] if when_s > at_s - IDLE_S]
            assert all(count <= scale.wanted or count < before for count in lately)
