"""/v1/attention."""

from __future__ import annotations

from tests.api.asking import Call
from tests.api.fake_node import START_S


def test_items_are_told_as_they_are(call: Call) -> None:
    answer = call("GET", "/v1/attention")
    assert answer.status_code == 200
    (item,) = answer.json()["items"]
    assert (item["rule"], item["severity"]) == ("runner-out-of-reach", "critical")
    assert (item["kind"], item["name"], item["since_s"]) == ("Site", "cambrai", START_S - 90)
