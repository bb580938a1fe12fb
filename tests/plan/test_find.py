"""Where an applicant may turn: terms, clocks, closures, charters, the desk at home."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.project import Project
from allod.plan.find import Answer, Applicant, find, working_day
from tests.plan.announced import DAY, document, fact, known, site

LANE = {
    "title": "Fast Lane",
    "programme": "net",
    "sectors": ["start-up"],
    "countries": fact(["eu"]),
    "accelerator_hours_max": fact(50_000),
    "months": fact([1, 2, 3]),
    "answer_working_days": fact(4),
    "always_open": True,
    "civilian_only": fact(True),
    "closures": [{"site": "shut", "starts": fact("2026-10-01")}],
}
LARGE = LANE | {
    "title": "Large",
    "accelerator_hours_min": fact(50_001),
    "accelerator_hours_max": {"standing": "unknown"},
    "months": fact([3, 12]),
    "answer_working_days": fact(10),
    "always_open": False,
    "cutoffs": fact(["2026-11-13", "2026-11-30"]),
    "closures": [],
    "inference_max_bp": fact(1000),
}
FACTORY = {"factory": {"selected": fact("2024-12-10"), "host": fact("h")}}
WORLD = (
    document("AccessMode", "lane", LANE),
    document("AccessMode", "large", LARGE),
    document(
        "Cluster",
        "net",
        {"title": "Net", "countries": ["eu"], "members": ["far", "host", "shut"]},
    ),
    document("Antenna", "desk", {"title": "Desk", "country": fact("IE"), "hosts": [fact("host")]}),
    site("far", "FI", dossier=FACTORY),
    site("host", "FR", dossier=FACTORY),
    site("shut", "ES", dossier=FACTORY),
    site("tiers"),
    site("alone"),
    document(
        "Charter",
        "tiers",
        {
            "site": "tiers",
            "classes": [
                {"name": "home", "eligible": {"countries": ["NO"]}},
                {"name": "rest", "eligible": {"countries": ["northern-europe"]}},
                {
                    "name": "outer",
                    "eligible": {"countries": ["NO"]},
                    "classes": [{"name": "inner", "eligible": {"sectors": ["start-up"]}}],
                },
            ],
        },
    ),
)
ASKS = {"accelerator_hours": 30_000, "months": 3, "civilian": True}


def answer(country: str = "IE", sector: str = "start-up", **asks: Any) -> Answer:
    project = Project.model_validate({"country": country, "sector": sector, "asks": ASKS | asks})
    return find(known(*WORLD), Applicant(project, project.country.value, DAY))


def why_not(made: Answer, mode: str) -> str:
    return "; ".join(next(one.why_not for one in made.modes if one.mode == mode))


def test_the_desk_at_home_and_its_hosts_come_first() -> None:
    made = answer()
    assert [(one.antenna, one.hosts) for one in made.antennas] == [("desk", ("host",))]
    assert [one.site for one in made.sites if one.fits] == ["host", "far", "tiers"]
    assert made.sites[0].modes == ("lane",)
    assert next(one for one in made.sites if one.site == "tiers").classes == ("rest",)


def test_a_site_where_the_mode_is_closed_says_so() -> None:
    shut = next(one for one in answer().sites if one.site == "shut")
    assert not shut.fits
    assert shut.why_not == ("lane is closed here since 2026-10-01",)


def test_a_site_without_terms_says_so() -> None:
    alone = next(one for one in answer().sites if one.site == "alone")
    assert alone.why_not == ("its terms of access are not public",)


@pytest.mark.parametrize(
    ("mode", "changes", "words"),
    [
        ("lane", {"country": "MA"}, "applicants in eu; the project's country is MA"),
        ("lane", {"sector": "research"}, "for start-up; the project's sector is 'research'"),
        ("lane", {"accelerator_hours": 50_001}, "at most 50,000"),
        ("large", {"accelerator_hours": 50_000}, "begins at 50,001"),
        ("lane", {"months": 4}, "at most 3 months"),
        ("lane", {"civilian": False}, "civilian purposes alone"),
        ("large", {"accelerator_hours": 60_000, "inference_bp": 1001}, "10 % may be inference"),
    ],
)
def test_each_term_stands_in_the_way(mode: str, changes: dict[str, Any], words: str) -> None:
    assert words in why_not(answer(**changes), mode)


def test_at_the_limits_nothing_stands_in_the_way() -> None:
    assert why_not(answer(accelerator_hours=50_000), "lane") == ""
    assert why_not(answer(accelerator_hours=50_001, inference_bp=1000), "large") == ""


def test_what_the_project_does_not_say_is_to_be_cleared_up() -> None:
    made = find(known(*WORLD), Applicant(Project(sector="start-up"), "IE", DAY))
    lane = next(one for one in made.modes if one.mode == "lane")
    assert lane.fits
    assert [words.rsplit("(", 1)[1] for words in lane.unknown] == [
        "asks.accelerator_hours)",
        "asks.civilian)",
    ]


def test_the_clock_runs_from_today_or_from_the_next_cutoff() -> None:
    clocks = {one.mode: one.clock for one in answer().modes}
    # 2026-11-21 is a Saturday.
    assert (clocks["lane"].cutoff, clocks["lane"].access_by) == (None, date(2026, 11, 26))
    assert clocks["large"].cutoff == date(2026, 11, 30)
    assert clocks["large"].access_by == date(2026, 12, 14)


def test_after_the_last_cutoff_there_is_none() -> None:
    project = Project.model_validate({"country": "IE", "sector": "start-up", "asks": ASKS})
    late = Applicant(project, "IE", date(2026, 12, 1))
    (large,) = (one for one in find(known(*WORLD), late).modes if one.mode == "large")
    assert "no cut-off after 2026-12-01" in "; ".join(large.why_not)


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.integers(0, 30))
def test_a_working_day_is_one_and_so_many_lie_before_it(begin: date, count: int) -> None:
    end = working_day(begin, count)
    between = [date.fromordinal(day) for day in range(begin.toordinal() + 1, end.toordinal() + 1)]
    assert sum(day.weekday() < 5 for day in between) == count
    assert count == 0 or end.weekday() < 5
