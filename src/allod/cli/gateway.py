"""The gateway as commands tell of it: where callers turn to, and whether law knows the place."""

from __future__ import annotations

import time

from allod.cli.client import NodeClient
from allod.cli.output import waiting
from allod.domain.nearest import mend_of
from allod.errors import AllodError

#: The node looks every second whether a gateway is wanted, and one begins within seconds. [s]
BEGINS_S = 20.0
_LOOK_EVERY_S = 0.2


def base_url(node: NodeClient, *, within_s: float = 0.0) -> tuple[str | None, str]:
    """What callers are given as base address, and a line that says so, or why there is none.

    Waits up to `within_s` for a gateway that is to begin. Never an error: what was asked of the
    node before is done, and must be told.
    """
    until = time.monotonic() + within_s
    try:
        found = node.get("/v1/gateway")
        with waiting("the gateway begins"):
            while not found["base_url"] and _is_to_come(found["wanted"], until):
                time.sleep(_LOOK_EVERY_S)
                found = node.get("/v1/gateway")
    except AllodError as error:
        return None, f"where the gateway answers is not known: {error.message}"
    if found["base_url"]:
        return found["base_url"], f"callers reach it at {found['base_url']}"
    if found["wanted"] == "off":
        return None, "nobody can call it: config.yaml of the node says gateway: off"
    if within_s:
        return None, (
            f"no gateway answers after {within_s:.0f} s; gateway/desk.log in the node's data "
            "folder says why"
        )
    return None, "no gateway answers yet; `allod service deploy FILE` says where one does"


def _is_to_come(wanted: str, until: float) -> bool:
    return wanted != "off" and time.monotonic() < until


def home_fault(node: NodeClient, *, needed: bool = False) -> str:
    """What is wrong with the site at which the gateway is said to stand; '' if nothing is.

    A node without a single site is only being set up, and one whose calls no rule binds need not
    say where it stands: with `needed` one does.
    """
    try:
        home = node.get("/v1/gateway")["home_site"]
        sites = [site["name"] for site in node.get("/v1/sites")["items"]] if home else []
    except AllodError:
        return ""  # The node is up all the same, and its log has the same warning.
    if needed and not home:
        return (
            "config.yaml of the node names no home_site, so calls that a rule binds are refused; "
            "name the site at which the gateway stands"
        )
    if not sites or home in sites:
        return ""
    return (
        f"config.yaml: home_site: no site is called '{home}', so calls that a rule binds are "
        f"refused; {mend_of(home, sorted(sites))}"
    )
