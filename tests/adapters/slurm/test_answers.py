"""Done, refused or unknown: all shapes of answers, by Slurm's own numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from allod.adapters.slurm.answers import (
    NotBelieved,
    check_listed,
    check_signalled,
    errors_of,
    submitted_id,
)
from allod.errors import RunnerRefused, RunnerUnknown


def submit_error(code: int) -> dict[str, Any]:
    return {"error": "words", "error_code": code}


#: The shapes of an error in 22.05 and after; in all the number tells.
SHAPES: list[Callable[[int], dict[str, Any]]] = [
    submit_error,
    lambda code: {"description": "d", "error": "e", "error_number": code, "source": "s"},
    lambda code: {"error": "e", "errno": code},
    lambda code: {"error": "e", "error_number": code},
    lambda code: {"error_code": 0, "error_number": code, "description": "d"},
]
REFUSED = (2000, 2002, 2009, 2014, 2015, 2045, 2048, 2053, 2066, 2072, 8000, 9000, 9001, 9202)
LATER = (2007, 2016, 2027, 2050, 2056, 2061, 2068, 2070, 2074, 2101, 2105, 2120, 2125, 2131)
UNKNOWN = (1000, 1001, 1004, 1800, 1803, 1900, 5000, 5004, 7000)
DOUBT = (-1, 1007, 5005, 6000, 6010)


def outcome(status: int, body: dict[str, Any]) -> type[Exception]:
    with pytest.raises((RunnerRefused, RunnerUnknown)) as caught:
        submitted_id(status, body)
    return caught.type


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        (REFUSED, RunnerRefused),
        (LATER, RunnerUnknown),
        (UNKNOWN, RunnerUnknown),
        (DOUBT, NotBelieved),
    ],
)
def test_the_number_tells(
    shape: Callable[[int], dict[str, Any]], numbers: tuple[int, ...], kind: type[Exception]
) -> None:
    for status in (200, 500):
        for number in numbers:
            assert outcome(status, {"errors": [shape(number)]}) is kind, number


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {}, RunnerUnknown),
        (200, {"job_id": 0}, RunnerUnknown),
        (200, {"errors": []}, RunnerUnknown),
        (500, {}, RunnerUnknown),
        (502, {"errors": ["Bad Gateway"]}, RunnerUnknown),
        (504, {"errors": ["<html>"]}, RunnerUnknown),
        (401, {"errors": ["Authentication failure"]}, NotBelieved),
        (400, {"errors": ["bad request"]}, RunnerRefused),
        (422, {}, RunnerRefused),
        (500, {"errors": "no list"}, RunnerUnknown),
        (500, {"errors": [None, 3]}, RunnerUnknown),
        (500, {"errors": [submit_error(2000), submit_error(2068)]}, RunnerUnknown),
        (500, {"errors": [submit_error(2000), submit_error(2048)]}, RunnerRefused),
        (500, {"errors": [submit_error(2000), submit_error(1800)]}, RunnerUnknown),
        # What 22.05 says of an environment that is a list.
        (400, {"errors": [submit_error(-1), {"error": "e"}, submit_error(9001)]}, RunnerRefused),
    ],
)
def test_an_answer_without_a_job_is_refused_or_unknown(
    status: int, body: dict[str, Any], kind: type[Exception]
) -> None:
    assert outcome(status, body) is kind


@pytest.mark.parametrize("code", [0, 2015, 2042, 2068, 2050])
def test_an_answer_with_a_job_is_a_success_whatever_else_it_says(code: int) -> None:
    assert submitted_id(200, {"job_id": 7, "errors": [submit_error(code)]}) == 7
    wrapped = {"job_id": {"set": True, "infinite": False, "number": 7}}
    assert submitted_id(500, wrapped) == 7


def test_an_error_says_its_words_and_its_number() -> None:
    with pytest.raises(RunnerRefused, match=r"Slurm: submit: words \(2048\)$"):
        submitted_id(500, {"errors": [submit_error(2048)]})
    both = {"errors": [{"description": "no such", "error": "no such", "error_number": 2017}]}
    assert errors_of(both) == [(2017, "no such")]
    with pytest.raises(RunnerUnknown, match="HTTP 500 without an error number"):
        submitted_id(500, {})


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (200, None, None),
        (200, 0, None),
        (500, 2017, None),
        (404, 2017, None),
        (500, 2021, None),
        (500, 2020, None),
        (500, 2002, RunnerRefused),
        (500, 5005, NotBelieved),
        (500, 1800, RunnerUnknown),
        (500, None, RunnerUnknown),
        (200, 2002, RunnerRefused),
        (504, None, RunnerUnknown),
    ],
)
def test_a_job_that_needs_no_signal_is_no_failure(
    status: int, code: int | None, kind: type[Exception] | None
) -> None:
    body = {"errors": [] if code is None else [submit_error(code)]}
    if kind is None:
        check_signalled(status, body)
        return
    with pytest.raises(kind):
        check_signalled(status, body)


@pytest.mark.parametrize(
    ("status", "body"),
    [(304, {}), (500, {}), (200, {"errors": [submit_error(-1)]}), (200, {"errors": ["text"]})],
)
def test_a_list_with_an_error_is_no_list(status: int, body: dict[str, Any]) -> None:
    with pytest.raises(RunnerUnknown):
        check_listed(status, body)


def test_a_list_without_errors_is_one() -> None:
    check_listed(200, {"jobs": [], "errors": []})
    check_listed(200, {"jobs": [], "warnings": [{"description": "old"}]})
