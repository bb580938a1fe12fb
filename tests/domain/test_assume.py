"""Assumptions: what they fill, what they leave alone, and how they are refused."""

from __future__ import annotations

from typing import Any

import pytest

from allod.domain.assume import assume, assumed_paths, facts_of
from allod.domain.document import Document, from_json, read_documents
from allod.domain.fact import Standing
from allod.domain.party import Party
from allod.domain.site import PhaseState, Site
from allod.errors import InvalidDocument

WORLD = read_documents(
    """
apiVersion: allod/v1
kind: Site
metadata: {name: narvik}
spec:
  title: S
  country: NO
  operator: unknown
  management: unknown
  metadata: [NO]
  pools: [{name: gb300, accelerator: gb300-nvl72}, {name: other, accelerator: unknown}]
  phases:
    - {name: initial, state: announced, accelerators: {gb300: unknown}}
    - {name: later, state: announced, starts: 2028-01-01}
  envelope: {site: {power_w: unknown}}
---
apiVersion: allod/v1
kind: Party
metadata: {name: venture}
spec:
  title: P
  seat: unknown
  owners: [{party: one, share_bp: 6000}, {party: two, share_bp: unknown}]
"""
)


def scenario(*assumptions: dict[str, Any]) -> Document:
    return from_json(
        {
            "apiVersion": "allod/v1",
            "kind": "Scenario",
            "metadata": {"name": "s27"},
            "spec": {"title": "T", "assumptions": list(assumptions)},
        },
        file="s27.yaml",
    )


def about(path: str, value: Any, document: str = "Site/narvik", **more: Any) -> dict[str, Any]:
    return {"document": document, "path": path, "value": value, **more}


def refused(*assumptions: dict[str, Any]) -> str:
    with pytest.raises(InvalidDocument) as caught:
        assume(WORLD, scenario(*assumptions))
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("operator", "venture", "venture"),
        ("management", ["NO", "SE"], ("NO", "SE")),
        ("pools.other.accelerator", "h100", "h100"),
        ("pools.gb300.power_per_accelerator_w", "2.25 kW", 2250),
        ("phases.initial.starts", "2027-01-01", 1_798_761_600),
        ("phases.initial.accelerators.gb300", 100_000, 100_000),
        ("envelope.site.power_w", "230 MW", 230_000_000),
    ],
)
def test_an_unknown_is_filled_and_says_so(path: str, value: Any, read: Any) -> None:
    filled = assume(WORLD, scenario(about(path, value, why="because")))
    before = {name: fact for name, _, fact in facts_of(WORLD[0].spec)}
    after = {name: fact for name, _, fact in facts_of(filled[0].spec)}
    fact = after.pop(path)
    assert not before.pop(path).known
    assert (fact.value, fact.standing) == (read, Standing.ASSUMED)
    assert (fact.source, fact.note) == ("Scenario/s27", "because")
    assert after == before
    assert filled[1] == WORLD[1]
    assert assumed_paths(filled) == [f"Site/narvik: {path}"]
    assert assumed_paths(WORLD) == []


def test_entries_of_lists_go_by_their_name_or_party() -> None:
    filled = assume(WORLD, scenario(about("owners.two.share_bp", 4000, "Party/venture")))
    assert isinstance(filled[1].spec, Party)
    assert [holding.share_bp.value for holding in filled[1].spec.owners] == [6000, 4000]


def test_a_known_value_is_kept_unless_the_scenario_insists() -> None:
    live = about("phases.initial.state", "live")
    assert "is known (declared: announced)" in refused(live)
    assert "over_known: true" in refused(live)
    filled = assume(WORLD, scenario({**live, "over_known": True}))
    assert isinstance(filled[0].spec, Site)
    assert filled[0].spec.phases[0].state.value is PhaseState.LIVE
    assert filled[0].spec.phases[1].state.value is PhaseState.ANNOUNCED


def test_what_is_filled_reads_back() -> None:
    for document in assume(WORLD, scenario(about("operator", "venture"))):
        assert from_json(document.to_json(), document.file) == document


@pytest.mark.parametrize(
    ("assumption", "words"),
    [
        (about("operator", "x", "Site/narvk"), "did you mean 'Site/narvik'?"),
        (about("operater", "x"), "did you mean 'operator'"),
        (about("phases.initial.start", 1), "'phases.initial.starts'"),
        (about("phases.initial", 1), "has no such fact"),
        (about("title", "x"), "has no such fact"),
        (about("operator", None), "an assumption is a value"),
        (about("operator", "unknown"), "an assumption is a value"),
        (about("operator", "Not A Name"), "a-z"),
        (about("envelope.site.power_w", "many"), "is not a power"),
        (about("owners.two.share_bp", 4001, "Party/venture"), "basis points"),
    ],
)
def test_a_wrong_assumption_is_named(assumption: dict[str, Any], words: str) -> None:
    fine = about("metadata", ["SE"], over_known=True)
    message = refused(fine, assumption)
    assert "s27.yaml" in message
    assert "Scenario/s27: spec.assumptions.[1]" in message
    assert words in message


def test_the_same_fact_is_not_assumed_twice() -> None:
    one = about("operator", "a")
    assert "assumed twice" in refused(one, {**one, "value": "b", "over_known": True})


def test_a_fraction_is_refused_and_a_date_is_text() -> None:
    with pytest.raises(InvalidDocument, match="whole number"):
        scenario(about("envelope.site.power_w", 1.5))
    (document,) = read_documents(
        "apiVersion: allod/v1\nkind: Scenario\nmetadata: {name: d}\nspec:\n  title: T\n"
        "  assumptions: [{document: Site/narvik, path: phases.initial.starts, value: 2027-01-01}]"
    )
    assert document.to_json()["spec"]["assumptions"][0]["value"] == "2027-01-01"
    assert from_json(document.to_json(), document.file) == document
