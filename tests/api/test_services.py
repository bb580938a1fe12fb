"""/v1/services: what is shown of them, and that scaling changes the document and no more."""

from __future__ import annotations

from typing import Any

from allod.run.serving.service_views import ReplicaView, ServiceSiteView, ServiceView
from tests.api.asking import Call
from tests.api.fake_node import FakeNode

TINY = ServiceView(
    name="tiny",
    project="host",
    title="",
    model="tiny-chat",
    engine="llama-cpp",
    operations=("chat",),
    replicas_min=0,
    replicas_max=2,
    gateways=1,
    sites=(
        ServiceSiteView(
            site="narvik",
            wanted=1,
            ready=1,
            starting=0,
            draining=0,
            held=0,
            in_flight=3,
            waiting=0,
            replicas=(ReplicaView(workload_id="w7", stage="ready", port=21000, in_flight=3),),
        ),
    ),
)


def document(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "allod/v1",
        "kind": "Service",
        "metadata": {"name": "tiny"},
        "spec": {
            "project": "host",
            "model": "tiny-chat",
            "engine": "llama-cpp",
            "command": ["serve"],
            "sites": ["narvik"],
            **spec,
        },
    }


def test_services_are_shown_with_their_replicas(call: Call, node: FakeNode) -> None:
    assert call("GET", "/v1/services").json() == {"items": [], "next": None}
    node.served = (TINY,)
    (listed,) = call("GET", "/v1/services").json()["items"]
    assert listed == call("GET", "/v1/services/tiny").json()
    assert listed["sites"][0]["replicas"][0]["workload_id"] == "w7"


def test_one_that_was_just_applied_is_asked_for_again(call: Call) -> None:
    missing = call("GET", "/v1/services/tiny")
    assert (missing.status_code, missing.json()["ask_again"]) == (404, False)
    call("POST", "/v1/documents", role="operator", json=document())
    applied = call("GET", "/v1/services/tiny")
    assert (applied.status_code, applied.json()["ask_again"]) == (503, True)
    assert "did you mean tiny" in call("GET", "/v1/services/tyny").json()["mend"]


def test_scaling_changes_the_two_limits_alone(call: Call, node: FakeNode) -> None:
    call("POST", "/v1/documents", role="operator", json=document(replicas={"in_flight": 4}))
    scaled = call("POST", "/v1/services/tiny/scale", role="operator", json={"min": 1, "max": 3})
    assert scaled.json() == {
        "kind": "Service",
        "name": "tiny",
        "what": "changed",
        "replicas_min": 1,
        "replicas_max": 3,
    }
    spec = node.document("Service", "tiny").document["spec"]
    assert spec == document(replicas={"in_flight": 4, "min": 1, "max": 3})["spec"]


def test_who_may_not_scale_and_what_cannot_be(call: Call) -> None:
    call("POST", "/v1/documents", role="operator", json=document())

    def status(body: Any, name: str = "tiny", role: str = "operator") -> int:
        return call("POST", f"/v1/services/{name}/scale", role=role, json=body).status_code

    assert status({"min": 0, "max": 1}, role="submit") == 403
    assert status({"min": 0, "max": 1}, name="other") == 404
    assert status({"min": 2, "max": 1}) == 422
    assert status({}) == 422
    assert status({"min": None}) == 422
