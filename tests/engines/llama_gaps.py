"""Where llama.cpp's own answers break what OpenAI publishes, and calls that show each of it.

docs/reference/engines.md says the same in words.
"""

from __future__ import annotations

from typing import Any

SAID = [{"role": "user", "content": "what is counted for every call?"}]
#: A plain call of each operation that engines serve.
PLAIN: dict[str, dict[str, Any]] = {
    "/chat/completions": {"model": "tiny", "messages": SAID},
    "/completions": {"model": "tiny", "prompt": "what is counted"},
    "/embeddings": {"model": "tiny-embed", "input": "what is counted"},
    "/responses": {"model": "tiny", "input": "what is counted"},
}
_PICTURE = {"type": "input_image", "image_url": "data:image/png;base64,aaaa", "detail": "auto"}
_NOT_REPEATED = (
    "error incomplete_details instructions metadata parallel_tool_calls temperature tool_choice "
    "tools top_p"
).split()
#: By path, in the words of `answer_faults`; 'fails' is a 500, which the gateway tells as a 502.
GAPS: dict[str, set[str]] = {
    "/chat/completions": {
        "fails",
        "choices/* has no logprobs",
        "choices/*/logprobs has no refusal",
        "choices/*/message has no refusal",
    },
    "/completions": {"is no object"},
    "/embeddings": {"fails"},
    "/responses": {
        "fails",
        "usage has no output_tokens_details",
        *(f"has no {name}" for name in _NOT_REPEATED),
        # What follows is of its streams.
        "response/usage has no output_tokens_details",
        *(f"response has no {name}" for name in _NOT_REPEATED),
        *(f"response has no {name}" for name in ("created_at", "model", "output")),
        *(f"has no {name}" for name in ("content_index", "output_index", "sequence_number")),
        *("has no logprobs", "part has no annotations", "part has no logprobs"),
    },
}
#: Calls with which the engine shows all of them, and nothing else.
SHOWN_BY: dict[str, list[dict[str, Any]]] = {
    "/chat/completions": [
        {},
        {"stream": True},
        {"logprobs": True},
        # A tool, or a part of a message, that it does not know.
        {"tools": [{"type": "custom", "custom": {"name": "weather"}}]},
    ],
    "/completions": [
        {},
        {"stream": True},
        # The stream of several prompts begins with `data: null`.
        {"prompt": ["a", "b"], "stream": True},
    ],
    # A text of more tokens than it embeds at once.
    "/embeddings": [{}, {"encoding_format": "base64"}, {"input": "x" * 3000}],
    "/responses": [
        {},
        {"stream": True},
        {"input": [{"role": "user", "content": [_PICTURE]}]},
    ],
}


def never_answered(path: str, body: dict[str, Any]) -> bool:
    """It never answers a text without a token of which it is to make several completions."""
    if path != "/completions" or (body.get("n") or 1) == 1:
        return False
    prompt = body.get("prompt")
    return not prompt or (isinstance(prompt, list) and any(each in ("", []) for each in prompt))
