"""/v1/reports: the answers of `allod report`, for those who may read; wrong questions mended."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from allod import catalogue
from allod.api import ApiSettings, create_app
from allod.catalogue.answers.days import known_on
from allod.run.node_views import Role
from tests.api.asking import Call, calling, project
from tests.api.fake_node import FakeNode
from tests.api.test_problems import the_problem

AT = {"at": "2026-11-01"}
READS = ("roadmap", "control/narvik", "dependencies", "claims/narvik", "ledger/narvik", "regions")


def ask(call: Call, path: str, **query: Any) -> Any:
    answer = call("GET", f"/v1/reports/{path}", params=AT | query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_roadmap_is_of_the_region_that_is_asked_for(call: Call) -> None:
    whole, part = ask(call, "roadmap"), ask(call, "roadmap", region="no")
    assert (whole["region"], part["region"]) == ("", "NO")
    assert {step["country"] for step in part["steps"]} == {"NO"}
    assert {step["country"] for step in whole["steps"]} > {"NO", "FR", "MA"}
    narvik = {s["phase"]: s["power_w"] for s in part["steps"] if s["site"] == "narvik"}
    assert narvik["initial"] == 230_000_000
    assert narvik["rubin"] is None  # Not known, and not nothing.


def test_home_decides_what_is_foreign(call: Call) -> None:
    abroad = ask(call, "control/narvik", home="FR")
    assert abroad["home"] == ["FR"]
    both = ask(call, "control/narvik", home=["no", "EU"])
    assert {"NO", "FR"} <= set(both["home"])
    assert ask(call, "control/narvik")["home"] == ["NO"]
    # Half of the venture is held by Aker of Norway.
    from_abroad, from_home = (
        next(one["foreign_bp"] for one in found["parties"] if one["party"] == "aker-nscale")
        for found in (abroad, both)
    )
    assert from_home["known"] < 5000 <= from_abroad["known"]


def test_dependencies_of_one_site_of_many_and_without_one(call: Call) -> None:
    one = ask(call, "dependencies", site="narvik")
    assert (one["sites"], one["without"]) == (["narvik"], None)
    assert {layer["sites"] for layer in one["layers"]} == {1}
    many = ask(call, "dependencies", region="fr", without="us")
    assert len(many["sites"]) > 1
    assert many["without"]["name"] == "US"
    for sites in many["without"]["by_layer"].values():
        assert set(sites) <= set(many["sites"])


def test_regions_of_all_and_of_one_country(call: Call) -> None:
    whole, one = ask(call, "regions"), ask(call, "regions", region="NO")
    assert len(whole["states"]) > 16
    assert whole["cohesion"]["neither"]
    assert [state["name"] for state in one["states"]] == ["NO"]
    assert one["cohesion"] is None
    assert "narvik" in one["states"][0]["capacity"]["sites"]


def test_claims_of_a_site_and_of_a_region(call: Call) -> None:
    one = ask(call, "claims/narvik")["sites"]
    assert list(one) == ["narvik"]
    site = catalogue.find("narvik").spec
    assert len(one["narvik"]) == len(site.claims)  # type: ignore[attr-defined]
    many = ask(call, "claims/fr")["sites"]
    french = known_on(date.fromisoformat(AT["at"])).sites.items()
    assert set(many) == {name for name, site in french if site.country.value == "FR"}


def test_the_ledger_of_a_site_a_region_an_antenna_and_a_call(call: Call) -> None:
    one, cluster = ask(call, "ledger/narvik"), ask(call, "ledger/hauts-de-france")
    assert {item["of"] for item in one["money"]} == {"narvik"}
    assert len({item["of"] for item in cluster["money"]}) > 1
    whole = {(s["currency"], s["state"]): s["amount"] for s in one["by_state"]}
    told = [item for item in one["money"] if item["amount"] and not item["part_of"]]
    assert sum(whole.values()) == sum(item["amount"] for item in told) > 0
    known = known_on(date.fromisoformat(AT["at"]))
    for name in (next(iter(known.antennas)), next(iter(known.calls))):
        assert {item["of"] for item in ask(call, f"ledger/{name}")["money"]} <= {name}


def test_the_day_is_that_of_the_node(call: Call, node: FakeNode) -> None:
    assert call("GET", "/v1/reports/roadmap").json()["at"] == "2026-11-21"
    node.at_s += 4 * 3600  # From 20:00 to midnight.
    assert call("GET", "/v1/reports/roadmap").json()["at"] == "2026-11-22"
    sent = call("POST", "/v1/reports/find", json=project())
    assert sent.json()["at"] == "2026-11-22"


def test_find_takes_the_project_and_its_party_out_of_the_body(call: Call) -> None:
    own = call("POST", "/v1/reports/find", params=AT, json=project(country="FR")).json()
    assert (own["project"], own["country"]) == ("fjord", "FR")
    party = {
        "apiVersion": "allod/v1",
        "kind": "Party",
        "metadata": {"name": "lab"},
        "spec": {"title": "Lab", "seat": "IE"},
    }
    unknown = {"standing": "unknown"}
    sent = [party, project(country=unknown, party="lab")]
    assert call("POST", "/v1/reports/find", json=sent).json()["country"] == "IE"
    sent = [project(country=unknown, party="nscale")]  # Which the catalogue has.
    assert call("POST", "/v1/reports/find", json=sent).json()["country"] == "GB"
    answer = call(
        "POST",
        "/v1/reports/find",
        content="apiVersion: allod/v1\nkind: Project\nmetadata: {name: a}\nspec: {country: NO}",
        headers={"Content-Type": "application/yaml"},
    )
    assert answer.json()["country"] == "NO"


def test_asking_where_to_turn_writes_nothing(call: Call, node: FakeNode) -> None:
    before = len(node.leaves)
    assert call("POST", "/v1/reports/find", json=project()).status_code == 200
    assert len(node.leaves) == before
    assert not any(kind == "Project" for kind, _ in node.known)


@pytest.mark.parametrize("path", READS)
def test_reports_are_for_readers_where_reading_needs_a_token(path: str) -> None:
    node = FakeNode()
    node.token_make("read", Role.READ)
    call = calling(create_app(node, settings=ApiSettings(loopback=False)))
    the_problem(call("GET", f"/v1/reports/{path}"), 401, "unauthorized")
    assert call("GET", f"/v1/reports/{path}", role="read").status_code == 200
    the_problem(call("POST", "/v1/reports/find", json=project()), 401, "unauthorized")
    assert call("POST", "/v1/reports/find", role="read", json=project()).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "field", "value", "mend"),
    [
        ("roadmap?region=atlantis", 404, "region", "atlantis", "hauts-de-france"),
        ("roadmap?reigon=fr", 422, "reigon", "", "write 'region'"),
        ("regions?region=atlantis", 404, "region", "atlantis", "hauts-de-france"),
        ("control?region=atlantis", 404, "region", "atlantis", "hauts-de-france"),
        ("control?home=Q1", 422, "home", "Q1", "ISO 3166-1"),
        ("control/narvk", 404, "site", "narvk", "write 'narvik'"),
        ("control/narvik?home=Q1", 422, "home", "Q1", "ISO 3166-1"),
        ("control/narvik?home=NO&home=Nordic", 422, "home", "Nordic", "nordics"),
        ("control/narvik?at=2020-01-01", 422, "at", "2020-01-01", "2025-07-31"),
        ("dependencies?site=narvk", 404, "site", "narvk", "write 'narvik'"),
        ("dependencies?region=atlantis", 404, "region", "atlantis", "hauts-de-france"),
        ("dependencies?without=acme", 404, "without", "acme", "a country such as US"),
        ("dependencies?site=narvik&region=fr", 422, "region", "fr", "one of them"),
        ("dependencies?site=narvik&at=2020-01-01", 422, "at", "2020-01-01", "2025-07-31"),
        ("claims/narvk", 404, "name", "narvk", "write 'narvik'"),
        ("ledger/narvk", 404, "name", "narvk", "write 'narvik'"),
        ("ledger/narvik?at=2020-01-01", 422, "at", "2020-01-01", "2025-07-31"),
        ("claims/narvik?at=1066-10-14", 422, "at", "1066-10-14", "1900-01-01"),
    ],
)
def test_a_wrong_question_is_told_its_field_value_and_mend(
    call: Call, path: str, status: int, field: str, value: str, mend: str
) -> None:
    code = {404: "not-found", 422: "invalid-input"}[status]
    body = the_problem(call("GET", f"/v1/reports/{path}"), status, code)
    assert (body["field"], body.get("value", "")) == (field, value)
    assert mend in body["mend"]


def test_a_body_without_a_project_or_with_two_is_told_so(call: Call) -> None:
    party = {
        "apiVersion": "allod/v1",
        "kind": "Party",
        "metadata": {"name": "lab"},
        "spec": {"title": "Lab", "seat": "IE"},
    }
    for sent, says in (([party], "no project"), ([project("a"), project("b")], "2 projects")):
        body = the_problem(call("POST", "/v1/reports/find", json=sent), 422, "invalid-input")
        assert says in body["detail"]
        assert body["field"] == "kind"
    the_problem(call("POST", "/v1/reports/find", content="x"), 415, "unsupported-media-type")
    wrong = project(contry="NO")
    body = the_problem(call("POST", "/v1/reports/find", json=wrong), 422, "invalid-document")
    assert (body["field"], body["mend"]) == ("Project/fjord: spec.contry", "write 'country'")
