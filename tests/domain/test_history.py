"""Facts with a history: what was known at a day, and what is different between two."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from allod.domain.dossier import Dossier
from allod.domain.fact import Fact, Standing
from allod.domain.history import at
from allod.domain.period import first_day, last_day, parse_period
from allod.domain.revision import ChangeKind, changes, leaves
from allod.domain.site import Phase, Site, Withdrawal
from allod.domain.units import NEVER_S

UNKNOWN: Fact[str] = Fact(standing=Standing.UNKNOWN)
JUNE, APRIL = date(2025, 6, 13), date(2026, 4, 8)


def site() -> Site:
    """Announced with 40 MW in June 2025, replaced by 16 MW in April 2026."""
    told = {"source": "paper", "date": JUNE}
    first = Phase.model_validate(
        {"name": "first", "state": {"value": "announced", **told}, "announced": JUNE}
        | {"power_w": {"value": "40 MW", **told}}
        | {"withdrawn": {"date": APRIL, "source": "agency", "reason": "planned anew"}}
    )
    nouaceur = Phase.model_validate(
        {"name": "nouaceur", "state": {"value": "announced"}, "announced": APRIL}
        | {"power_w": {"value": "16 MW", "source": "agency", "date": APRIL}}
    )
    seats = {"value": 63, "source": "b", "date": APRIL}
    seats["earlier"] = [{"value": 65, "source": "a", "date": JUNE}]
    return Site.model_validate(
        {"title": "S", "country": "MA", "operator": "unknown", "management": "unknown"}
        | {"metadata": "unknown", "phases": (first, nouaceur), "runner": "none"}
        | {"dossier": {"place": {"land_ha": seats}, "announced": JUNE}}
    )


def test_a_fact_has_the_value_of_its_day() -> None:
    land = site().dossier.place.land_ha  # type: ignore[union-attr]
    assert land.at(date(2025, 6, 12)).value is None
    assert land.at(JUNE).value == 65
    assert land.at(date(2026, 4, 7)).source == "a"
    assert land.at(APRIL).value == 63
    assert [said.value for said in land.at(APRIL).earlier] == [65]


def test_what_was_said_once_and_by_then_is_the_same_object() -> None:
    fact = Fact[int](value=1, source="a", date=JUNE)
    assert fact.at(JUNE) is fact
    assert fact.at(date(2025, 6, 12)).value is None
    whole = Dossier(capacity_w=fact, announced=JUNE)
    assert at(whole, APRIL) is whole
    assert not at(whole, date(2025, 1, 1)).capacity_w.known


def test_a_phase_is_there_from_its_announcement_and_given_up_from_its_withdrawal() -> None:
    then = {phase.name: phase for phase in at(site(), date(2025, 12, 31)).phases}
    assert list(then) == ["first"]
    assert then["first"].withdrawn is None
    now = {phase.name: phase for phase in at(site(), APRIL).phases}
    assert list(now) == ["first", "nouaceur"]
    assert isinstance(now["first"].withdrawn, Withdrawal)


def test_what_ends_or_is_replaced_later_goes_on() -> None:
    told = {"says": "x", "maker": "m", "source": "s"}
    whole = Site.model_validate(
        {"title": "S", "country": "MA", "operator": "unknown", "management": "unknown"}
        | {"metadata": "unknown", "runner": "none"}
        | {"parties": [{"party": "p", "role": "owner", "starts": JUNE, "ends": APRIL}]}
        | {
            "claims": [
                {"name": "old", "date": JUNE, "replaced_by": "new", **told},
                {"name": "new", "date": APRIL, **told},
            ]
        }
    )
    then, now = at(whole, date(2026, 4, 7)), at(whole, APRIL)
    assert at(whole, date(2025, 6, 12)).parties == ()
    assert then.parties[0].ends == NEVER_S
    assert now.parties[0].ends == whole.parties[0].ends < NEVER_S
    assert [(claim.name, claim.replaced_by) for claim in then.claims] == [("old", None)]
    assert [claim.replaced_by for claim in now.claims] == ["new", None]


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        ("money", {"name": "a", "currency": "EUR", "amount": {"value": 1}}),
        ("jobs", {"name": "a", "count": {"value": 1}}),
        ("obligations", {"name": "a", "debtor": "d", "creditor": "c", "what": {"value": "w"}}),
        ("objections", {"name": "a", "who": "w", "about": {"value": "w"}}),
    ],
)
def test_an_entry_without_a_date_is_as_old_as_what_it_is_about(
    kind: str, entry: dict[str, Any]
) -> None:
    about = next(item for item in entry.values() if isinstance(item, dict))
    about |= {"source": "b", "date": APRIL}
    dossier = Dossier.model_validate({kind: [entry]})
    assert getattr(at(dossier, date(2026, 4, 7)), kind) == ()
    assert len(getattr(at(dossier, APRIL), kind)) == 1
    about["earlier"] = [{"standing": "unknown", "source": "a", "date": JUNE}]
    assert len(getattr(at(Dossier.model_validate({kind: [entry]}), JUNE), kind)) == 1


def test_what_others_said_later_is_not_there_yet() -> None:
    fact = Fact[int].model_validate(
        {"value": 1, "source": "a", "date": JUNE}
        | {"others": [{"value": 2, "source": "b", "date": APRIL}]}
    )
    assert fact.at(JUNE).others == ()
    assert [said.value for said in fact.at(APRIL).others] == [2]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"date": None}, "each needs a date"),
        ({"date": date(2024, 1, 1)}, "oldest first"),
    ],
)
def test_a_history_without_order_is_refused(changed: dict[str, object], words: str) -> None:
    said = {"value": 2, "source": "b", "date": APRIL, "earlier": [{"value": 1, "date": JUNE}]}
    with pytest.raises(ValidationError, match=words):
        Fact[int].model_validate(said | changed)


def test_what_changed_between_two_days() -> None:
    found = {change.path: change for change in changes(at(site(), JUNE), at(site(), APRIL))}
    land = found["dossier.place.land_ha"]
    assert (land.kind, land.before and land.before.value) == (ChangeKind.CHANGED, 65)
    assert land.after
    assert (land.after.value, land.after.source) == (63, "b")
    assert found["phases.nouaceur.power_w"].kind is ChangeKind.ADDED
    assert found["phases.first.withdrawn.reason"].after
    assert "phases.first.power_w" not in found
    back = changes(at(site(), APRIL), at(site(), JUNE))
    assert {c.path for c in back if c.kind is ChangeKind.REMOVED} >= {"phases.nouaceur.power_w"}


def test_the_same_value_from_another_source_is_no_change() -> None:
    one = Dossier.model_validate({"capacity_w": {"value": 5, "source": "a"}})
    two = Dossier.model_validate({"capacity_w": {"value": 5, "source": "b"}})
    assert changes(one, two) == ()


@given(st.dates(min_value=JUNE, max_value=date(2027, 1, 1)), st.dates(min_value=JUNE))
def test_history_only_grows_in_what_is_listed(one: date, other: date) -> None:
    """What is there at a day is there, by the same path, on every later one."""
    first, last = sorted((one, other))
    then = {path for path, _ in leaves(at(site(), first))}
    assert then <= {path for path, _ in leaves(at(site(), last))}


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026", "2026-01-01", "2026-12-31"),
        (2026, "2026-01-01", "2026-12-31"),
        ("2026-H2", "2026-07-01", "2026-12-31"),
        ("2026-Q3", "2026-07-01", "2026-09-30"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026-09-30", "2026-09-30", "2026-09-30"),
        (date(2026, 9, 30), "2026-09-30", "2026-09-30"),
    ],
)
def test_a_period_has_a_first_and_a_last_day(period: object, first: str, last: str) -> None:
    told = parse_period(period)
    assert (first_day(told).isoformat(), last_day(told).isoformat()) == (first, last)


@pytest.mark.parametrize("told", ["2026-Q5", "2026-13", "2026-02-30", "soon", "26", True, "0000"])
def test_what_is_no_period_is_refused(told: object) -> None:
    with pytest.raises(ValueError, match=r"write|day of the calendar"):
        parse_period(told)
