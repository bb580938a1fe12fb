"""The OpenAPI document is the contract: answers keep to it, and it says what things are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as of_openapi

from allod.api import ApiSettings, create_app
from allod.api.openapi import openapi_of
from allod.domain.event import Outcome
from allod.run.node_views import Role
from tests.api.asking import Call, calling, project, workload
from tests.api.fake_node import FakeNode
from tests.run.replays.asking import Stage, desk_in

FOLDER = TemporaryDirectory()  # Of its replays; goes with the process.


def filled() -> FastAPI:
    """An application with a workload in each state that it may be asked about."""
    node = FakeNode()
    node.token_make("admin", Role.ADMIN)
    app = create_app(node, settings=ApiSettings(loopback=False))
    call = calling(app)
    call("POST", "/v1/documents", role="admin", json=project())
    for number, accelerators in enumerate((8, 100, 60)):
        sent = workload(f"job-{number}", accelerators)
        assert call("POST", "/v1/workloads", role="admin", json=sent).status_code == 201
    node.start("w1")
    node.end("w1", Outcome.COMPLETED)
    node.log.grow(300)
    stage = Stage()
    stage.replays_wait = False
    node.replays = desk_in(Path(FOLDER.name), stage, replays_queued=1000)
    return app


APP = filled()
schema = schemathesis.openapi.from_asgi("/v1/openapi.json", APP)
CHECKS = [
    checks.not_a_server_error,
    of_openapi.status_code_conformance,
    of_openapi.content_type_conformance,
    of_openapi.response_schema_conformance,
]


# A stream does not end, so it cannot be asked and then looked at; test_events.py does that.
@schema.exclude(path="/v1/events").exclude(path_regex="logs$").parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_answers_keep_to_the_contract(case: Any) -> None:
    case.headers = {**(case.headers or {}), "Authorization": "Bearer secret-of-admin"}
    response = case.call()
    case.validate_response(response, checks=CHECKS)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/me",
        "/v1/workloads",
        "/v1/workloads/count",
        "/v1/workloads/w1",
        "/v1/workloads/w2/why",
        "/v1/workloads/w3/why",
        "/v1/workloads/w2/decisions",
        "/v1/decisions",
        "/v1/sites",
        "/v1/attention",
        "/v1/sites/narvik/power",
        "/v1/sites/narvik/nodes",
        "/v1/sites/narvik/phases",
        "/v1/sites/narvik/parties",
        "/v1/documents/Project/fjord",
        "/v1/projects",
        "/v1/projects/fjord",
        "/v1/catalogue",
        "/v1/catalogue/Site/narvik",
        "/v1/catalogue/Site/nouaceur/changes",
        "/v1/reports/roadmap",
        "/v1/reports/control",
        "/v1/reports/control/narvik",
        "/v1/reports/dependencies",
        "/v1/reports/claims/narvik",
        "/v1/reports/ledger/eu",
        "/v1/reports/regions",
        "/healthz",
    ],
)
def test_what_is_there_keeps_to_the_contract(path: str) -> None:
    from jsonschema_rs import validator_for

    document = openapi_of(APP)
    known = document["paths"]
    template = next(
        name
        for name in known
        if len(name.split("/")) == len(path.split("/"))
        and all(
            want == have or want.startswith("{")
            for want, have in zip(name.split("/"), path.split("/"), strict=True)
        )
    )
    shape = known[template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    check = validator_for({**shape, "components": document["components"]})
    query = {"from": "2025-01-01"} if path.endswith("/changes") else {}
    answer = calling(APP)("GET", path, role="admin", params=query)
    assert answer.status_code == 200
    check.validate(answer.json())


def test_the_reference_is_as_the_api_is(root: Path) -> None:
    script = [sys.executable, "scripts/docs_http.py", "--check"]
    checked = subprocess.run(script, cwd=root, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_each_operation_says_what_it_does_and_what_it_needs(call: Call) -> None:
    document = call("GET", "/v1/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], path
            assert operation["description"], path
            if path.startswith("/v1/catalogue"):
                assert "security" not in operation, path
            elif path.startswith("/v1/reports/"):  # Questions, also where they are posted.
                assert operation["security"] == [{}, {"token": []}], path
            elif method != "get":
                assert operation["security"] == [{"token": []}], path
            assert any(status.startswith("2") for status in operation["responses"])


def test_fields_carry_the_words_beside_them_in_the_source(call: Call) -> None:
    schemas = call("GET", "/v1/openapi.json").json()["components"]["schemas"]
    fields = schemas["Placement"]["properties"]
    said = "What it may draw at the meter of the site: its share at full load. [W]"
    assert fields["power_w"]["description"] == said
    assert fields["kind"] == {"const": "placement"}
    assert schemas["Step"]["enum"] == ["law", "class", "hardware", "power", "room"]
    assert "id" in schemas["WorkloadView"]["properties"]


def test_every_field_of_an_answer_about_the_catalogue_is_described(call: Call) -> None:
    document = call("GET", "/v1/openapi.json").json()
    schemas = document["components"]["schemas"]
    answers = {
        operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        for path, operations in document["paths"].items()
        if path.startswith(("/v1/reports/", "/v1/catalogue/"))
        for operation in operations.values()
    }
    left, seen = [ref.rsplit("/", 1)[-1] for ref in answers], set()
    assert len(left) == 10
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            fields = schemas[name].get("properties", {})
            assert [f for f, told in fields.items() if "description" not in told] == [], name
            left += re.findall(r"#/components/schemas/(\w+)", str(fields))
    assert {"PhaseStep", "Layer", "SiteFit", "Clock", "HeldShare", "Capacity"} < seen


def test_where_to_turn_keeps_to_the_contract() -> None:
    from jsonschema_rs import validator_for

    document = openapi_of(APP)
    told = document["paths"]["/v1/reports/find"]["post"]["responses"]["200"]["content"]
    shape = told["application/json"]["schema"]
    answer = calling(APP)("POST", "/v1/reports/find", role="admin", json=project())
    validator_for({**shape, "components": document["components"]}).validate(answer.json())
