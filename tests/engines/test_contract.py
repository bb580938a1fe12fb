"""The gateway's answers keep to the description that OpenAI publishes, whatever is asked.

Schemathesis makes calls out of that description, cut to the operations that the gateway's own
description has. How llama.cpp breaks it by itself stands in `llama_gaps.py`; a gateway over it may
break it in the same ways, and in no other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as given_cases
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks as of_openapi

from tests.engines.answer_faults import Contract, Json, Operation
from tests.engines.gateway_world import GatewayWorld
from tests.engines.kept import Kept, kept_by
from tests.engines.llama_gaps import GAPS, PLAIN, SHOWN_BY, never_answered
from tests.engines.openai_description import cut, operations_of, published
from tests.engines.programs import KEY, PATIENCE_S, llama_command, running

OFTEN = settings(
    max_examples=60, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck)
)
#: In the families of paths that are served, what OpenAI describes and the gateway does not serve.
UNSERVED: set[Operation] = {
    # Answers are not kept, so none can be asked for again.
    ("get", "/chat/completions"),
    ("get", "/chat/completions/{completion_id}"),
    ("post", "/chat/completions/{completion_id}"),
    ("delete", "/chat/completions/{completion_id}"),
    ("get", "/chat/completions/{completion_id}/messages"),
    ("get", "/responses/{response_id}"),
    ("delete", "/responses/{response_id}"),
    ("post", "/responses/{response_id}/cancel"),
    ("get", "/responses/{response_id}/input_items"),
    # These are OpenAI's own, about what it keeps.
    ("post", "/responses/compact"),
    ("post", "/responses/input_tokens"),
    # Models come and go with services.
    ("delete", "/models/{model}"),
}
#: What the gateway refuses though the engine takes it.
REFUSED = {
    # What an engine does for nobody cannot be counted.
    "/responses": {"refuses background"},
}
JSON = "application/json"
#: What is cut short is an answer too, and comes sooner.
LIMITS = {
    "/chat/completions": "max_completion_tokens",
    "/completions": "max_tokens",
    "/responses": "max_output_tokens",
}


@pytest.fixture(scope="module")
def key(world: GatewayWorld) -> str:
    return world.key()


@pytest.fixture(scope="module")
def kept(world: GatewayWorld, key: str) -> Iterator[Kept]:
    with kept_by(world, key) as made:
        yield made


@pytest.fixture(scope="module")
def engine(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama.cpp by itself."""
    log = tmp_path_factory.mktemp("engine") / "log"
    with running(llama_command(str(tiny), "tiny", "--embedding"), log) as url:
        yield f"{url}/v1"


@pytest.fixture(scope="module")
def served(world: GatewayWorld) -> Json:
    """The gateway's own description."""
    root = world.base_url.removesuffix("/v1")
    return dict(httpx.get(f"{root}/openapi.json").json())


@pytest.fixture(scope="module")
def contract(served: Json) -> Contract:
    return Contract(cut(published(), served))


@dataclass(frozen=True)
class Asker:
    """Has the gateway asked, and the engine by itself where it matters whose fault it is."""

    contract: Contract
    base_url: str
    key: str
    engine: str

    def ask(self, case: Any, *, fits: bool = True) -> int:
        """The status of the answer, which keeps to the contract as far as the engine does.

        What does not `fit` the contract may be refused, whatever the engine takes.
        """
        method, path = case.operation.method, case.operation.path
        answer = call(case, self.base_url, self.key)
        faults = self.contract.faults((method, path), answer)
        if path in PLAIN and answer.status_code >= 400:
            own = own_faults(answer, call(case, self.engine, KEY))
            faults |= {each for each in own if fits or not each.startswith("refuses")}
            faults -= REFUSED.get(path, set())
        assert faults <= GAPS.get(path, set()), answer.text[:1000]
        return int(answer.status_code)

    def ask_any(self, cases: Any, kept: Kept, *, fits: bool = True) -> set[int]:
        """The statuses of the answers to many cases."""
        statuses: set[int] = set()

        @given_cases(case=cases, there=st.booleans(), which=st.integers(0, 5))
        @OFTEN
        def ask(case: Any, there: bool, which: int) -> None:
            fill(case, kept if there else None, which)
            statuses.add(self.ask(case, fits=fits))

        ask()
        return statuses


@pytest.fixture(scope="module")
def asker(contract: Contract, world: GatewayWorld, key: str, engine: str) -> Asker:
    return Asker(contract, world.base_url, key, engine)


def test_what_is_served_is_described_and_what_is_not_served_is_known(served: Json) -> None:
    ours, theirs = operations_of(served), operations_of(published())
    assert ours - theirs == set()
    families = {path.split("/")[1] for _, path in ours}
    beside = {each for each in theirs - ours if each[1].split("/")[1] in families}
    assert beside == UNSERVED


def test_gaps_of_the_engine_are_its_own(contract: Contract, engine: str) -> None:
    with httpx.Client(headers={"authorization": f"Bearer {KEY}"}, timeout=PATIENCE_S) as client:
        for path, gaps in GAPS.items():
            shown: set[str] = set()
            for more in SHOWN_BY[path]:
                # Without chance: now and then it would end before it has said anything.
                short = {LIMITS[path]: 8} if path in LIMITS else {}
                body = {**PLAIN[path], **short, "temperature": 0, **more}
                answer = client.post(f"{engine}{path}", json=body)
                shown |= contract.faults(("post", path), answer)
            assert shown == gaps, f"{path}: bring llama_gaps.py and engines.md up to date"


