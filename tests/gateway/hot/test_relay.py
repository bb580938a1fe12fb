"""Parts that pass the quick way: the caller gets the same bytes, and the same is counted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from allod.gateway.flight import FlightBook, left_in
from allod.gateway.hot import body
from allod.gateway.hot.answer import Counted
from allod.gateway.hot.chunks import Chunks
from allod.gateway.hot.stream import Stream

_AT = 3
_WORDS = st.sampled_from(
    ["la", "", '"usage":', '"usage":{', "data: {", "\n\n", "}],", "0", "é", '\\"', "x" * 3_000]
)
_NUMBERS = st.integers(0, 10**10)


def _part(word: str, usage: object = None, *, last: bool = False, spaced: bool = False) -> bytes:
    plain: dict[str, object] = {
        "id": "c",
        "choices": [] if last else [{"index": 0, "delta": {"content": word}}],
    }
    if usage is not None:
        plain["usage"] = usage
    shown = json.dumps(plain, separators=None if spaced else (",", ":"))
    return f"data: {shown}\n\n".encode()


def _usage(answer: int, prompt: int = 7, **more: object) -> dict[str, object]:
    total = prompt + answer
    return {"prompt_tokens": prompt, "total_tokens": total, "completion_tokens": answer, **more}


_USAGE = st.one_of(
    st.none(),
    st.builds(_usage, _NUMBERS),
    st.builds(_usage, _NUMBERS, prompt=st.integers(0, 9)),
    st.builds(_usage, _NUMBERS, prompt_tokens_details=st.none()),
    st.builds(
        _usage,
        _NUMBERS,
        prompt_tokens_details=st.builds(lambda n: {"cached_tokens": n}, st.integers(0, 3)),
    ),
)
_PARTS = st.one_of(
    st.builds(_part, _WORDS),
    st.builds(_part, _WORDS, _USAGE),
    st.builds(_part, _WORDS, _USAGE, last=st.booleans(), spaced=st.booleans()),
    st.sampled_from([b": ping\n\n", b"data: [DONE]\n\n", b"event: x\r\n\r\n", b"data: {", b"\n\n"]),
)
#: Several events can come in one chunk.
_CHUNKS = st.one_of(_PARTS, st.builds(b"".join, st.lists(_PARTS, min_size=1, max_size=3)))


def _chunk(payload: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(payload), payload)


def _pieces(payloads: Sequence[bytes], cuts: Sequence[int]) -> Iterator[bytes]:
    """Each payload as one chunk; at some the connection brings it in two pieces."""
    for number, payload in enumerate(payloads):
        data = _chunk(payload)
        at = cuts[number % len(cuts)] if cuts else 0
        yield from (data[:at], data[at:]) if 0 < at < len(data) else (data,)


def _live(
    pieces: Sequence[bytes], engine: str, asked: body.Asked, *, quick: bool
) -> tuple[bytes, tuple[object, ...], int]:
    """What the caller gets of a stream, what was counted, and how many parts passed quickly."""
    counted, reader, out, passed = Counted(), Chunks(), [], 0
    numbers = memoryview(bytearray(64)).cast("I")
    stream = Stream("chat", engine, asked, counted, lambda: b',"energy_mj":1')
    relay = None
    for data in pieces:
        if relay is not None and relay(data):
            passed += 1
            assert numbers[_AT] == counted.answer
            continue
        relay = None
        got = stream.feed(payload) if (payload := reader.feed(data)) else b""
        if got:
            out.append(_chunk(got))
        if got and reader.whole and quick:
            relay = stream.relay(data, numbers, _AT, out.append)
    caller = Chunks()
    said = b"".join(caller.feed(data) for data in out) + stream.rest()
    return said, (counted.prompt, counted.cached, counted.answer, counted.by), passed


@given(
    st.lists(_CHUNKS, max_size=12),
    st.lists(st.integers(0, 40), max_size=3),
    st.sampled_from(["vllm", "sglang", "openai", "llama-cpp"]),
    st.booleans(),
    st.integers(1, 2),
)
# Usage twice in one chunk, like that of the part before: both are to be cut.
@example(
    [_part("a", _usage(1)), _part("b", _usage(2)) + _part("c", _usage(3))], [], "vllm", False, 1
)
def test_the_quick_way_is_the_same_as_the_slow_one(
    payloads: list[bytes], cuts: list[int], engine: str, wants: bool, choices: int
) -> None:
    options = {"include_usage": wants, "continuous_usage_stats": wants}
    asked = body.Asked(
        "chat",
        {"model": "m", "messages": [], "stream": True, "stream_options": options, "n": choices},
    )
    pieces = list(_pieces(payloads, cuts))
    slow = _live(pieces, engine, asked, quick=False)
    quick = _live(pieces, engine, asked, quick=True)
    assert quick[:2] == slow[:2]


@pytest.mark.parametrize("usage", [False, True])
def test_parts_that_are_alike_pass_the_quick_way(usage: bool) -> None:
    asked = body.Asked("chat", {"model": "m", "messages": [], "stream": True})
    parts = [_part(f"w{at}", _usage(at) if usage else None) for at in range(1, 31)]
    said, counted, passed = _live([*map(_chunk, parts)], "vllm", asked, quick=True)
    assert said == b"".join(_part(f"w{at}") for at in range(1, 31))
    assert counted == ((7, 0, 30, "engine") if usage else (0, 0, 30, "parts"))
    assert passed == 29


def test_what_a_relay_counts_stands_in_the_flight_book(tmp_path: Path) -> None:
    book = FlightBook(tmp_path / "book", slots=4)
    first, second = book.enter(b"a"), book.enter(b"b")
    book.count(first, 1, 2, 3)
    book.count(second, 4, 5, 6)
    book.numbers[book.place_of_answer(second)] = 77
    book.close()
    found = {left.head: left for left in left_in(tmp_path / "book")}
    assert (found[b"a"].prompt_tokens, found[b"a"].answer_tokens) == (1, 3)
    assert (found[b"b"].prompt_tokens, found[b"b"].cached_tokens) == (4, 5)
    assert found[b"b"].answer_tokens == 77


def test_in_a_burst_only_what_tells_numbers_is_changed() -> None:
    asked = body.Asked("chat", {"model": "m", "messages": [], "stream": True})
    begin = _part("a") + _part("b") + b": ping\n\n" + _part("c")
    for end, given_end, counted in (
        (_part("", _usage(9), last=True), b"", (7, 9, "engine")),
        (_part("d", _usage(9)) + _part("e"), _part("d") + _part("e"), (7, 9, "engine")),
        (_part("d").replace(b"}\n\n", b',"usage":null}\n\n'), None, (0, 4, "parts")),
    ):
        found = Counted()
        stream = Stream("chat", "vllm", asked, found, lambda: b"")
        wanted = begin + (end if given_end is None else given_end)
        assert stream.feed(begin + end) == wanted
        assert (found.prompt, found.answer, found.by) == counted


@pytest.mark.parametrize("size", [1, 2, 5])
def test_events_that_end_in_two_ways_are_cut_and_counted_one_by_one(size: int) -> None:
    """As of engines that send bytes of their own beside a library's signs of life."""
    asked = body.Asked("chat", {"model": "m", "messages": [], "stream": True})
    ping = b": ping\r\n\r\n"
    events = [
        ping,
        _part("a", _usage(1)),
        _part("b", _usage(2)).replace(b"\n\n", b"\r\n\r\n"),
        _part("c", _usage(3)) + ping,
        _part("", _usage(3), last=True) + ping,
    ]
    found, said = Counted(), b""
    stream = Stream("chat", "vllm", asked, found, lambda: b"")
    for at in range(0, len(events), size):
        said += stream.feed(b"".join(events[at : at + size]))
    wanted = [_part("a"), _part("b").replace(b"\n\n", b"\r\n\r\n"), _part("c"), ping, ping]
    assert said == ping + b"".join(wanted)
    assert (found.prompt, found.answer, found.by) == (7, 3, "engine")
