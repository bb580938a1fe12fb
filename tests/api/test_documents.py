from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import yaml
from jsonschema_rs import validator_for

from allod.api import schemas
from allod.domain.document import KINDS
from allod.errors import InvalidDocument
from tests.api.asking import Call, project, workload
from tests.api.fake_node import FakeNode
from tests.api.test_problems import the_problem


def test_documents_are_applied_listed_shown_and_removed(call: Call) -> None:
    answer = call("POST", "/v1/documents", role="operator", json=[project("a"), project("b")])
    assert answer.json() == {
        "dry_run": False,
        "changes": [
            {"kind": "Project", "name": "a", "what": "created"},
            {"kind": "Project", "name": "b", "what": "created"},
        ],
    }
    again = call("POST", "/v1/documents", role="operator", json=project("a", share=2))
    assert [item["what"] for item in again.json()["changes"]] == ["changed"]
    listed = call("GET", "/v1/documents", params={"kind": "Project"}).json()
    assert [item["name"] for item in listed["items"]] == ["a", "b"]
    shown = call("GET", "/v1/documents/Project/a").json()
    assert shown["document"]["spec"]["share"] == 2
    assert shown["actor"] == "operator"
    assert call("DELETE", "/v1/documents/Project/a", role="operator").status_code == 204
    the_problem(call("GET", "/v1/documents/Project/a"), 404, "not-found")


def test_what_is_in_use_is_not_removed_and_its_user_is_named(
    call: Call, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = InvalidDocument(
        "no party has this name", path="Project/fjord: spec.party", value="'aker'", mend="wrong"
    )

    def refuse(*_: object, **__: object) -> Future[None]:
        refused: Future[None] = Future()
        refused.set_exception(lacking)
        return refused

    monkeypatch.setattr(node, "remove", refuse)
    answer = call("DELETE", "/v1/documents/Party/aker", role="operator")
    problem = the_problem(answer, 409, "conflict")
    assert problem["detail"] == "Party/aker is in use: Project/fjord names it in spec.party"
    assert problem["mend"] == "remove Project/fjord, or apply it without that name, first"


def test_only_a_scenario_assumes(call: Call, node: FakeNode) -> None:
    country = {"value": "NO", "standing": "assumed"}
    answer = call("POST", "/v1/documents", role="operator", json=project(country=country))
    problem = the_problem(answer, 422, "invalid-document")
    assert "spec.country" in problem["detail"]
    assert "spec.assumptions" in problem["mend"]
    assert not node.leaves


def test_a_dry_run_changes_nothing(call: Call, node: FakeNode) -> None:
    answer = call("POST", "/v1/documents?dry_run=true", role="operator", json=project())
    assert answer.json()["changes"][0]["what"] == "created"
    assert answer.json()["dry_run"] is True
    assert not node.known
    assert not node.leaves


def test_several_documents_in_one_yaml(call: Call, node: FakeNode) -> None:
    text = yaml.safe_dump_all([project("a"), project("b")])
    headers = {"Content-Type": "application/yaml"}
    answer = call("POST", "/v1/documents", role="operator", content=text, headers=headers)
    assert answer.status_code == 200
    assert [name for _, name in node.known] == ["a", "b"]


def test_norway_is_a_country_and_not_a_no(call: Call, node: FakeNode) -> None:
    text = (
        "apiVersion: allod/v1\nkind: Project\nmetadata: {name: a}\nspec: {country: NO, share: 2}\n"
    )
    headers = {"Content-Type": "application/yaml"}
    call("POST", "/v1/documents", role="operator", content=text, headers=headers)
    assert node.known["Project", "a"].document["spec"]["country"]["value"] == "NO"


def test_the_same_document_twice_in_one_list(call: Call) -> None:
    answer = call("POST", "/v1/documents", role="operator", json=[project(), project()])
    assert "twice" in the_problem(answer, 422, "invalid-document")["detail"]


def test_the_place_in_a_list_is_named(call: Call) -> None:
    answer = call("POST", "/v1/documents", role="operator", json=[project(), {"kind": "Project"}])
    assert the_problem(answer, 422, "invalid-document")["detail"].startswith("[1]: ")


def test_an_unknown_kind_and_the_near_one(call: Call) -> None:
    for path in ("/v1/documents/Sit/narvik", "/v1/documents?kind=Sit", "/v1/schemas/Sit"):
        assert the_problem(call("GET", path), 404, "not-found")["mend"] == "write Site"


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_of_each_kind_is_a_schema(call: Call, kind: str) -> None:
    answer = call("GET", f"/v1/schemas/{kind}")
    assert answer.headers["content-type"] == "application/schema+json"
    check = validator_for(answer.json())
    assert not check.is_valid({})


def test_the_schema_takes_what_the_node_takes(call: Call) -> None:
    check = validator_for(call("GET", "/v1/schemas/Workload").json())
    assert check.is_valid(workload())
    assert not check.is_valid(workload(acelerators=1))


def test_schemas_are_made_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most = 0, 0

    def slow(kind: str) -> dict[str, Any]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.01)
        inside -= 1
        return {"title": kind}

    monkeypatch.setattr(schemas, "schema_of", slow)
    schemas.schema.cache_clear()
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(schemas.schema, KINDS))
    schemas.schema.cache_clear()
    assert [one["title"] for one in made] == list(KINDS) and most == 1


def test_the_kinds_are_listed(call: Call) -> None:
    assert call("GET", "/v1/schemas").json()["items"] == list(KINDS)


def test_sites_show_capacity_classes_and_power(call: Call, node: FakeNode) -> None:
    call("POST", "/v1/workloads", role="submit", json=workload(accelerators=8))
    both = call("GET", "/v1/sites").json()["items"]
    assert [site["name"] for site in both] == ["narvik", "cambrai"]
    narvik = call("GET", "/v1/sites/narvik").json()
    assert narvik == both[0]
    assert (narvik["live"], narvik["in_use"], narvik["free"]) == (64, 8, 56)
    assert narvik["power_committed_w"] > narvik["base_load_w"]
    assert narvik["classes"][1]["parent"] == "norway"
    the_problem(call("GET", "/v1/sites/nowhere"), 404, "not-found")
