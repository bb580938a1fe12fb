"""Levels: everything met, one thing spoilt, Norway against the Union, owners at the edge."""

from __future__ import annotations

from typing import Any

import pytest

from allod.domain.party import Party
from allod.prove.sovereignty.evaluate import Answer
from allod.prove.sovereignty.frameworks.cada import CADA
from allod.prove.sovereignty.frameworks.morocco import MOROCCO
from allod.prove.sovereignty.frameworks.secnumcloud import SECNUMCLOUD
from allod.prove.sovereignty.grade import Grade
from allod.prove.sovereignty.verdicts import FRAMEWORKS, PointVerdict, Verdict, verdict
from tests.prove.sovereignty.worlds import (
    attested,
    base_of,
    best,
    everything,
    party,
    register,
    site,
)


def points(found: Verdict) -> dict[str, PointVerdict]:
    return {point.id: point for level in found.levels for point in level.points}


def unmet(found: Verdict) -> list[str]:
    return [name for name, point in points(found).items() if not point.met]


def test_a_moroccan_site_with_everything_reaches_level_2() -> None:
    found = verdict(MOROCCO, base_of(*everything("MA")))
    assert (found.reached, unmet(found)) == (2, [])


def test_a_french_site_with_everything_reaches_ual_4_and_all_of_19_but_what_is_not_encoded() -> (
    None
):
    base = base_of(*everything())
    assert verdict(CADA, base).reached == 4
    found = verdict(SECNUMCLOUD, base)
    assert unmet(found) == ["19.6.e"]
    assert points(found)["19.6.e"].answer is Answer.UNKNOWN


def test_norway_is_not_in_the_union() -> None:
    found = points(verdict(SECNUMCLOUD, base_of(*everything("NO"))))
    assert found["19.2.b"].answer is Answer.NO
    assert found["19.2.b"].reasons == (
        "storage is NO, not in eu",
        "processing is NO, not in eu",
    )
    assert verdict(CADA, base_of(*everything("NO"))).reached == 0


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda item: item.id)
def test_unknown_is_a_no_and_says_which_fact(framework: Any) -> None:
    home = "MA" if framework is MOROCCO else "FR"
    met = set(points(verdict(framework, base_of(*everything(home)))))
    for fact in best(home):
        answers = best(home)
        del answers[fact]
        there = site(attested(answers), country=home, management=[home], metadata=[home])
        found = verdict(framework, base_of(there, register(home)))
        for point in points(found).values():
            if fact in point.unknown:
                met.discard(point.id)
                assert (point.met, point.answer, point.grade) == (
                    False,
                    Answer.UNKNOWN,
                    Grade.UNKNOWN,
                )
                assert f"{fact} is not known" in point.reasons
    # What no declaration decides is decided by documents.
    assert met <= {"D-1", "D-3", "D-4", "D-5", "19.2.b", "19.2.c", "19.6.b", "19.6.e"} | {
        "1-b",
        "1-c",
        "2.1-g",
        "3-c",
        "4-a",
        "3.15.2-support",
        "19.2.e",
    }


def test_nothing_known_reaches_nothing() -> None:
    unknown = {"country": "unknown", "management": "unknown", "metadata": "unknown"}
    base = base_of(site(**unknown, operator="unknown"), {})
    for framework in FRAMEWORKS:
        found = verdict(framework, base)
        assert found.reached == 0
        assert all(point.answer is Answer.UNKNOWN for point in points(found).values())


def owned(**shares: int) -> dict[str, Party]:
    """An operator in France with owners named by their country, or by parties of the register."""
    parties = {
        "op": party("FR", {name.replace("_", "-"): share for name, share in shares.items()}),
        "us": party("US"),
        "gb": party("GB"),
        "no": party("NO"),
        "de": party("DE"),
        "fund": party("DE", {"us": 5000}),
        "sub-1": party("US", {"us": 10_000}),
        "sub-2": party("GB", {"us": 10_000}),
        "closed": party("US", dispersed=False),
        "shut": party("GB", dispersed=False),
    }
    return parties


@pytest.mark.parametrize(
    ("shares", "answer"),
    [
        ({}, Answer.YES),
        ({"us": 2400}, Answer.YES),
        ({"us": 2401}, Answer.NO),
        ({"us": 2400, "gb": 1500}, Answer.YES),
        ({"us": 2400, "gb": 1501}, Answer.NO),
        ({"us": 1951, "gb": 1950}, Answer.NO),
        ({"no": 2401}, Answer.NO),  # The European Economic Area is not the Union.
        ({"de": 9000}, Answer.YES),
        # Through a fund of the Union that is half American.
        ({"fund": 4800}, Answer.YES),
        ({"fund": 4802}, Answer.NO),
        # Two subsidiaries of one parent are one hand.
        ({"sub_1": 1200, "sub_2": 1200}, Answer.YES),
        ({"sub_1": 1200, "sub_2": 1201}, Answer.NO),
        # Two holders whose own owners are not known may be one hand.
        ({"closed": 1200, "shut": 1200}, Answer.YES),
        ({"closed": 1200, "shut": 1201}, Answer.UNKNOWN),
        ({"closed": 2401}, Answer.NO),
    ],
)
def test_owners_outside_the_union_hold_24_percent_each_and_39_together(
    shares: dict[str, int], answer: Answer
) -> None:
    there, _ = everything()
    point = points(verdict(SECNUMCLOUD, base_of(there, owned(**shares))))["19.6.b"]
    assert point.answer is answer
    assert (point.reasons == ()) == (answer is Answer.YES)


