"""What the official openai-python is to find at the gateway. Run by the Python that has it:

    python openai_python.py BASE_URL KEY LIMITED_KEY [CHECK...]

LIMITED_KEY may make one call a minute. Prints one JSON object: each check, and what was wrong.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import struct
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import openai
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

BASE_URL, KEY, LIMITED_KEY, *WANTED = sys.argv[1:]
CHAT, EMBEDDINGS = "tiny", "tiny-embed"
client = OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0, timeout=60)
SAID: list[Any] = [{"role": "user", "content": "what is counted for every call?"}]
#: A batch waits for whatever people ask meanwhile; this only ends what would hang. [s]
BATCH_PATIENCE_S = 90
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def check_chat() -> None:
    answer = client.chat.completions.create(model=CHAT, messages=SAID, max_tokens=12)
    assert answer.object == "chat.completion" and answer.choices[0].message.role == "assistant"
    usage = answer.usage
    assert usage and 0 < usage.completion_tokens <= 12 and usage.prompt_tokens > 5
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def check_request_id() -> None:
    raw = client.chat.completions.with_raw_response.create(model=CHAT, messages=SAID, max_tokens=2)
    assert raw.headers["x-request-id"] == raw.request_id and raw.parse()._request_id


def check_rate_limit_headers_and_site() -> None:
    raw = client.chat.completions.with_raw_response.create(model=CHAT, messages=SAID, max_tokens=2)
    assert raw.headers["x-allod-site"]
    one = OpenAI(base_url=BASE_URL, api_key=LIMITED_KEY, max_retries=0, timeout=60)
    try:
        headers = one.chat.completions.with_raw_response.create(
            model=CHAT, messages=SAID, max_tokens=2
        ).headers
    except openai.RateLimitError as error:
        headers = error.response.headers
    assert int(headers["x-ratelimit-limit-requests"]) == 1
    assert int(headers["x-ratelimit-remaining-requests"]) == 0
    assert headers["x-ratelimit-reset-requests"]


def check_stream() -> None:
    parts = list(client.chat.completions.create(model=CHAT, messages=SAID, stream=True))
    assert parts[0].choices[0].delta.role == "assistant"
    assert "".join(part.choices[0].delta.content or "" for part in parts)
    assert parts[-1].choices[0].finish_reason in ("stop", "length")
    assert all(part.usage is None for part in parts), "usage that nobody asked for"


def check_stream_usage() -> None:
    parts = list(
        client.chat.completions.create(
            model=CHAT,
            messages=SAID,
            max_tokens=9,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert parts[-1].choices == [] and parts[-1].usage
    assert 0 < parts[-1].usage.completion_tokens <= 9
    assert all(part.choices for part in parts[:-1])
    assert all(part.usage is None for part in parts[:-1])


def check_several_choices() -> None:
    answer = client.chat.completions.create(model=CHAT, messages=SAID, max_tokens=3, n=2)
    assert sorted(choice.index for choice in answer.choices) == [0, 1]


def check_logprobs() -> None:
    answer = client.chat.completions.create(
        model=CHAT, messages=SAID, max_tokens=4, logprobs=True, top_logprobs=2
    )
    said = answer.choices[0].logprobs
    assert said and said.content and len(said.content[0].top_logprobs) == 2


def check_structured_output() -> None:
    class Place(BaseModel):
        city: str
        halls: int

    answer = client.chat.completions.parse(
        model=CHAT, messages=SAID, response_format=Place, max_tokens=600
    )
    assert isinstance(answer.choices[0].message.parsed, Place)


def check_tool_call() -> None:
    answer = client.chat.completions.create(
        model=CHAT, messages=SAID, tools=[WEATHER], tool_choice="required"
    )
    calls = answer.choices[0].message.tool_calls
    assert calls and calls[0].type == "function" and calls[0].function.name == "weather"
    assert "city" in json.loads(calls[0].function.arguments)


def check_completions() -> None:
    answer = client.completions.create(model=CHAT, prompt="the hall in the north", max_tokens=6)
    assert answer.object == "text_completion" and answer.usage
    assert 0 < answer.usage.completion_tokens <= 6
    parts = list(
        client.completions.create(
            model=CHAT,
            prompt="the hall",
            max_tokens=6,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert [part.usage for part in parts if part.usage][-1].prompt_tokens > 0


def check_embeddings() -> None:
    asked = {"model": EMBEDDINGS, "input": ["the wind", "the river"]}
    plain = client.embeddings.create(**asked, encoding_format="float")
    coded = client.post("/embeddings", body={**asked, "encoding_format": "base64"}, cast_to=object)
    assert [item.index for item in plain.data] == [0, 1] and plain.usage.prompt_tokens > 0
    raw = base64.b64decode(coded["data"][0]["embedding"])  # type: ignore[index]
    unpacked = struct.unpack(f"<{len(raw) // 4}f", raw)
    pairs = zip(unpacked, plain.data[0].embedding, strict=True)
    assert all(abs(left - right) < 1e-3 for left, right in pairs)
    # The client asks for base64 by itself when nothing is said.
    assert len(client.embeddings.create(**asked).data[1].embedding) == len(unpacked)


def check_responses() -> None:
    answer = client.responses.create(model=CHAT, input="what is counted?", max_output_tokens=12)
    # A made-up model may end with nothing that can be read; that there is a message is the point.
    assert answer.object == "response" and answer.output[0].type == "message" and answer.usage
    assert answer.usage.input_tokens > 0 and 0 < answer.usage.output_tokens <= 12


def check_responses_stream() -> None:
    parts = client.responses.create(
        model=CHAT, input="what is counted?", max_output_tokens=12, stream=True
    )
    kinds = [event.type for event in parts]
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed"
    assert "response.output_text.delta" in kinds


def check_responses_stream_helper() -> None:
    # Without chance: now and then the model would end before it has said anything.
    with client.responses.stream(
        model=CHAT, input="what is counted?", max_output_tokens=12, temperature=0
    ) as stream:
        kinds = {event.type for event in stream}
    assert {"response.created", "response.output_text.delta", "response.completed"} <= kinds


def check_models() -> None:
    names = [model.id for model in client.models.list()]
    assert {CHAT, EMBEDDINGS} <= set(names)
    assert client.models.retrieve(CHAT).id == CHAT


def check_unknown_model() -> None:
    for ask in (
        lambda: client.models.retrieve("none-such"),
        lambda: client.chat.completions.create(model="none-such", messages=SAID),
    ):
        error = _fails(openai.NotFoundError, ask)
        assert error.code == "model_not_found" and error.type == "invalid_request_error"


def check_bad_key() -> None:
    wrong = OpenAI(base_url=BASE_URL, api_key="sk-allod-wrong", max_retries=0)
    error = _fails(openai.AuthenticationError, wrong.models.list)
    assert error.code == "invalid_api_key" and "sk-allod-wrong" not in str(error)


def check_bad_body() -> None:
    error = _fails(
        openai.BadRequestError,
        lambda: client.chat.completions.create(model=CHAT, messages="x"),  # type: ignore[call-overload]
    )
    assert error.param == "messages" and error.type == "invalid_request_error"
    _fails(
        openai.BadRequestError,
        lambda: client.post("/chat/completions", content=b'{"model":', cast_to=object),
    )


def check_unknown_path() -> None:
    error = _fails(openai.NotFoundError, lambda: client.get("/nothing/here", cast_to=object))
    assert error.body and error.request_id


def check_rate_limit() -> None:
    limited = OpenAI(base_url=BASE_URL, api_key=LIMITED_KEY, max_retries=0, timeout=60)

    def ask() -> None:
        for _ in range(3):
            limited.chat.completions.create(model=CHAT, messages=SAID, max_tokens=2)

    error = _fails(openai.RateLimitError, ask)
    assert error.code == "rate_limit_exceeded" and int(error.response.headers["retry-after"]) > 0


def check_eight_streams_at_once() -> None:
    async def all_of_them() -> list[int]:
        async with AsyncOpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0) as many:

            async def one(at: int) -> int:
                stream = await many.chat.completions.create(
                    model=CHAT,
                    messages=[{"role": "user", "content": f"{at} asks"}],
                    max_tokens=40,
                    stream=True,
                    stream_options={"include_usage": True},
                    extra_body={"ignore_eos": True},
                )
                counted = [part.usage.completion_tokens async for part in stream if part.usage]
                return counted[-1]

            return await asyncio.gather(*(one(at) for at in range(8)))

    assert asyncio.run(all_of_them()) == [40] * 8


def check_files() -> None:
    content = b'{"custom_id": "a"}\n'
    kept = client.files.create(file=("in.jsonl", io.BytesIO(content)), purpose="batch")
    assert kept.object == "file" and kept.bytes == len(content) and kept.filename == "in.jsonl"
    assert client.files.retrieve(kept.id).id == kept.id
    assert kept.id in [item.id for item in client.files.list()]
    assert client.files.content(kept.id).read() == content
    assert client.files.delete(kept.id).deleted
    _fails(openai.NotFoundError, lambda: client.files.retrieve(kept.id))


def check_batch() -> None:
    lines = [
        {
            "custom_id": f"call-{at}",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": model, "messages": SAID, "max_tokens": 4},
        }
        for at, model in enumerate([CHAT, CHAT, "none-such"])
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    kept = client.files.create(file=("in.jsonl", io.BytesIO(text.encode())), purpose="batch")
    batch = client.batches.create(
        input_file_id=kept.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    until_s = time.monotonic() + BATCH_PATIENCE_S
    while batch.status not in ("completed", "failed", "expired", "cancelled"):
        assert time.monotonic() < until_s, f"the batch is still {batch.status}"
        time.sleep(0.2)
        batch = client.batches.retrieve(batch.id)
    counts = batch.request_counts
    assert batch.status == "completed" and counts, batch
    assert (counts.total, counts.completed, counts.failed) == (3, 2, 1), counts
    assert batch.output_file_id and batch.error_file_id
    done = [json.loads(line) for line in client.files.content(batch.output_file_id).iter_lines()]
    assert {line["custom_id"] for line in done} == {"call-0", "call-1"}
    assert all(line["response"]["body"]["usage"]["completion_tokens"] for line in done)
    wrong = [json.loads(line) for line in client.files.content(batch.error_file_id).iter_lines()]
    assert [line["custom_id"] for line in wrong] == ["call-2"]
    assert batch.id in [item.id for item in client.batches.list()]


def _fails(kind: type[openai.APIStatusError], ask: Callable[[], object]) -> Any:
    try:
        ask()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def main() -> None:
    """Try all of them."""
    found: dict[str, str] = {}
    for name, check in list(globals().items()):
        if name in WANTED or (not WANTED and name.startswith("check_")):
            try:
                check()
                found[name] = ""
            except Exception:  # noqa: BLE001 - whatever it is, the test shows it
                found[name] = traceback.format_exc(limit=-3)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
