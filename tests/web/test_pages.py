"""What the node sends of the control room: strict headers, nothing foreign, no file but its own."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import httpx
import pytest

from allod.api import ApiSettings, create_app
from allod.web import pages
from tests.api.asking import Call, calling
from tests.api.fake_node import FakeNode

#: Addresses that the files name and never open: names of SVG's and XML's vocabularies, and where
#: Svelte explains an error that it throws.
NAMED_ONLY = {"www.w3.org", "svelte.dev"}


@pytest.fixture
def call(built: None) -> Call:
    return calling(create_app(FakeNode(), pages=pages()))


@pytest.fixture
def sent(call: Call) -> dict[str, httpx.Response]:
    """Every file of the control room by its path."""
    return {path: call("GET", path) for path in paths()}


def paths() -> list[str]:
    return [route.path for route in pages()]  # type: ignore[attr-defined]


def policy(answer: httpx.Response) -> dict[str, str]:
    rules = answer.headers["content-security-policy"].split("; ")
    return {rule.partition(" ")[0]: rule.partition(" ")[2] for rule in rules}


def test_nothing_runs_or_loads_that_is_not_ours(sent: dict[str, httpx.Response]) -> None:
    for path, answer in sent.items():
        assert answer.status_code == 200, path
        rules = policy(answer)
        assert rules.pop("require-trusted-types-for") == "'script'"
        assert rules.pop("trusted-types") == "svelte-trusted-html"
        own = {"script-src", "style-src", "connect-src", "img-src"}
        assert {rules.pop(source) for source in own} == {"'self'"}
        # All others are shut, and there are none that open something.
        assert set(rules.values()) == {"'none'"}
        assert {"default-src", "base-uri", "form-action", "frame-ancestors"} == set(rules)
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_control_room_works_on_a_machine_that_is_cut_off(
    sent: dict[str, httpx.Response],
) -> None:
    for path, answer in sent.items():
        hosts = set(re.findall(r"https?://([\w.-]+)", answer.text))
        assert hosts <= (NAMED_ONLY if path.endswith((".js", ".svg")) else set()), path
        assert not re.search(r"(?:href|src|url\()=?[\"']?//", answer.text), path


def test_all_that_it_loads_is_there(sent: dict[str, httpx.Response]) -> None:
    there = {path.rpartition("/")[2] for path in sent}
    loaded = set()
    for path, answer in sent.items():
        named = set(re.findall(r"[\w.-]+-[\w-]{8}\.(?:js|css)\b|\bicon\.svg\b", answer.text))
        assert named <= there, path
        loaded |= named
    # And what is there is loaded by something: nothing old is left among it.
    assert loaded | {""} == there


def test_what_is_sent_packed_is_what_is_sent(call: Call) -> None:
    for path in paths():
        plain = call("GET", path, headers={"Accept-Encoding": "identity"})
        packed = call("GET", path, headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.content == plain.content
        assert int(packed.headers["content-length"]) == len(gzip.compress(plain.content, mtime=0))
        assert packed.headers["vary"] == "Accept-Encoding"


def test_a_browser_that_has_it_is_not_sent_it_again(call: Call) -> None:
    first = call("GET", "/")
    again = call("GET", "/", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert again.content == b""


def test_only_names_that_change_with_their_content_are_kept_unasked(
    sent: dict[str, httpx.Response],
) -> None:
    kept = {path for path, one in sent.items() if "immutable" in one.headers["cache-control"]}
    assert kept == {path for path in sent if re.fullmatch(r"/assets/.+-[\w-]{8}\.\w+", path)}
    assert sent["/"].headers["cache-control"] == "no-cache"


def test_the_page_itself_needs_no_token_for_it_says_nothing(built: None) -> None:
    closed = create_app(FakeNode(), settings=ApiSettings(loopback=False), pages=pages())
    assert calling(closed)("GET", "/").status_code == 200


@pytest.mark.parametrize("path", ["/assets/../app.py", "/assets/%2e%2e/pages.py", "/assets/"])
def test_nothing_else_is_served(call: Call, path: str) -> None:
    assert call("GET", path).status_code == 404


def test_the_page_can_be_asked_for_by_its_head(call: Call) -> None:
    assert call("HEAD", "/").status_code == 200


def test_a_checkout_without_built_pages_says_how_to_build_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(pages.__globals__, "files", lambda _package: tmp_path)
    answer = calling(create_app(FakeNode(), pages=pages()))("GET", "/")
    assert answer.status_code == 200
    assert "scripts/ui.sh" in answer.text
    assert policy(answer)["default-src"] == "'none'"
