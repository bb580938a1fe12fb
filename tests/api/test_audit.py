"""/v1/audit, /v1/receipts and /v1/log/section: who may ask, and what is answered."""

from __future__ import annotations

import json

import pytest

from allod.api import ApiSettings, create_app
from allod.domain.document import read_documents
from allod.prove.note import VerifierKey
from allod.prove.verify import verify
from tests.api.asking import Call, calling, workload
from tests.api.fake_node import START_S, FakeNode
from tests.api.test_problems import the_problem

WORLD = """\
apiVersion: allod/v1
kind: Party
metadata: {name: op}
spec: {title: Op, seat: NO, dispersed: true}
---
apiVersion: allod/v1
kind: Site
metadata: {name: fjord}
spec:
  title: Fjord
  country: NO
  operator: op
  management: [NO]
  metadata: [NO]
  pools: [{name: gpu, accelerator: unit, power_per_accelerator_w: 100}]
  phases: [{name: p0, state: live, starts: 2026-01-01, accelerators: {gpu: 8}}]
"""
_CODES = {401: "unauthorized", 403: "forbidden"}


@pytest.fixture
def described(node: FakeNode) -> FakeNode:
    node.apply(read_documents(WORLD)).result()
    return node


def test_an_audit_is_of_one_site_at_one_instant(described: FakeNode, call: Call) -> None:
    answer = call("GET", "/v1/audit?site=fjord&at=2026-11-21")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["at_s"] == START_S + 4 * 3600 - 1
    assert found["site"]["name"] == "fjord"
    assert [(one["party"], one["roles"]) for one in found["parties"]] == [("op", ["operator"])]
    assert (found["ran"], found["floors"], found["refused"]) == ([], [], [])


@pytest.mark.parametrize(
    ("query", "status", "code", "word"),
    [
        ("site=fjord&at=never", 422, "invalid-input", "is no date"),
        ("site=fjord", 422, "invalid-input", "at"),
        ("at=2026-11-21", 422, "invalid-input", "site"),
        ("site=fiord&at=2026-11-21", 404, "not-found", "no site 'fiord'"),
        ("site=fjord&at=2020-01-01", 404, "not-found", "no site 'fjord' at 2020"),
        ("site=fjord&at=2026-11-21&sight=1", 422, "invalid-input", "sight"),
    ],
)
def test_what_cannot_be_told_is_a_problem(
    described: FakeNode, call: Call, query: str, status: int, code: str, word: str
) -> None:
    answer = call("GET", f"/v1/audit?{query}")
    assert word in the_problem(answer, status, code)["detail"]


def test_a_leaf_has_a_receipt_with_the_fields_that_were_asked_for(
    node: FakeNode, call: Call
) -> None:
    call("POST", "/v1/workloads", role="submit", json=workload("hello"))
    seq = next(leaf.seq for leaf in node.leaves if leaf.kind.startswith("decision/"))
    answer = call("GET", f"/v1/receipts/{seq}?disclose=reasons")
    assert answer.status_code == 200, answer.text
    report = verify(answer.content, VerifierKey.parse(node.log.key))
    assert report.verified and "reasons" in report.records[0].fields
    the_problem(call("GET", "/v1/receipts/999"), 404, "not-found")
    the_problem(call("GET", "/v1/receipts/-1"), 422, "invalid-input")


def test_a_section_is_for_the_administrator_alone_and_is_noted(node: FakeNode, call: Call) -> None:
    node.log.grow()
    for role, status in ((None, 401), ("read", 403), ("submit", 403), ("operator", 403)):
        the_problem(call("GET", "/v1/log/section", role=role), status, _CODES[status])
    assert node.exports == []
    answer = call("GET", "/v1/log/section", role="admin")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/jsonl")
    assert [json.loads(line) for line in answer.content.splitlines()] == [{"v": 1}, {"leaves": 0}]
    assert node.exports == [(node.log.signed().size, "admin")]


def test_a_section_beyond_what_is_published_is_refused_before_a_byte(
    node: FakeNode, call: Call
) -> None:
    node.log.grow()
    the_problem(call("GET", "/v1/log/section?until=1000000", role="admin"), 422, "invalid-input")
    the_problem(call("GET", "/v1/log/section?until=0", role="admin"), 422, "invalid-input")
    assert node.exports == []


def test_where_reading_needs_a_token_so_does_an_audit(node: FakeNode) -> None:
    stranger = calling(
        create_app(node, settings=ApiSettings(loopback=False, read_needs_token=True))
    )
    for path in ("/v1/audit?site=x&at=2026-11-21", "/v1/receipts/0"):
        the_problem(stranger("GET", path), 401, "unauthorized")