def test_small_hands_of_a_foreign_operator_are_not_one_hand() -> None:
    there, _ = everything()
    parties = {"op": party("CH", {"de": 6200}), "de": party("DE"), "maker": party("FR")}
    point = points(verdict(SECNUMCLOUD, base_of(there, parties)))["19.6.b"]
    assert point.answer is Answer.YES  # 38 % in small hands of a Swiss company.
    parties["op"] = party("CH", {"de": 6099})
    point = points(verdict(SECNUMCLOUD, base_of(there, parties)))["19.6.b"]
    assert point.reasons == ("39.01 % is held from outside eu; at most 39.00 %",)


@pytest.mark.parametrize(("left", "answer"), [(2400, Answer.YES), (2401, Answer.UNKNOWN)])
def test_what_is_not_listed_may_be_in_one_foreign_hand(left: int, answer: Answer) -> None:
    there, parties = everything()
    parties = {**parties, "de": party("DE")}
    parties["op"] = party("FR", {"de": 10_000 - left}, dispersed=False)
    point = points(verdict(SECNUMCLOUD, base_of(there, parties)))["19.6.b"]
    assert point.answer is answer
    if answer is Answer.UNKNOWN:
        assert point.unknown == ("Party/op: spec.owners",)


@pytest.mark.parametrize(
    ("foreign", "derogation", "met"),
    [(4999, False, True), (5000, False, False), (5000, True, True), (10_000, True, True)],
)
def test_level_2_of_morocco_asks_for_a_majority_or_a_derogation(
    foreign: int, derogation: bool, met: bool
) -> None:
    answers = {**best("MA"), "royal-derogation": derogation}
    there = site(attested(answers), country="MA", management=["MA"], metadata=["MA"])
    parties = {"op": party("MA", {"ae": foreign}), "ae": party("AE"), "maker": party("MA")}
    found = verdict(MOROCCO, base_of(there, parties))
    assert points(found)["D-3"].met is met
    assert found.reached == (2 if met else 1)


def test_technical_data_elsewhere_too_is_enough_for_level_1_alone() -> None:
    answers = {**best("MA"), "technical-data-in": ["MA", "FR"]}
    there = site(attested(answers), country="MA", management=["MA"], metadata=["MA"])
    found = verdict(MOROCCO, base_of(there, register("MA")))
    assert (found.reached, unmet(found)) == (1, ["3.15.2-only"])


@pytest.mark.parametrize(("months", "reached"), [(12, 2), (11, 0)])
def test_logs_are_kept_for_twelve_months(months: int, reached: int) -> None:
    answers = {**best("MA"), "logs-kept-months": months}
    there = site(attested(answers), country="MA", management=["MA"], metadata=["MA"])
    assert verdict(MOROCCO, base_of(there, register("MA"))).reached == reached


def test_support_from_abroad_may_be_supervised_from_home() -> None:
    answers = {**best("MA"), "support-from": ["MA", "US"]}
    there = site(attested(answers), country="MA", management=["MA"], metadata=["MA"])
    assert verdict(MOROCCO, base_of(there, register("MA"))).reached == 2
    answers["support-supervised-from"] = ["US"]
    there = site(attested(answers), country="MA", management=["MA"], metadata=["MA"])
    assert verdict(MOROCCO, base_of(there, register("MA"))).reached == 0


@pytest.mark.parametrize(
    ("spoilt", "reached"),
    [
        ({}, 2),  # Control from abroad: safeguards carry level 2, a derogation level 3, none 4.
        ({"article-18-derogation": True}, 3),
        ({"foreign-sanctions-refused": False}, 1),
        ({"self-assessed": False}, 0),
    ],
)
def test_cada_under_control_from_abroad(spoilt: dict[str, Any], reached: int) -> None:
    answers = {**best(), "article-18-derogation": False, **spoilt}
    parties = {**register(), "op": party("FR", {"us": 6000}), "us": party("US")}
    assert verdict(CADA, base_of(site(attested(answers)), parties)).reached == reached


def test_a_level_stands_as_its_weakest_point() -> None:
    there, parties = everything("MA")
    found = verdict(MOROCCO, base_of(there, parties))
    assert [level.grade for level in found.levels] == [Grade.DECLARED, Grade.DECLARED]
    assert points(found)["3.6.3"].grade is Grade.ATTESTED