def test_answers_keep_to_what_openai_publishes(
    asker: Asker, kept: Kept, contract: Contract, subtests: pytest.Subtests
) -> None:
    calls = schemathesis.openapi.from_dict(contract.description)
    for method, path in sorted(operations_of(contract.description)):
        with subtests.test(f"{method} {path}"):
            made = calls[path][method]
            plain = [PLAIN[path]] if path in PLAIN else []
            plain += [{**PLAIN[path], "stream": True}] if path in LIMITS else []
            statuses = {asker.ask(made.Case(body=body, media_type=JSON)) for body in plain}
            statuses |= asker.ask_any(made.as_strategy(), kept)
            assert 200 in statuses
            # And what OpenAI does not allow, where a call says more than a name.
            if made.query or made.body:
                wrong = made.as_strategy(generation_mode=GenerationMode.NEGATIVE)
                assert 400 in asker.ask_any(wrong, kept, fits=False)


def test_refusals_keep_to_openais_error(
    world: GatewayWorld, key: str, kept: Kept, contract: Contract
) -> None:
    plain = PLAIN["/chat/completions"]
    limited = world.key(requests_per_min=1)
    batch = {"input_file_id": kept.files[0], "endpoint": "/v1/embeddings", "completion_window": "?"}
    refused: list[tuple[int, str, str, str, dict[str, Any]]] = [
        (401, "GET", "/models", "", {}),
        (401, "POST", "/chat/completions", "sk-allod-of-nobody", {"json": plain}),
        (401, "GET", "/files", "sk-allod-of-nobody", {}),
        (404, "GET", "/nothing", key, {}),
        (404, "GET", "/files/a/b/c", key, {}),
        (404, "GET", "/models/other", key, {}),
        (404, "POST", "/chat/completions", key, {"json": {**plain, "model": "other"}}),
        (404, "POST", "/uploads", key, {"json": {}}),
        (405, "PUT", "/models", key, {}),
        (405, "GET", "/chat/completions", key, {}),
        (405, "PATCH", "/files", key, {}),
        (400, "POST", "/embeddings", key, {"json": {"model": "tiny", "input": "a"}}),
        (400, "POST", "/chat/completions", key, {"content": b"{"}),
        (400, "POST", "/chat/completions", key, {"json": []}),
        (400, "POST", "/files", key, {"json": {}}),
        (400, "POST", "/batches", key, {"content": b"{"}),
        (400, "POST", "/batches", key, {"json": batch}),
        (400, "GET", "/batches?limit=none", key, {}),
        (409, "POST", f"/batches/{kept.batches[0]}/cancel", key, {}),
        (200, "POST", "/chat/completions", limited, {"json": plain}),
        (429, "POST", "/chat/completions", limited, {"json": plain}),
    ]
    with httpx.Client(timeout=PATIENCE_S) as client:
        for status, method, path, shown, more in refused:
            headers = {"authorization": f"Bearer {shown}"} if shown else {}
            answer = client.request(method, f"{world.base_url}{path}", headers=headers, **more)
            assert answer.status_code == status, f"{method} {path}: {answer.text}"
            faults = contract.faults_of_refusal(answer) if status >= 400 else set()
            assert faults == set(), f"{method} {path}: {answer.text}"


def test_answers_keep_to_the_gateways_own_description(world: GatewayWorld, key: str) -> None:
    root = world.base_url.removesuffix("/v1")
    own = schemathesis.openapi.from_url(f"{root}/openapi.json")
    keep_to = [
        checks.not_a_server_error,
        of_openapi.content_type_conformance,
        of_openapi.response_schema_conformance,
    ]
    for found in own.get_all_operations():

        @given_cases(case=found.ok().as_strategy())
        @settings(OFTEN, max_examples=5)
        def ask(case: Any) -> None:
            answer = call(case, root, key)
            try:
                case.validate_response(answer, checks=keep_to)
            except FailureGroup:
                # An engine's own 500 is told as such, and is described.
                if answer.status_code != 502:
                    raise

        ask()


def fill(case: Any, kept: Kept | None, which: int) -> None:
    """Have a case be about something: what the gateway serves, and what is `kept` there."""
    path, method = case.operation.path, case.operation.method
    if path in PLAIN and isinstance(case.body, dict):
        case.body = whole({**PLAIN[path], **case.body, "model": PLAIN[path]["model"]})
        if path in LIMITS:
            case.body |= {LIMITS[path]: 4, "stream": which % 2 == 1}
        if never_answered(path, case.body):
            case.body["n"] = 1
    elif kept is not None and path == "/batches" and isinstance(case.body, dict):
        case.body |= {"input_file_id": kept.files[0], "endpoint": "/v1/chat/completions"}
    elif kept is not None and case.path_parameters:
        there = {
            "file_id": kept.file() if method == "delete" else kept.files[which % len(kept.files)],
            "batch_id": kept.batches[which % len(kept.batches)],
            "model": "tiny",
        }
        case.path_parameters = {name: there[name] for name in case.path_parameters}


def whole(value: Any) -> Any:
    """The same with 4 for 4.0, which schemas take for an integer and OpenAI's service does not."""
    if isinstance(value, dict):
        return {name: whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def call(case: Any, base_url: str, key: str) -> Any:
    """The answer to a case."""
    case.headers = {**(case.headers or {}), "Authorization": f"Bearer {key}"}
    return case.call(base_url=base_url, timeout=PATIENCE_S)


def own_faults(answer: Any, of_engine: Any) -> set[str]:
    """How the gateway fails or refuses what the engine by itself does not."""
    if answer.status_code == 502 and of_engine.status_code < 500:
        return {f"fails, and the engine answers {of_engine.status_code}"}
    if answer.status_code < 500 and of_engine.status_code == 200:
        return {f"refuses {json.loads(answer.text)['error']['param']}"}
    return set()
