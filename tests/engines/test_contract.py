"""The gateway's answers keep to OpenAI's own types, whatever is asked.

Schemathesis makes calls out of a description that `clients/openai_description.py` makes of the
types of openai-python. Where an answer breaks them, the engine, asked the same by itself, has to
break them too; that is its gap, and docs/reference/engines.md names it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as given_cases
from schemathesis import checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks as of_openapi

from tests.engines.gateway_world import GatewayWorld
from tests.engines.programs import CLIENTS, KEY, llama_command, python_of, running

CHECKS = [
    checks.not_a_server_error,
    of_openapi.content_type_conformance,
    of_openapi.response_schema_conformance,
]
#: Where llama.cpp's own answers break the types, and with which status of the gateway.
GAPS = {
    # A role, or a part of a message, that it does not know is a 500.
    ("/chat/completions", 502),
    ("/responses", 502),
    # It repeats neither `tools` nor `tool_choice` nor `parallel_tool_calls`.
    ("/responses", 200),
    # The types know numbers alone, also for who asks for base64.
    ("/embeddings", 200),
}
MODELS = {"/embeddings": "tiny-embed"}
LIMITS = {
    "/chat/completions": "max_completion_tokens",
    "/completions": "max_tokens",
    "/responses": "max_output_tokens",
}


def described() -> dict[str, Any]:
    program = [python_of("clients"), str(CLIENTS / "openai_description.py")]
    made = subprocess.run(program, capture_output=True, text=True, check=True)
    return dict(json.loads(made.stdout))


OPERATIONS = [
    ("post", "/chat/completions"),
    ("post", "/completions"),
    ("post", "/embeddings"),
    ("post", "/responses"),
    ("get", "/models"),
    ("get", "/models/{id}"),
    ("get", "/files"),
    ("get", "/files/{id}"),
    ("delete", "/files/{id}"),
    ("get", "/batches"),
    ("post", "/batches"),
    ("get", "/batches/{id}"),
    ("post", "/batches/{id}/cancel"),
]


@pytest.fixture(scope="module")
def contract() -> Any:
    return schemathesis.openapi.from_dict(described())


@pytest.fixture(scope="module")
def engine(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama.cpp by itself."""
    log = tmp_path_factory.mktemp("engine") / "log"
    with running(llama_command(str(tiny), "tiny", "--embedding"), log) as url:
        yield f"{url}/v1"


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_keep_to_openais_types(
    world: GatewayWorld, engine: str, contract: Any, method: str, path: str
) -> None:
    key, base_url = world.key(), world.base_url
    serves = path in (*MODELS, *LIMITS)

    @given_cases(case=contract[path][method].as_strategy())
    @settings(
        max_examples=15,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        if serves and isinstance(case.body, dict):
            case.body["model"] = MODELS.get(path, "tiny")
            # What is cut short is an answer too, and comes sooner.
            if path in LIMITS:
                case.body[LIMITS[path]] = 4
        status, fault = asked(case, base_url, key)
        if fault is not None:
            _, own_fault = asked(case, engine, KEY)
            if (path, status) not in GAPS or own_fault is None:
                raise fault

    ask()


def test_answers_keep_to_the_gateways_own_description(world: GatewayWorld) -> None:
    key, root = world.key(), world.base_url.removesuffix("/v1")
    own = schemathesis.openapi.from_url(f"{root}/openapi.json")
    checked = 0
    for found in own.get_all_operations():
        operation = found.ok()

        @given_cases(case=operation.as_strategy())
        @settings(
            max_examples=5,
            phases=[Phase.generate],
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            status, fault = asked(case, root, key)
            # An engine's own 500 is told as such, and is described.
            if fault is not None and status != 502:
                raise fault

        ask()
        checked += 1
    assert checked >= len(OPERATIONS)


def asked(case: Any, base_url: str, key: str) -> tuple[int, Exception | None]:
    """The status of the answer, and how it breaks the types."""
    case.headers = {**(case.headers or {}), "Authorization": f"Bearer {key}"}
    answer = case.call(base_url=base_url)
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as fault:
        return answer.status_code, fault
    return answer.status_code, None
