"""What the gateway reads in a request, and what it has engines told beside."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import orjson

from allod.gateway.hot.errors import Refused

#: The operation that each path asks for.
OPERATIONS = {
    b"/v1/chat/completions": "chat",
    b"/v1/completions": "completions",
    b"/v1/embeddings": "embeddings",
    b"/v1/responses": "responses",
}
PATHS = {operation: path for path, operation in OPERATIONS.items()}
_LIMITS_OF_ANSWER = {
    # The last is llama.cpp's own, which goes before the others there.
    "chat": ("max_completion_tokens", "max_tokens", "n_predict"),
    "completions": ("max_tokens", "n_predict"),
    "responses": ("max_output_tokens",),
    "embeddings": (),
}
_NEEDED = {"chat": "messages", "completions": "prompt", "embeddings": "input", "responses": "input"}
#: Of JSON per token; a first estimate of the prompt, made good by what the engine counts.
_BYTES_PER_TOKEN = 4
#: Of the text by which calls that begin alike find the same replica.
_ALIKE_CHARS = 2048
#: Of a value that a refusal shows.
_SHOWN_CHARS = 80
_INCLUDE = b',"stream_options":{"include_usage":true'
#: What each engine can be asked beside: usage at the end, and in each part as it comes.
_BESIDE_A_STREAM = {
    "vllm": _INCLUDE + b',"continuous_usage_stats":true}',
    "sglang": _INCLUDE + b',"continuous_usage_stats":true}',
    "llama-cpp": _INCLUDE + b'},"timings_per_token":true',
    "openai": _INCLUDE + b"}",
}
#: vLLM starts what has a lower number first; what belongs to a batch comes after all else.
_PRIORITY_OF_BATCH = 1_000_000


class Asked:
    """A request as far as the gateway must know it."""

    __slots__ = (
        "_alike",
        "answer_tokens",
        "choices",
        "model",
        "plain",
        "stream",
        "wants_continuous",  #: These are of streams alone.
        "wants_timings",
        "wants_usage",
    )

    def __init__(self, operation: str, plain: dict[str, Any]) -> None:
        self.plain = plain
        self._alike: int | None = None  #: Once it was asked for: every look at a queue asks.
        get = plain.get
        model = get("model")
        if not model or not isinstance(model, str):
            raise _no_model(model)
        self.model = model
        self.stream = False
        if (stream := get("stream")) is not None:
            if not isinstance(stream, bool):
                raise _wrong("stream", "a boolean", stream)
            self.stream = stream and operation != "embeddings"
            if self.stream:
                self._read_stream()
        self.choices = _choices(operation, plain)
        self.answer_tokens = _answer_tokens(operation, plain, self.choices)
        needed = _NEEDED[operation]
        said = get(needed)
        if said is None:
            raise Refused(
                400,
                f"Missing required parameter: '{needed}'.",
                code="missing_required_parameter",
                param=needed,
            )
        if needed == "messages" and not isinstance(said, list):
            raise _wrong(needed, "an array of objects", said)
        if operation == "responses" and plain.get("background"):
            raise Refused(
                400,
                "Responses in the background are not served: what an engine does for nobody "
                "cannot be counted. Stream it, or ask for a batch.",
                code="unsupported_parameter",
                param="background",
            )

    def _read_stream(self) -> None:
        """What its caller wants to have in its parts."""
        options = self.plain.get("stream_options")
        told = options if isinstance(options, dict) else {}
        self.wants_usage = told.get("include_usage") is True
        self.wants_continuous = self.wants_usage and told.get("continuous_usage_stats") is True
        self.wants_timings = self.plain.get("timings_per_token") is True

    def alike(self) -> int:
        """The same number for calls whose engines can use the same cache: how they begin."""
        if self._alike is None:
            self._alike = self._begins()
        return self._alike

    def _begins(self) -> int:
        said = self.plain.get("messages")
        if not isinstance(said, list):
            return crc32(_begin(self.plain.get("prompt") or self.plain.get("input")))
        alike = 0
        for message in said[:2]:
            if isinstance(message, dict):
                alike = crc32(_begin(message.get("content")), alike)
        return alike


def read(operation: str, body: bytes) -> Asked:
    """What `body` asks for.

    Raises:
        Refused: It asks for nothing that makes sense.
    """
    try:
        plain = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused(
            400,
            "We could not parse the JSON body of your request. (HINT: This likely means you "
            "aren't using your HTTP library correctly. The API expects a JSON payload.)",
        ) from None
    if not isinstance(plain, dict):
        raise Refused(400, "The body must be a JSON object.")
    return Asked(operation, plain)


def prompt_tokens(body: bytes, operation: str, context_tokens: int) -> int:
    """How long the prompt is taken to be until the engine says it; never 0.

    One prompt is never longer than the context, however many bytes its pictures have.
    """
    tokens = len(body) // _BYTES_PER_TOKEN + 1
    return min(tokens, context_tokens) if operation in ("chat", "responses") else tokens


def beside(engine: str, operation: str, stream: bool, priority: int | None) -> bytes:
    """What an engine is told at the end of the caller's body, where it has precedence.

    `priority` is of the class, more goes first; None for what belongs to a batch.
    """
    ours = b""
    if stream and operation in ("chat", "completions"):
        ours = _BESIDE_A_STREAM.get(engine, b"")
    if engine == "vllm":
        # Whatever is asked for: a caller could else put itself before all others.
        ours += b',"priority":%d' % (_PRIORITY_OF_BATCH if priority is None else -priority)
    if engine == "transformers" and operation == "responses" and not stream:
        # It streams what does not say that it is none.
        ours = b',"stream":false'
    return ours


def _no_model(model: Any) -> Refused:
    if model is not None and model != "":
        return _wrong("model", "a string", model)
    return Refused(
        400,
        "you must provide a model parameter",
        code="missing_required_parameter",
        param="model",
    )


def _choices(operation: str, plain: dict[str, Any]) -> int:
    """How many answers are made for it."""
    if operation not in ("chat", "completions"):
        return 1
    choices = max(1, _whole(plain, "n", 1)) if "n" in plain else 1
    if operation == "chat":
        return choices
    choices = max(choices, _whole(plain, "best_of", 1))
    prompts = plain.get("prompt")
    # A list of texts, or of lists of tokens, is answered text by text.
    if isinstance(prompts, list) and prompts:
        choices *= 1 if isinstance(prompts[0], int) else len(prompts)
    return choices


def _answer_tokens(operation: str, plain: dict[str, Any], choices: int) -> int | None:
    """The most that the answers may come to, by whatever name an engine may go; None: unsaid."""
    if operation == "embeddings":
        return 0
    most = -1
    for name in _LIMITS_OF_ANSWER[operation]:
        if plain.get(name) is not None:
            most = max(most, _whole(plain, name))
    return most * choices if most >= 0 else None


def _whole(plain: dict[str, Any], name: str, default: int = 0) -> int:
    value = plain.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(name, "an integer", value)
    if value < 0:
        raise Refused(
            400,
            f"Invalid '{name}': it must not be below 0, but is {value}.",
            code="integer_below_min_value",
            param=name,
        )
    return value


def _wrong(name: str, wanted: str, got: Any) -> Refused:
    """A refusal that shows the value as it was written, where that is short."""
    if isinstance(got, list):
        told = "an array"
    elif isinstance(got, dict):
        told = "an object"
    else:
        told = orjson.dumps(got[:_SHOWN_CHARS] if isinstance(got, str) else got).decode()
    return Refused(
        400,
        f"Invalid type for '{name}': expected {wanted}, but got {told} instead.",
        code="invalid_type",
        param=name,
    )


def _begin(value: Any) -> bytes:
    if value is None:
        return b""
    try:
        shown = value if isinstance(value, str) else orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return b""  # What is nested too deep to be written is read all the same.
    return shown[:_ALIKE_CHARS].encode("utf-8", "surrogatepass")
