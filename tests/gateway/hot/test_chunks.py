"""Chunks that come at once hold what they hold byte by byte."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from allod.gateway.hot.chunks import Chunks

_PIECES = st.sampled_from(
    [b"data: {}\n\n", b"event: x\r\n\r\n", b"\r\n", b"1\r\na\r\n", b"0\r\n\r\n", b"x" * 300, b"\r"]
)
_PAYLOADS = st.builds(b"".join, st.lists(_PIECES, min_size=1, max_size=3))
_ENDS = st.sampled_from([b"", b"0\r\n\r\n", b"0\r\nx-a: b\r\n\r\n", b"0\r\n\r", b"1", b"zz\r\n"])


def _held(pieces: Iterable[bytes]) -> tuple[bytes, bool, bool]:
    """What they hold, whether that is all of it, and whether they are chunks at all."""
    reader, held = Chunks(), []
    try:
        for piece in pieces:
            if not reader.done:
                held.append(reader.feed(piece))
    except ValueError:
        return b"", False, False
    return b"".join(held), reader.done, True


#: Ways to write a size; the last two are none.
_SIZES = st.sampled_from([b"%x", b"%x", b"%X", b"%04x", b"%x;a=b", b"%x ", b"%017x", b"-%x"])


@given(st.lists(st.tuples(_SIZES, _PAYLOADS), max_size=5), _ENDS)
@example([(b"%x", b"a\r\nb")], b"0\r\n\r\n")
@example([], b"0\r\n\r\n")
def test_at_once_as_byte_by_byte(payloads: list[tuple[bytes, bytes]], end: bytes) -> None:
    data = b"".join(size % len(one) + b"\r\n%b\r\n" % one for size, one in payloads) + end
    assert _held([data]) == _held(data[at : at + 1] for at in range(len(data)))


@given(st.lists(_PIECES, max_size=6))
def test_what_is_no_chunks_is_none_either_way(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    whole, alone = _held([data]), _held(data[at : at + 1] for at in range(len(data)))
    assert whole[1:] == alone[1:]
    # What follows the last chunk belongs to nobody.
    assert whole[0].startswith(alone[0])


def test_a_chunk_that_is_longer_than_it_says_is_none() -> None:
    for reader in (Chunks(), Chunks()):
        assert reader.one(b"5\r\nhelloXX") == b""
        with pytest.raises(ValueError, match="longer"):
            reader.feed(b"5\r\nhelloXX")


@pytest.mark.parametrize("odd", [b"5\r\nhelloXX", b"5\r\nhello\rX", b"5\r\nhelloX", b"\n0;\r\n"])
def test_where_it_is_cut_does_not_hide_that(odd: bytes) -> None:
    for cut in range(len(odd)):
        assert _held([odd[:cut], odd[cut:]]) == (b"", False, False), cut
        reader = Chunks()
        assert reader.one(odd) == b""


def test_only_whole_chunks_that_are_not_the_last_may_pass_as_they_are() -> None:
    for data, whole in (
        (b"1\r\na\r\n1\r\nb\r\n", True),
        (b"1\r\na\r\n0\r\n\r\n", False),
        (b"1\r\na\r\n1\r\n", False),
        (b"3\r\na\r\n\r\n", True),
    ):
        reader = Chunks()
        reader.feed(data)
        assert reader.whole is whole, data
