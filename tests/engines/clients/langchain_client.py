"""What langchain-openai is to find at the gateway. Run by the Python that has it:

python langchain_client.py BASE_URL KEY

Prints one JSON object: each check, and what was wrong.
"""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

BASE_URL, KEY = sys.argv[1:]
GIVEN: dict[str, Any] = {"base_url": BASE_URL, "api_key": KEY, "max_retries": 0}
chat = ChatOpenAI(model="tiny", max_completion_tokens=200, stream_usage=True, **GIVEN)


class Weather(BaseModel):
    """The weather of a city."""

    city: str


def check_invoke() -> None:
    answer = chat.invoke("what is counted?")
    assert answer.content and answer.usage_metadata
    assert answer.usage_metadata["output_tokens"] > 0


def check_stream() -> None:
    parts = list(chat.stream("what is counted?"))
    assert "".join(str(part.content) for part in parts)
    assert [part.usage_metadata for part in parts if part.usage_metadata]


def check_tools() -> None:
    answer = chat.bind_tools([Weather]).invoke("the weather in Narvik?")
    assert answer.tool_calls[0]["name"] == "Weather" and "city" in answer.tool_calls[0]["args"]


def check_structured_output() -> None:
    assert isinstance(
        chat.with_structured_output(Weather, method="json_schema").invoke("where?"), Weather
    )


def check_embeddings() -> None:
    # It sends numbers of tokens of OpenAI's own models unless it is told not to.
    embeddings = OpenAIEmbeddings(model="tiny-embed", check_embedding_ctx_length=False, **GIVEN)
    left, right = embeddings.embed_documents(["wind", "river"])
    assert len(left) == len(right) > 1


def main() -> None:
    """Try all of them."""
    found: dict[str, str] = {}
    for name, check in list(globals().items()):
        if name.startswith("check_"):
            try:
                check()
                found[name] = ""
            except Exception:  # noqa: BLE001 - whatever it is, the test shows it
                found[name] = traceback.format_exc(limit=-3)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
