"""llama.cpp at two sites: the law of a key chooses among them, call by call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engines.gateway_world import GatewayWorld, gateway_world, service, wait_for
from tests.engines.programs import llama_command

BODY = {
    "model": "both",
    "messages": [{"role": "user", "content": "where am I answered?"}],
    "max_tokens": 5,
    "ignore_eos": True,
}


#: Leaves the key of each engine behind, for tests to ask it what it counted.
KEEP_KEY = 'echo "$LLAMA_API_KEY" > "$KEYS/$0"; exec "$@"'


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the key of each engine, by its port."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def two(tiny: Path, keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayWorld]:
    """A node with one service at narvik and at cambrai; its gateway stands at narvik."""
    document = service(
        "both",
        "both",
        ["sh", "-c", KEEP_KEY, "{port}", *llama_command(str(tiny), "both")],
        sites=["narvik", "cambrai"],
    )
    document["spec"]["environment"]["KEYS"] = str(keys)
    with gateway_world(tmp_path_factory.mktemp("two"), [document]) as made:
        made.ready("both", sites=2)
        yield made


def call(world: GatewayWorld, key: str, **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {key}"}
    return httpx.post(
        f"{world.base_url}/chat/completions", json={**BODY, **more}, headers=headers, timeout=60
    )


def test_a_rule_keeps_calls_at_the_site_that_it_permits(two: GatewayWorld) -> None:
    norwegian = two.key(residency={"processing": ["NO"]})
    seen = [call(two, norwegian) for _ in range(6)]
    assert {answer.status_code for answer in seen} == {200}
    assert {answer.headers["x-allod-site"] for answer in seen} == {"narvik"}


def test_without_a_rule_both_sites_answer(two: GatewayWorld) -> None:
    with httpx.Client(base_url=two.base_url, timeout=60) as client:
        headers = {"authorization": f"Bearer {two.key()}"}
        sites = set()
        for at in range(40):
            said = [{"role": "user", "content": f"{at} asks something else"}]
            answer = client.post(
                "/chat/completions", json={**BODY, "messages": said}, headers=headers
            )
            sites.add(answer.headers["x-allod-site"])
    assert sites == {"narvik", "cambrai"}


def test_a_rule_that_no_site_fits_is_answered_by_none(two: GatewayWorld, keys: Path) -> None:
    before = engines_counted(keys)
    answer = call(two, two.key(residency={"processing": ["MA"]}))
    error = answer.json()["error"]
    assert answer.status_code == 403
    assert "narvik" in error["message"] and "cambrai" in error["message"], error
    assert engines_counted(keys) == before


def test_what_is_recorded_is_what_the_engines_counted(two: GatewayWorld, keys: Path) -> None:
    key, name = two.key(name="counted"), "counted"
    before = engines_counted(keys)
    # Of several choices llama.cpp counts only the first, unless they are streamed.
    for stream, choices in ((False, 1), (False, 1), (True, 1), (True, 3)):
        answer = call(two, key, stream=stream, n=choices)
        assert answer.status_code == 200
    wait_for(lambda: len(two.records(key=name)) == 4)
    new = two.records(key=name)
    after = engines_counted(keys)
    assert sum(one["answer_tokens"] for one in new) == after[1] - before[1] == (1 + 1 + 1 + 3) * 5
    worked = sum(one["prompt_tokens"] - one["cached_tokens"] for one in new)
    assert worked == after[0] - before[0]


def test_of_a_call_that_was_left_all_that_was_sent_is_recorded(
    two: GatewayWorld, keys: Path
) -> None:
    key, calls = two.key(name="leaves"), 6
    before = engines_counted(keys)
    for parts in range(calls):
        headers = {"authorization": f"Bearer {key}"}
        asked = {**BODY, "stream": True, "max_tokens": 1500}
        with httpx.stream(
            "POST", f"{two.base_url}/chat/completions", json=asked, headers=headers, timeout=60
        ) as answer:
            lines = answer.iter_lines()
            for _ in range(2 * parts + 2):
                next(lines)
    wait_for(lambda: len(two.records(key="leaves")) == calls)
    records = two.records(key="leaves")
    assert {(one["outcome"], one["counted_by"]) for one in records} == {("left", "engine")}
    recorded = sum(one["answer_tokens"] for one in records)
    counted = engines_counted(keys)[1] - before[1]
    # The engine computes some more until it sees that nobody is there, and sends them to nobody.
    assert 0 < recorded <= counted < calls * 1500


def engines_counted(keys: Path) -> tuple[int, int]:
    """Tokens of prompts that were worked on, and of answers, as the engines themselves say."""
    counted = {"llamacpp:prompt_tokens_total": 0, "llamacpp:tokens_predicted_total": 0}
    for kept in keys.iterdir():
        headers = {"authorization": f"Bearer {kept.read_text().strip()}"}
        told = httpx.get(f"http://127.0.0.1:{kept.name}/metrics", headers=headers)
        for line in told.raise_for_status().text.splitlines():
            name, _, value = line.partition(" ")
            if name in counted:
                counted[name] += int(float(value))
    prompt, answer = counted.values()
    return prompt, answer
