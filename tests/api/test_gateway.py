"""/v1/gateway: where callers turn to is asked each time, for a gateway comes and goes."""

from __future__ import annotations

from allod.api import ApiSettings, create_app
from tests.api.asking import Call, calling
from tests.api.fake_node import FakeNode
from tests.api.test_problems import the_problem


def test_it_says_where_the_gateway_answers_now(node: FakeNode) -> None:
    url = ""
    settings = ApiSettings(gateway="auto", gateway_url=lambda: url, home_site="narvik")
    call = calling(create_app(node, settings=settings))
    told = {"wanted": "auto", "base_url": None, "home_site": "narvik"}
    assert call("GET", "/v1/gateway").json() == told
    url = "http://127.0.0.1:7800"
    assert call("GET", "/v1/gateway").json() == told | {"base_url": f"{url}/v1"}


def test_a_node_without_a_gateway_says_so(call: Call) -> None:
    told = {"wanted": "off", "base_url": None, "home_site": None}
    assert call("GET", "/v1/gateway").json() == told


def test_where_reading_needs_a_token_so_does_this(node: FakeNode) -> None:
    closed = calling(create_app(node, settings=ApiSettings(loopback=False)))
    the_problem(closed("GET", "/v1/gateway"), 401, "unauthorized")
