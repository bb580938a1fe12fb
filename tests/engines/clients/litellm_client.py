"""What LiteLLM's client is to find at the gateway. Run by a Python that has it:

    python litellm_client.py BASE_URL KEY

Prints one JSON object: each check, and what was wrong.
"""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

import litellm

BASE_URL, KEY = sys.argv[1:]
GIVEN: dict[str, Any] = {"api_base": BASE_URL, "api_key": KEY, "num_retries": 0}
SAID = [{"role": "user", "content": "what is counted?"}]


def check_openai_provider() -> None:
    answer = litellm.completion(model="openai/tiny", messages=SAID, max_tokens=8, **GIVEN)
    assert answer.choices[0].message.content and answer.usage.completion_tokens > 0


def check_hosted_vllm_provider() -> None:
    answer = litellm.completion(model="hosted_vllm/tiny", messages=SAID, max_tokens=8, **GIVEN)
    assert answer.usage.prompt_tokens > 0


def check_stream() -> None:
    parts = list(
        litellm.completion(
            model="openai/tiny",
            messages=SAID,
            max_tokens=8,
            stream=True,
            stream_options={"include_usage": True},
            **GIVEN,
        )
    )
    assert "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
    assert [part.usage for part in parts if getattr(part, "usage", None)]


def check_embeddings() -> None:
    answer = litellm.embedding(model="openai/tiny-embed", input=["wind", "river"], **GIVEN)
    assert len(answer.data) == 2


def check_bad_key() -> None:
    try:
        litellm.completion(model="openai/tiny", messages=SAID, **{**GIVEN, "api_key": "sk-no"})
    except litellm.AuthenticationError:
        return
    raise AssertionError("no AuthenticationError")


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
