from __future__ import annotations

import re

import anyio
import httpx
import pytest

from allod.api import create_app
from allod.web import pages
from tests.api.asking import Call, calling, client_of
from tests.api.fake_node import FakeNode


@pytest.fixture
def call() -> Call:
    return calling(create_app(FakeNode(), pages=pages()))


def paths() -> list[str]:
    return [route.path for route in pages()]  # type: ignore[attr-defined]


def policy(answer: httpx.Response) -> dict[str, str]:
    rules = answer.headers["content-security-policy"].split("; ")
    return {rule.partition(" ")[0]: rule.partition(" ")[2] for rule in rules}


@pytest.mark.parametrize("path", paths())
def test_nothing_runs_or_loads_that_is_not_ours(call: Call, path: str) -> None:
    answer = call("GET", path)
    assert answer.status_code == 200
    rules = policy(answer)
    assert rules["default-src"] == "'none'"
    assert rules["frame-ancestors"] == "'none'"
    assert rules["require-trusted-types-for"] == "'script'"
    for source in ("script-src", "style-src", "connect-src", "img-src"):
        assert rules[source] == "'self'"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", paths())
def test_the_page_works_on_a_machine_that_is_cut_off(call: Call, path: str) -> None:
    found = re.findall(r"(?:https?:)?//[a-z][^\s\"'`)]*", call("GET", path).text)
    named = [address for address in found if "www.w3.org" not in address]
    comments = [address for address in named if address.startswith("//")]
    assert named == comments


def test_all_that_the_page_loads_is_there(call: Call) -> None:
    known = set(paths())
    for path in known:
        text = call("GET", path).text
        wanted = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', text))
        wanted |= {f"/static/{name}" for name in re.findall(r'from "\./([^"]+)"', text)}
        assert wanted <= known, path


def test_text_is_never_put_in_as_markup(call: Call) -> None:
    for path in paths():
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|srcdoc",
            call("GET", path).text,
        )


def test_a_browser_that_has_it_is_not_sent_it_again() -> None:
    app = create_app(FakeNode(), pages=pages())

    async def ask() -> tuple[httpx.Response, httpx.Response]:
        async with client_of(app) as client:
            first = await client.get("/")
            return first, await client.get("/", headers={"If-None-Match": first.headers["etag"]})

    first, again = anyio.run(ask)
    assert (first.status_code, again.status_code) == (200, 304)
    assert again.content == b""
    assert first.headers["cache-control"] == "no-cache"


def test_the_page_itself_needs_no_token_for_it_says_nothing() -> None:
    from allod.api import ApiSettings

    closed = create_app(FakeNode(), settings=ApiSettings(loopback=False), pages=pages())
    assert calling(closed)("GET", "/").status_code == 200


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/pages.py", "/static/"])
def test_nothing_else_is_served(call: Call, path: str) -> None:
    assert call("GET", path).status_code == 404


def test_the_page_can_be_asked_for_by_its_head(call: Call) -> None:
    assert call("HEAD", "/").status_code == 200
