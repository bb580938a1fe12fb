"""What the tests of the API share: a node, tokens of every role, a client on the loopback."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from allod.api import ApiSettings, create_app
from allod.run.node_views import Role
from tests.api.asking import Call, calling
from tests.api.fake_node import FakeNode


@pytest.fixture
def node() -> FakeNode:
    """A fresh node with a token for each role, `secret-of-ROLE`."""
    node = FakeNode()
    for role in Role:
        node.token_make(role.value, role)
    return node


@pytest.fixture
def app(node: FakeNode) -> FastAPI:
    return create_app(node, settings=ApiSettings(heartbeat_s=0.05, poll_s=0.02))


@pytest.fixture
def call(app: FastAPI) -> Call:
    """`call(method, path, role=..., ...)`: one request, with the token of `role` if any."""
    return calling(app)
