"""What LiteLLM's client is to find at the gateway. Run by a Python that has it:

    python litellm_client.py BASE_URL KEY

Prints one JSON object: each check, and what was wrong.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

# Or it asks for a list of prices on the internet when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

BASE_URL, KEY = sys.argv[1:]
GIVEN: dict[str, Any] = {"api_base": BASE_URL, "api_key": KEY, "num_retries": 0}
SAID = [{"role": "user", "content": "what is counted?"}]
STREAM: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}


def check_openai_provider() -> None:
    answer = litellm.completion(model="openai/tiny", messages=SAID, max_tokens=8, **GIVEN)
    assert answer.choices[0].message.content and answer.usage.completion_tokens > 0


def check_hosted_vllm_provider() -> None:
    answer = litellm.completion(model="hosted_vllm/tiny", messages=SAID, max_tokens=8, **GIVEN)
    assert answer.usage.prompt_tokens > 0


def check_stream() -> None:
    parts = list(
        litellm.completion(model="openai/tiny", messages=SAID, max_tokens=8, **STREAM, **GIVEN)
    )
    _is_a_whole_stream(parts)


def check_acompletion() -> None:
    async def ask() -> Any:
        return await litellm.acompletion(model="openai/tiny", messages=SAID, max_tokens=8, **GIVEN)

    answer = asyncio.run(ask())
    assert answer.choices[0].message.content and 0 < answer.usage.completion_tokens <= 8


def check_async_stream() -> None:
    async def ask() -> list[Any]:
        stream = await litellm.acompletion(
            model="openai/tiny", messages=SAID, max_tokens=8, **STREAM, **GIVEN
        )
        return [part async for part in stream]

    _is_a_whole_stream(asyncio.run(ask()))


def check_text_completion() -> None:
    answer = litellm.text_completion(
        model="text-completion-openai/tiny", prompt="the hall", max_tokens=6, **GIVEN
    )
    assert 0 < answer.usage.completion_tokens <= 6


def check_tool_call() -> None:
    weather = {"name": "weather", "parameters": {"type": "object", "properties": {}}}
    answer = litellm.completion(
        model="openai/tiny",
        messages=SAID,
        tools=[{"type": "function", "function": weather}],
        tool_choice="required",
        max_tokens=200,
        **GIVEN,
    )
    assert answer.choices[0].message.tool_calls[0].function.name == "weather"


def check_embeddings() -> None:
    answer = litellm.embedding(model="openai/tiny-embed", input=["wind", "river"], **GIVEN)
    assert [item["index"] for item in answer.data] == [0, 1] and answer.usage.prompt_tokens > 0


def check_aembedding() -> None:
    async def ask() -> Any:
        return await litellm.aembedding(model="openai/tiny-embed", input=["wind"], **GIVEN)

    assert len(asyncio.run(ask()).data[0]["embedding"]) > 1


def check_bad_key() -> None:
    _fails(litellm.AuthenticationError, model="openai/tiny", **{**GIVEN, "api_key": "sk-no"})


def check_unknown_model() -> None:
    _fails(litellm.NotFoundError, model="openai/none-such", **GIVEN)


def _is_a_whole_stream(parts: list[Any]) -> None:
    assert "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
    told = [part.usage for part in parts if getattr(part, "usage", None)]
    assert told and 0 < told[-1].completion_tokens <= 8


def _fails(kind: type[Exception], **given: Any) -> None:
    ask: Callable[..., object] = litellm.completion
    try:
        ask(messages=SAID, **given)
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


def main() -> None:
    """Try all of them."""
    found: dict[str, str] = {}
    for name, check in list(globals().items()):
        if name.startswith("check_"):
            try:
                check()
                found[name] = ""
            except Exception:  # noqa: BLE001 - whatever it is, it is shown
                found[name] = traceback.format_exc(limit=-3)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
