"""Who deploys a service or makes a key is told where it is called, as the node says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from allod.cli.client import NodeClient
from allod.cli.gateway import home_fault
from tests.cli.conftest import Allod
from tests.cli.played import Answer, PlayedNode, problem
from tests.cli.test_services import DOCUMENT, service

URL = "http://10.0.0.7:7800/v1"
HERE = {"wanted": "auto", "base_url": URL, "home_site": None}
NOWHERE = {"wanted": "auto", "base_url": None, "home_site": None}
MADE = {"name": "lab-1", "project": "lab", "secret": "sk-allod-x"}


@pytest.fixture
def file(tmp_path: Path, node: PlayedNode) -> str:
    """A document that the node takes."""
    path = tmp_path / "chat.yaml"
    path.write_text(DOCUMENT)
    node.on("POST", "/v1/documents", {"changes": [], "dry_run": False})
    node.on("GET", "/v1/services/chat", service(ready=1))
    return str(path)


def test_deploy_ends_with_the_address(allod: Allod, node: PlayedNode, file: str) -> None:
    # The first service has the gateway begin, which takes the node a moment.
    node.on("GET", "/v1/gateway", Answer(NOWHERE), Answer(HERE))
    assert allod("service", "deploy", file).out == f"callers reach it at {URL}\n"
    assert allod("service", "deploy", file, "--json").json["base_url"] == URL
    (view,) = allod("service", "deploy", file, "--wait", "--json").json
    assert (view["name"], view["base_url"]) == ("chat", URL)


def test_deploy_where_no_gateway_is_wanted_says_so_at_once(
    allod: Allod, node: PlayedNode, file: str
) -> None:
    node.on("GET", "/v1/gateway", NOWHERE | {"wanted": "off"})
    result = allod("service", "deploy", file)
    assert (result.status, result.out) == (0, "")
    assert "gateway: off" in result.err


def test_a_key_is_told_with_the_address_beside_its_secret(allod: Allod, node: PlayedNode) -> None:
    node.on("POST", "/v1/keys", MADE)
    node.on("GET", "/v1/gateway", HERE)
    result = allod("key", "new", "lab")
    assert result.out == "sk-allod-x\n"
    assert result.err.splitlines()[-1] == f"callers reach it at {URL}"
    assert allod("key", "new", "lab", "--json").json == MADE | {"base_url": URL}


@pytest.mark.parametrize("gateway", [NOWHERE, problem(404, "not-found", "nothing is there")])
def test_a_secret_is_told_also_where_the_address_is_not_known(
    allod: Allod, node: PlayedNode, gateway: Any
) -> None:
    node.on("POST", "/v1/keys", MADE)
    node.on("GET", "/v1/gateway", gateway)
    result = allod("key", "new", "lab")
    assert (result.status, result.out) == (0, "sk-allod-x\n")
    assert allod("key", "new", "lab", "--json").json == MADE | {"base_url": None}


@pytest.mark.parametrize(
    ("home", "sites", "said"),
    [
        ("narvk", ["narvik", "nouaceur"], "'narvk', so calls that a rule binds are refused; "
         "write 'narvik'"),
        ("oslo", ["narvik"], "known: narvik"),
        ("narvik", ["narvik"], ""),
        (None, ["narvik"], ""),
        ("narvk", [], ""),
    ],
)  # fmt: skip
def test_a_home_that_is_no_site_is_told_with_what_was_meant(
    node: PlayedNode, home: str | None, sites: list[str], said: str
) -> None:
    node.on("GET", "/v1/gateway", HERE | {"home_site": home})
    node.on("GET", "/v1/sites", {"items": [{"name": name} for name in sites], "next": None})
    with NodeClient(node.url) as client:
        told = home_fault(client)
    assert told.endswith(said) and bool(told) == bool(said)


def test_a_bound_key_where_nobody_knows_the_gateways_place_comes_with_a_warning(
    allod: Allod, node: PlayedNode, tmp_path: Path
) -> None:
    (tmp_path / "rule.yaml").write_text("processing: [NO]\n")
    node.on("POST", "/v1/keys", MADE)
    node.on("GET", "/v1/gateway", HERE)
    node.on("GET", "/v1/sites", {"items": [{"name": "narvik"}], "next": None})
    assert "names no home_site" in allod("key", "new", "lab", "--residency", "rule.yaml").err
    assert "home_site" not in allod("key", "new", "lab").err
