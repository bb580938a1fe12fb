from __future__ import annotations

from allod.api import ApiSettings, create_app
from tests.api.asking import Call, calling, workload
from tests.api.fake_node import FakeNode


def test_probes_and_metrics_name_no_workload(call: Call, node: FakeNode) -> None:
    """L7: what monitoring carries away says nothing about the work."""
    secret = {"name": "very-secret", "project": "hidden-project"}
    call("POST", "/v1/workloads", role="submit", json=workload(**secret))  # type: ignore[arg-type]
    for path in ("/v1/workloads/w1", "/v1/workloads/very-secret", "/v1/very-secret"):
        call("GET", path)
    call("VERY-SECRET", "/v1/workloads")
    for path in ("/metrics", "/healthz", "/readyz"):
        text = call("GET", path).text.lower()
        assert "very-secret" not in text
        assert "hidden-project" not in text
        assert "w1" not in text


def test_requests_are_counted_by_route(call: Call) -> None:
    for number in range(3):
        call("GET", f"/v1/workloads/w{number}")
    call("POST", "/v1/workloads", role="submit", json=workload())
    text = call("GET", "/metrics").text
    labels = 'method="GET",route="/v1/workloads/{workload_id}",status="404"'
    assert f"allod_http_requests_total{{{labels}}} 3.0" in text
    assert 'method="POST",route="/v1/workloads",status="201"} 1.0' in text
    assert "allod_fake_total" in text


def test_health_counts(call: Call, node: FakeNode) -> None:
    call("POST", "/v1/workloads", role="submit", json=workload(accelerators=60))
    call("POST", "/v1/workloads", role="submit", json=workload(accelerators=60))
    body = call("GET", "/healthz").json()
    assert body["status"] == "ok"
    assert (body["running"], body["waiting"], body["seq"]) == (1, 1, 3)
    assert call("GET", "/readyz").json() == {"ready": True}


def test_a_log_that_is_not_sealed_is_told_without_saying_why(call: Call, node: FakeNode) -> None:
    node.seal_fault = "the key in the folder of someone is open to others"
    answer = call("GET", "/healthz")
    assert (answer.json()["status"], answer.json()["sealed"]) == ("degraded", False)
    assert "someone" not in answer.text
    assert call("GET", "/readyz").status_code == 200  # It takes work all the same.


def test_how_much_goes_on_is_for_who_may_read(node: FakeNode) -> None:
    """The log is blind; a count of leaves that anybody may watch would undo it."""
    closed = calling(create_app(node, settings=ApiSettings(loopback=False)))
    shown = {"status", "log", "sealed", "at_s", "version"}
    assert set(closed("GET", "/healthz").json()) == shown
    wrong = closed("GET", "/healthz", headers={"Authorization": "Bearer wrong"})
    assert (wrong.status_code, set(wrong.json())) == (200, shown)
    assert set(closed("GET", "/healthz", role="read").json()) > shown | {"seq", "waiting"}
