"""What became of claims: each verdict from what the documents say."""

from __future__ import annotations

from typing import Any

import pytest

from allod.domain.site import Site
from allod.plan.claims import judged
from tests.plan.announced import DAY, fact, phase, site


def claim(**more: Any) -> dict[str, Any]:
    return {"name": "c", "says": "many", "maker": "m", "date": "2025-07-31", "source": "p"} | more


def verdict(claims: list[dict[str, Any]], **more: Any) -> tuple[str, str]:
    spec = site("s", claims=claims, **more).spec
    assert isinstance(spec, Site)
    first, *_ = judged(spec, DAY)
    return first.standing.value, "; ".join(first.why)


GPUS = {"subject": "accelerators", "value_milli": 100_000_000}
LIVE = {"delivery": {"p": {"live": fact(100_000)}}, "accelerators": {"p": fact(100_000)}}
FEW = {"delivery": {"p": {"live": fact(99_999)}}, "accelerators": {"p": fact(100_000)}}


@pytest.mark.parametrize(
    ("told", "more", "expected", "why"),
    [
        (GPUS | {"due": "2026-12-31"}, {}, "open", "2026-12-31"),
        (GPUS | {"due": "2026-10-31"}, {}, "not testable", "no source says it"),
        (GPUS, {"phases": [phase("a", "1 MW", "live", **LIVE)]}, "kept", ""),
        (GPUS, {"phases": [phase("a", "1 MW", "live", **FEW)]}, "missed", ""),
        ({"subject": "power-mw", "value_milli": 40_000}, {"phases": [phase("a")]}, "missed", ""),
        (
            {"subject": "power-mw", "value_milli": 40_000},
            {"phases": [phase("a", "40 MW", "live")]},
            "kept",
            "",
        ),
        (
            {"subject": "jobs", "value_milli": 50_000},
            {"dossier": {"jobs": [{"name": "j", "count": fact(50), "state": "announced"}]}},
            "not testable",
            "nobody has counted",
        ),
        (
            {"subject": "jobs", "value_milli": 50_000},
            {"dossier": {"jobs": [{"name": "j", "count": fact(50), "state": "counted"}]}},
            "kept",
            "",
        ),
        ({"subject": "ref", "value_milli": 1000}, {}, "open", "no phase is known to be live"),
        (
            {"subject": "ref", "value_milli": 1000},
            {"phases": [phase("a", "1 MW", "live")]},
            "not testable",
            "report energy",
        ),
        (
            {"subject": "water-m3", "value_milli": 900, "reduces": True},
            {},
            "not testable",
            "against what",
        ),
        ({}, {}, "not testable", "what would measure it"),
    ],
)
def test_each_verdict(told: dict[str, Any], more: dict[str, Any], expected: str, why: str) -> None:
    standing, words = verdict([claim(**told)], **more)
    assert standing == expected
    assert why in words


def test_a_claim_that_another_replaced_is_changed() -> None:
    later = claim(name="d", **GPUS)
    assert verdict([claim(replaced_by="d", **GPUS), later]) == ("changed", "'d' took its place")
