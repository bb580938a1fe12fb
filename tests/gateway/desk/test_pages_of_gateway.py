"""The description of the gateway, its page and its metrics."""

from __future__ import annotations

import re
from typing import Any

import httpx
import jsonschema_rs
from prometheus_client.parser import text_string_to_metric_families

from tests.gateway.desk.surroundings import Desk, Engine, held_call, until


def test_the_description_has_every_operation_and_every_answer_fits_it(desk: Desk) -> None:
    document = httpx.get(desk.url + "/openapi.json", trust_env=False).json()
    operations = {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
    }
    assert operations == {
        "POST /v1/chat/completions", "POST /v1/completions", "POST /v1/embeddings",
        "POST /v1/responses", "GET /v1/models", "GET /v1/models/{model}",
        "POST /v1/files", "GET /v1/files", "GET /v1/files/{file_id}",
        "GET /v1/files/{file_id}/content", "DELETE /v1/files/{file_id}",
        "POST /v1/batches", "GET /v1/batches", "GET /v1/batches/{batch_id}",
        "POST /v1/batches/{batch_id}/cancel",
    }  # fmt: skip
    names = set(
        re.findall(r'"#/components/schemas/(\w+)"', httpx.Response(200, json=document).text)
    )
    assert names <= set(document["components"]["schemas"])

    def fits(answer: httpx.Response, method: str, path: str) -> None:
        said = document["paths"][path][method]["responses"][str(answer.status_code)]
        schema = said["content"]["application/json"]["schema"]
        whole: Any = {"components": document["components"], **schema}
        jsonschema_rs.Draft202012Validator(whole).validate(answer.json())

    files = {"file": ("a", b"x")}
    fits(desk.ask("POST", "/v1/files", files=files, data={"purpose": "batch"}), "post", "/v1/files")
    fits(desk.ask("POST", "/v1/files", files=files, data={"purpose": "?"}), "post", "/v1/files")
    fits(desk.get("/v1/files"), "get", "/v1/files")
    fits(desk.get("/v1/batches"), "get", "/v1/batches")
    fits(desk.get("/v1/models"), "get", "/v1/models")
    fits(desk.get("/v1/models/tiny"), "get", "/v1/models/{model}")
    fits(desk.get("/v1/models", "sk-wrong"), "get", "/v1/models")


def test_the_page_takes_nothing_from_elsewhere(desk: Desk) -> None:
    page = httpx.get(desk.url + "/docs", trust_env=False)
    assert page.headers["content-type"].startswith("text/html")
    assert "POST /v1/chat/completions" in page.text
    assert set(re.findall(r"https?://[^/\"<\s]+", page.text)) <= {desk.url}
    assert re.findall(r"(?:src|href)=\"(?!/)", page.text) == []


def test_metrics_follow_records_and_loads(desk: Desk, engine: Engine) -> None:
    def values() -> dict[str, float]:
        text = httpx.get(desk.url + "/metrics", trust_env=False).text
        return {
            f"{sample.name} {' '.join(sample.labels.values())}": sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    desk.chat()
    with held_call(desk, engine):
        until(lambda: values().get("allod_gateway_in_flight chat narvik") == 1, "one is in flight")
        engine.let_go.set()
    done = "allod_gateway_requests_total chat completed chat narvik"
    until(lambda: values().get(done) == 2, "all are counted")
    found = values()
    assert found["allod_gateway_tokens_total prompt chat narvik"] == 14
    assert found["allod_gateway_request_seconds_count chat narvik"] == 2
    assert "school" not in httpx.get(desk.url + "/metrics", trust_env=False).text


def test_nobody_but_workers_is_answered_at_the_desks_own_port(desk: Desk) -> None:
    [port] = {
        int(found) for found in re.findall(r"desk answers at http://127.0.0.1:(\d+)", desk.said())
    }
    for path in ("/v1/files", "/openapi.json", "/v1/batches"):
        for headers in ({}, {"authorization": "Bearer guess", "x-allod-key": "k1"}):
            answer = httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers, trust_env=False)
            assert answer.status_code == 401
