"""Usage in what engines answer: found, counted, cut and added to, without reading all the rest.

A quotation mark inside a JSON string is escaped, so the bytes `"usage":` stand for a key wherever
they are found, never for something that was said.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import orjson

USAGE = b'"usage":'
TIMINGS = b'"timings":'
#: More than that is no count; it would fit neither the flight book nor what is summed later.
_TOKENS_MAX = (1 << 32) - 1


class Counted:
    """Tokens by now, and who counted them."""

    __slots__ = ("answer", "by", "cached", "parts", "prompt")

    def __init__(self) -> None:
        self.prompt = self.cached = self.answer = 0
        self.parts = 0  #: Of a stream, where the engine says no number.
        self.by = "none"

    def usage(self, plain: dict[str, Any]) -> bool:
        """Take the numbers of a usage object; False if it is none."""
        get = plain.get
        prompt = get("prompt_tokens")
        if prompt is None:
            prompt = get("input_tokens")
        answer = get("completion_tokens")
        if answer is None:
            answer = get("output_tokens")
        if not _count(prompt):
            return False
        self.prompt = prompt
        # An answer that only began can say null here.
        self.answer = answer if _count(answer) else 0
        details = get("prompt_tokens_details") or get("input_tokens_details")
        if details and isinstance(details, dict) and _count(cached := details.get("cached_tokens")):
            self.cached = cached
        self.by = "engine"
        return True

    def timings(self, plain: dict[str, Any]) -> None:
        """Take the numbers that llama.cpp puts into each part."""
        prompt, cached, answer = (plain.get(key) for key in ("prompt_n", "cache_n", "predicted_n"))
        if _count(prompt) and _count(answer):
            self.cached = cached if _count(cached) else 0
            # `prompt_n` is what was worked on; what lay in the cache comes on top.
            self.prompt = prompt + self.cached
            self.answer = answer
            self.by = "engine"

    def part(self, parts: int) -> None:
        """So many parts of a stream came without a number."""
        self.parts += parts
        if self.by != "engine":
            self.answer = self.parts
            self.by = "parts"


def object_after(text: bytes, mark: bytes, begin: int) -> tuple[int, int, dict[str, Any]] | None:
    """The JSON object that `mark`, found at `begin`, is the key of: where it stands, and what."""
    start = begin + len(mark)
    if not text.startswith(b"{", start):
        while text.startswith(b" ", start):
            start += 1
        if not text.startswith(b"{", start):
            return None
    end = start
    while (end := text.find(b"}", end)) >= 0:
        end += 1
        inner = text.count(b"{", start + 1, end)
        if not inner or inner == text.count(b"}", start, end) - 1:
            try:
                return start, end, orjson.loads(text[start:end])
            except orjson.JSONDecodeError:
                continue  # A brace in a string; the end is further on.
    return None


def whole_answer(body: bytes, operation: str, counted: Counted) -> tuple[int, int] | None:
    """Count the usage of an answer that is no stream; where its object stands, or None."""
    if operation == "responses":
        return _of_response(body, counted)
    begin = body.rfind(USAGE)
    while begin >= 0:
        found = object_after(body, USAGE, begin)
        if found is not None and counted.usage(found[2]):
            return found[0], found[1]
        begin = body.rfind(USAGE, 0, begin)
    return None


def event_of_response(event: bytes, counted: Counted) -> tuple[int, int] | None:
    """Count the usage in an event of /v1/responses; where its object stands, or None.

    These repeat what the caller sent, tools and their schemas too, so all of it is read.
    """
    data = event[event.find(b"{") :]
    place = _of_response(data, counted)
    begin = len(event) - len(data)
    return None if place is None else (place[0] + begin, place[1] + begin)


def _of_response(body: bytes, counted: Counted) -> tuple[int, int] | None:
    try:
        plain = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    plain = plain.get("response", plain) if isinstance(plain, dict) else {}
    usage = plain.get("usage") if isinstance(plain, dict) else None
    if not isinstance(usage, dict) or not counted.usage(usage):
        return None
    begin = body.rfind(USAGE)
    while begin >= 0:
        found = object_after(body, USAGE, begin)
        if found is not None and found[2] == usage:
            return found[0], found[1]
        begin = body.rfind(USAGE, 0, begin)
    return None


def cut(text: bytes, mark: bytes, start: int, end: int) -> bytes:
    """`text` without the member whose key is `mark` and whose value stands at start to end."""
    begin = text.rfind(mark, 0, start)
    if text[begin - 1 : begin] == b",":
        begin -= 1
    elif text[end : end + 1] == b",":
        end += 1
    return text[:begin] + text[end:]


def with_energy(text: bytes, end: int, cost: bytes) -> bytes:
    """`text` with the members `cost` at the end of the object that ends at `end`."""
    return b"%b%b}%b" % (text[: end - 1], cost, text[end:])


def _count(value: Any) -> TypeGuard[int]:
    # A bool is another type.
    return type(value) is int and 0 <= value <= _TOKENS_MAX
