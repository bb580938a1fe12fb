"""Certificates spent on a site's use: by hand, and never twice across sites and periods."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.supply import Technology
from allod.energy.cancellation import IN_FORCE, Spent, Use, cancel, would_cover
from allod.energy.certificates import DRAFT_2026, HOURLY, Certificate
from allod.energy.grid import Grid, Values
from allod.errors import Conflict, InvalidInput, NotFound

YEAR_S = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp())
NEXT_S = int(datetime(2028, 1, 1, tzinfo=UTC).timestamp())
DAY = Grid(YEAR_S, 3_600, 24)


def goo(name: str, energy_wh: int, **more: object) -> Certificate:
    """A certificate of 2027."""
    made = {
        "technology": Technology.HYDRO,
        "zone": "NO4",
        "starts_s": YEAR_S,
        "ends_s": NEXT_S,
    } | more
    return Certificate(certificate=name, energy_wh=energy_wh, **made)  # type: ignore[arg-type]


def use(claimant: str = "narvik", grid: Grid = DAY, import_wh: Values | None = None) -> Use:
    """100.5 Wh in each hour."""
    drawn = np.full(grid.steps, 100.5) if import_wh is None else import_wh
    return Use(claimant=claimant, zone="NO4", grid=grid, import_wh=drawn)


def test_a_day_by_hand() -> None:
    """2,412 Wh are drawn; certificates of 600 and 1,206 Wh cover three quarters of each hour."""
    made = cancel(use(), [goo("a", 600), goo("b", 1_206), goo("old", 9, starts_s=0, ends_s=9)], [])
    assert made.covered_wh is not None
    assert made.covered_wh == pytest.approx(np.full(24, 100.5 * (600 + 1_206) / 2_412))
    assert [(one.certificate, one.energy_wh, one.rule) for one in made.spent] == [
        ("a", 600, IN_FORCE.version),
        ("b", 1_206, IN_FORCE.version),
    ]
    assert {(one.claimant, one.starts_s, one.ends_s) for one in made.spent} == {
        ("narvik", YEAR_S, YEAR_S + 86_400)
    }


def test_what_one_site_has_spent_the_next_cannot() -> None:
    papers = [goo("a", 3_000)]
    first = cancel(use(), papers, [])
    second = cancel(use("cambrai"), papers, first.spent)
    assert sum(one.energy_wh for one in second.spent) == 3_000 - 2_412
    third = cancel(use("nouaceur"), papers, first.spent + second.spent)
    assert third.spent == ()
    assert third.covered_wh is not None
    assert not third.covered_wh.any()


def test_what_one_period_has_spent_the_next_cannot() -> None:
    papers = [goo("a", 3_000)]
    morning, evening = Grid(YEAR_S, 3_600, 12), Grid(YEAR_S + 12 * 3_600, 3_600, 12)
    first = cancel(use(grid=morning), papers, [])
    assert sum(one.energy_wh for one in first.spent) == 1_206
    second = cancel(use(grid=evening, import_wh=np.full(12, 1_000.0)), papers, first.spent)
    assert sum(one.energy_wh for one in second.spent) == 3_000 - 1_206


def test_the_same_use_again_spends_nothing_more() -> None:
    papers = [goo("a", 3_000)]
    first = cancel(use(), papers, [])
    again = cancel(use(), papers, first.spent)
    assert again.spent == first.spent
    more = cancel(use(), [*papers, goo("b", 9)], first.spent)
    assert more.spent == first.spent, "all of it is covered"


def test_a_certificate_spent_twice_is_refused() -> None:
    both = [
        Spent(
            certificate="a",
            claimant=who,
            zone="NO4",
            starts_s=YEAR_S,
            ends_s=YEAR_S + 86_400,
            energy_wh=600,
            rule=IN_FORCE.version,
        )
        for who in ("cambrai", "nouaceur")
    ]
    with pytest.raises(Conflict, match="400 Wh are left of certificate 'a', not 600"):
        cancel(use(), [goo("a", 1_000)], both)
    with pytest.raises(Conflict, match="certificate 'a' is issued already"):
        cancel(use(), [goo("a", 1_000), goo("a", 1_000)], [])


def test_a_time_that_only_overlaps_is_refused() -> None:
    papers = [goo("a", 9_000)]
    first = cancel(use(), papers, [])
    longer = use(grid=Grid(YEAR_S, 3_600, 48))
    with pytest.raises(Conflict, match=r"overlaps this time and is not the same.*in a file of its"):
        cancel(longer, papers, first.spent)
    with pytest.raises(Conflict, match=r"Wh of .* are open, not 2412"):
        cancel(use(import_wh=np.full(24, 50.0)), papers, first.spent)
    with pytest.raises(NotFound, match="no certificate 'a'"):
        cancel(use(), [goo("b", 1)], first.spent)


def test_a_rule_that_nobody_knows_is_refused() -> None:
    (one,) = cancel(use(), [goo("a", 10)], []).spent
    with pytest.raises(InvalidInput, match="no rule 'mine'"):
        cancel(use("b"), [goo("a", 10)], [Spent(**{**_fields(one), "rule": "mine"})])


def _fields(one: Spent) -> dict[str, object]:
    return {name: getattr(one, name) for name in Spent.__dataclass_fields__}


def test_other_rules_say_what_they_would_cover_and_why_not() -> None:
    year = would_cover(use(), [goo("a", 3_000)], [], HOURLY)
    assert year.covered_wh is None
    assert "'a' reaches over more than one interval of 3600 s" in year.why
    noon = YEAR_S + 12 * 3_600
    hour = goo("h", 60, starts_s=noon, ends_s=noon + 3_600)
    made = would_cover(use(), [hour], [], HOURLY)
    assert made.covered_wh is not None
    assert made.covered_wh.nonzero()[0].tolist() == [12]
    assert made.covered_wh[12] == pytest.approx(60)
    assert made.spent == ()
    away = goo("h", 60, starts_s=noon, ends_s=noon + 3_600, zone="NO1")
    other = would_cover(use(), [away], [], HOURLY)
    assert other.covered_wh is not None
    assert not other.covered_wh.any()
    assert would_cover(use(), [hour], [], DRAFT_2026).why == "not testable at steps of 3600 s"


def test_its_own_spending_does_not_hinder_the_comparison() -> None:
    noon = YEAR_S + 12 * 3_600
    hour = goo("h", 60, starts_s=noon, ends_s=noon + 3_600)
    first = cancel(use(), [hour], [])
    mine = would_cover(use(), [hour], first.spent, HOURLY).covered_wh
    theirs = would_cover(use("cambrai"), [hour], first.spent, HOURLY).covered_wh
    assert mine is not None
    assert theirs is not None
    assert (mine.sum(), theirs.sum()) == (pytest.approx(60), 0)


def test_each_calendar_year_has_its_own_certificates() -> None:
    turn = Grid(NEXT_S - 3_600, 3_600, 2)
    made = cancel(use(grid=turn), [goo("a", 900)], [])
    assert made.covered_wh == pytest.approx([100, 0])


def test_a_use_that_is_not_known_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not known in each step"):
        cancel(use(import_wh=np.where(np.arange(24) == 3, np.nan, 1.0)), [goo("a", 9)], [])


@given(
    st.lists(st.floats(0, 500), min_size=24, max_size=24),
    st.lists(st.integers(1, 5_000), min_size=1, max_size=4),
)
def test_nothing_is_covered_beyond_use_or_certificates(
    drawn: list[float], amounts: list[int]
) -> None:
    papers = [goo(f"c{i}", amount) for i, amount in enumerate(amounts)]
    spent: tuple[Spent, ...] = ()
    for claimant in ("a", "b", "c"):
        made = cancel(use(claimant, import_wh=np.array(drawn)), papers, spent)
        assert made.covered_wh is not None
        assert (made.covered_wh <= np.array(drawn) * (1 + 1e-12)).all()
        assert made.covered_wh.sum() == pytest.approx(sum(x.energy_wh for x in made.spent))
        spent += made.spent
    for i, amount in enumerate(amounts):
        assert sum(one.energy_wh for one in spent if one.certificate == f"c{i}") <= amount
