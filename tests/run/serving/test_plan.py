"""The plan: who is started and who goes, and that it always comes to what is wanted."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from allod.run.serving.plan import Have, plan_of


def ready(name: str, ordinal: int = 1, **more: bool | int) -> Have:
    return replace(Have(id=name, ordinal=ordinal, ready=True), **more)  # type: ignore[arg-type]


def test_what_lacks_is_started_at_once_within_the_most() -> None:
    assert plan_of([], 3, 5).start == 3
    assert plan_of([ready("a")], 3, 5).start == 2
    assert plan_of([], 3, 5, may_start=False).start == 0


def test_those_who_are_missed_least_go_first() -> None:
    have = [
        ready("busy", 1, in_flight=3),
        ready("idle", 2),
        Have(id="starting", ordinal=3),
        Have(id="held", ordinal=4, held=True),
    ]
    gone = [name for name, _ in plan_of(have, 1, 4).go]
    assert gone == ["held", "starting", "idle"]


def test_a_new_document_brings_new_ones_before_old_ones_go() -> None:
    old = [ready("a", 1, outdated=True), ready("b", 2, outdated=True)]
    assert plan_of(old, 2, 3).start == 1
    assert plan_of(old, 2, 3).go == ()
    starting = Have(id="c", ordinal=3)
    assert plan_of([*old, starting], 2, 3).go == ()
    assert plan_of([*old, ready("c", 3)], 2, 3).go == (("b", "its document has changed"),)


def test_where_no_more_may_be_one_goes_before_its_successor_comes() -> None:
    old = [ready("a", 1, outdated=True), ready("b", 2, outdated=True)]
    plan = plan_of(old, 2, 2)
    assert plan.start == 0 and [name for name, _ in plan.go] == ["b"]
    left = [old[0], ready("b", 2, outdated=True, leaving=True)]
    assert plan_of(left, 2, 2).start == 1
    assert plan_of(left, 2, 2).go == ()
    # One that is still starting is waited for.
    assert plan_of([old[0], Have(id="c", ordinal=3)], 2, 2).go == ()


def test_where_there_is_no_room_for_a_successor_an_old_one_makes_it() -> None:
    have = [ready("a", 1, outdated=True), Have(id="c", ordinal=3, held=True)]
    assert [name for name, _ in plan_of(have, 1, 3).go] == ["a"]


def test_nothing_old_goes_while_nothing_new_can_be_started() -> None:
    old = [ready("a", 1, outdated=True)]
    assert plan_of(old, 1, 1, may_start=False).go == ()


def test_one_whose_time_runs_out_gets_its_successor_beside_it_also_beyond_the_most() -> None:
    ending = ready("a", 1, expiring=True)
    assert plan_of([ending], 1, 1).start == 1
    assert plan_of([ending, Have(id="b", ordinal=2)], 1, 1).go == ()
    assert plan_of([ending, ready("b", 2)], 1, 1).go == (("a", "its wall time runs out"),)


haves = st.lists(
    st.builds(
        Have,
        id=st.uuids().map(str),
        ordinal=st.integers(0, 99),
        ready=st.booleans(),
        outdated=st.booleans(),
        expiring=st.booleans(),
        leaving=st.booleans(),
        in_flight=st.integers(0, 4),
    ),
    max_size=7,
)


@given(haves, st.integers(0, 4), st.integers(0, 3), st.integers(0, 4))
def test_it_always_comes_to_what_is_wanted(
    have: list[Have], wanted: int, more: int, room: int
) -> None:
    """Step by step: who is to go goes, who is started finds room or waits, who has it is ready."""
    most = max(1, wanted + more)
    names = iter(range(1000))
    served_before = sum(one.ready and not one.leaving for one in have)
    for step in range(60):
        plan = plan_of(have, wanted, most)
        goes = {name for name, _ in plan.go}
        serve = [one for one in have if one.ready and not one.leaving]
        # It never takes out more at once than serve beyond what is wanted, but for one.
        kept = sum(one.id not in goes for one in serve)
        assert kept >= min(wanted, served_before, len(serve)) - 1
        if step == 59:
            assert not goes and not plan.start
        # A wall time that runs out ends its replica, with or without a successor.
        stay = [one for one in have if not one.leaving and not (one.expiring and step > 30)]
        have = [replace(one, leaving=True) if one.id in goes else one for one in stay]
        for _ in range(plan.start):
            have.append(Have(id=f"new{next(names)}", ordinal=100 + step, held=True))
        holding = sum(not one.held for one in have)
        for place, one in enumerate(have):
            if one.held and not one.leaving and holding < max(room, wanted):
                holding += 1
                have[place] = replace(one, held=False)
            elif not one.held:
                have[place] = replace(one, ready=True)
    stay = [one for one in have if not one.leaving]
    assert sum(one.ready for one in stay) == len(stay) == wanted
    assert not any(one.outdated or one.expiring for one in stay)
