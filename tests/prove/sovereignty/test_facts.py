"""The fact base: where facts come from, how they stand, and what makes them unknown."""

from __future__ import annotations

from datetime import date as Date
from itertools import permutations
from typing import Any

import pytest

from allod.domain.dataset import Dataset
from allod.domain.project import Project
from allod.domain.workload import Workload
from allod.prove.sovereignty.facts import Stated, Work
from allod.prove.sovereignty.grade import Grade
from tests.prove.sovereignty.worlds import base_of, party, register, site


def attested_by(by: str, **more: Any) -> dict[str, Any]:
    return {
        "fact": "sbom",
        "answer": True,
        "grade": "attested",
        "by": by,
        "until": "2027-01-01",
        **more,
    }


def test_document_fields_state_facts_with_their_path() -> None:
    base = base_of(site(), register())
    country = base.of("country")
    assert (country.value, country.grade, country.origin) == (
        ("FR",),
        Grade.DECLARED,
        "Site/here: spec.country",
    )
    assert base.of("operator-seat").origin == "Party/op: spec.seat"
    assert base.of("storage").value == base.of("processing").value == ("FR",)


@pytest.mark.parametrize(
    ("country", "grade", "note"),
    [
        ({"value": "FR", "standing": "attested", "source": "a notary"}, Grade.ATTESTED, ""),
        (
            {"value": "FR", "standing": "attested"},
            Grade.DECLARED,
            "called attested; nobody is named",
        ),
        (
            {"value": "FR", "standing": "proved", "source": "a receipt"},
            Grade.DECLARED,
            "called proved; no proof was brought",
        ),
        ({"value": "FR", "date": "2026-11-22"}, Grade.DECLARED, ""),
        ({"value": "FR", "date": "2026-11-23"}, Grade.UNKNOWN, ""),
        ({"value": "FR", "standing": "assumed"}, Grade.UNKNOWN, "assumed by a scenario"),
        ("unknown", Grade.UNKNOWN, ""),
    ],
)
def test_a_field_stands_no_better_than_it_can_show(country: Any, grade: Grade, note: str) -> None:
    found = base_of(site(country=country), register()).of("country")
    assert (found.grade, found.note) == (grade, note)
    assert (found.value is None) == (grade is Grade.UNKNOWN)


@pytest.mark.parametrize(
    ("declaration", "grade"),
    [
        ({"fact": "sbom", "answer": True}, Grade.DECLARED),
        ({"fact": "sbom", "answer": True, "until": "2026-11-22"}, Grade.DECLARED),
        ({"fact": "sbom", "answer": True, "until": "2026-11-21"}, Grade.UNKNOWN),
        ({"fact": "sbom", "answer": True, "date": "2026-11-23"}, Grade.UNKNOWN),
        (attested_by("An auditor"), Grade.ATTESTED),
        (attested_by("An auditor", until="2026-11-22"), Grade.ATTESTED),
        (attested_by("An auditor", until="2026-11-21"), Grade.DECLARED),
        (attested_by("An auditor", date="2026-11-23"), Grade.UNKNOWN),
        (attested_by("op"), Grade.DECLARED),
        (attested_by("mother"), Grade.DECLARED),
        (attested_by("sister"), Grade.DECLARED),
        (attested_by("Sister Ltd"), Grade.DECLARED),
        (attested_by("maker"), Grade.ATTESTED),
    ],
)
def test_a_declaration_stands_by_who_speaks_and_until_when(
    declaration: dict[str, Any], grade: Grade
) -> None:
    parties = {
        **register(),
        "op": party("FR", {"mother": 10_000}),
        "mother": party("FR"),
        "sister": party("FR", {"mother": 6000}, title="Sister Ltd"),
    }
    assert base_of(site([declaration]), parties).of("sbom").grade is grade


def test_what_stands_less_well_than_asked_is_unknown() -> None:
    base = base_of(site([attested_by("An auditor")]), register(), Grade.ATTESTED)
    assert base.of("sbom").value is True
    assert base.of("country").note == "only declared"
    assert base.operator.value is None
    assert not base.parties["op"].seat.known


def stated(value: Any, grade: Grade, origin: str, **more: Any) -> Stated:
    return Stated(fact="sbom", value=value, grade=grade, origin=origin, **more)


def test_the_stronger_wins_and_equals_that_differ_are_unknown_in_any_order() -> None:
    there = site([{"fact": "sbom", "answer": True}])
    proof = stated(False, Grade.PROVED, "log leaf 1")
    same = stated(False, Grade.PROVED, "log leaf 2")
    against = stated(True, Grade.PROVED, "log leaf 3")
    for order in permutations([proof, same]):
        found = base_of(there, register(), evidence=order).of("sbom")
        assert (found.value, found.grade, found.origin) == (False, Grade.PROVED, "log leaf 1")
    for others in ([same, against], [against, stated(True, Grade.PROVED, "log leaf 0")]):
        answers = {
            base_of(there, register(), evidence=order).of("sbom")
            for order in permutations([proof, *others])
        }
        (found,) = answers
        assert (found.value, found.grade) == (None, Grade.UNKNOWN)
        assert "contradict" in found.note


def test_evidence_that_ran_out_is_declared() -> None:
    old = stated(True, Grade.ATTESTED, "a letter", by="An auditor", until=Date(2026, 11, 21))
    assert base_of(site(), register(), evidence=[old]).of("sbom").grade is Grade.DECLARED


def work(**stored: tuple[str, ...]) -> Work:
    datasets = {name: Dataset(stored_at=places) for name, places in stored.items()}
    return Work(
        name="train",
        workload=Workload(project="p", accelerators=1, wall_time_s=60, reads=("a",), writes=("b",)),
        project=Project(country="DE"),
        datasets=datasets,
        sites={"oslo": site(country="NO"), "lost": site(country="unknown")},
    )


@pytest.mark.parametrize(
    ("stored", "places", "note"),
    [
        ({"a": (), "b": ()}, ("FR",), ""),
        ({"a": ("oslo",), "b": ()}, ("FR", "NO"), ""),
        ({"a": ("lost",), "b": ()}, None, "not known: Site/lost"),
        ({"a": ("nowhere",), "b": ()}, None, "not known: Site/nowhere"),
        ({"a": ()}, None, "not known: Dataset/b"),
    ],
)
def test_the_data_of_a_workload_lie_where_their_copies_do(
    stored: dict[str, tuple[str, ...]], places: Any, note: str
) -> None:
    base = base_of(site(), register(), work=work(**stored))
    found = base.of("storage")
    assert (found.value, found.note) == (places, note)
    assert (base.subject, base.of("project-seat").value) == ("Workload/train", ("DE",))
