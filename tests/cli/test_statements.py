"""report sovereignty: whom it asks for, what it sends, what it prints."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Allod
from tests.cli.played import Answer, PlayedNode, problem

SITE, WORK = "/v1/sites/narvik/sovereignty", "/v1/workloads/w12/sovereignty"
NO = Answer(b"Sovereignty statement: Site/narvik\n\nNo. The weakest: keys.\n")


def test_a_statement_that_says_no_is_no_failure(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", SITE, NO)
    result = allod("report", "sovereignty", "narvik")
    assert result.status == 0
    assert result.out == "Sovereignty statement: Site/narvik\n\nNo. The weakest: keys.\n"
    assert node.asked[0].query == {"as": ["text"], "least_seal": ["2"]}


def test_a_name_like_w12_is_a_workload(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", WORK, NO)
    assert allod("report", "sovereignty", "w12").status == 0
    node.on("GET", "/v1/sites/w12a/sovereignty", NO)
    assert allod("report", "sovereignty", "w12a").status == 0


def test_terms_are_sent(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", SITE, {"says": "No."})
    terms = ["--on", "2027-01-31", "--home", "NO", "--home", "EU", "--least-seal", "0", "--json"]
    result = allod("report", "sovereignty", "narvik", *terms)
    assert result.json == {"says": "No."}
    assert node.asked[0].query == {
        "on": ["2027-01-31"],
        "home": ["NO", "EU"],
        "least_seal": ["0"],
    }


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_what_is_neither_is_told(allod: Allod, node: PlayedNode, more: list[str]) -> None:
    node.on("GET", SITE, problem(404, "not-found", "no Site is called", "did you mean cambrai?"))
    result = allod("report", "sovereignty", "narvik", *more)
    assert (result.status, result.out) == (3, "")
    assert result.err == (
        "error: neither a site nor a workload is called 'narvik'\n"
        "mend: did you mean cambrai?; workloads are called w1, w2, ...\n"
    )


def test_a_workload_without_a_site_is_told_as_it_is(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", WORK, problem(404, "not-found", "'w12' has been placed nowhere"))
    result = allod("report", "sovereignty", "w12")
    assert (result.status, result.err) == (3, "error: 'w12' has been placed nowhere\n")


def test_a_day_that_is_none_is_wrong_input(allod: Allod, node: PlayedNode) -> None:
    assert allod("report", "sovereignty", "narvik", "--on", "soon").status == 2
    assert node.asked == []
