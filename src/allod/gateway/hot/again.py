"""Heads that a connection repeats: clients send the same one each time, but for a length in it.

What httptools and `paths.admit` found in the last one holds for one that is the same byte for byte,
as long as the keys are those of the same table.
"""

from __future__ import annotations

from allod.gateway.hot.keys import Keys
from allod.gateway.hot.request import Request

_LENGTH = b"\r\ncontent-length:"
_END = b"\r\n\r\n"
#: So many bytes can be announced without a look at what is taken at most.
_DIGITS_MAX = 7
_HEAD_BYTES_MAX = 4 << 10
#: What a head with one of these means goes beyond itself.
_BEYOND = (b"transfer-encoding", b"expect", b"upgrade", b"\r\n ", b"\r\n\t")


class Again:
    """The last head of a connection, and its request."""

    __slots__ = ("after", "before", "keys", "length_at", "request")

    def __init__(self, request: Request, before: bytes, after: bytes) -> None:
        self.request = request
        self.keys: Keys | None = request.keys
        self.before = before  #: Up to the digits of the length.
        self.length_at = len(before)
        self.after = after  #: What follows them, the empty line included.

    def body_of(self, data: bytes) -> bytes | None:
        """The body, if `data` is a whole request and nothing else, with the same head."""
        begin = self.length_at
        end = data.find(b"\r", begin, begin + _DIGITS_MAX + 1)
        length = data[begin:end]
        if end < 0 or not length.isdigit() or not data.startswith(self.after, end):
            return None
        body = data[end + len(self.after) :]
        return body if len(body) == int(length) else None


def again(request: Request, data: bytes) -> Again | None:
    """What to remember of `data`, which was read as `request` and nothing else, if anything.

    Only what asks an engine, by a key that does not expire, without anything that is odd.
    """
    entry = request.entry
    if (
        entry is None
        or entry.expires_at_s is not None
        or not (request.operation and request.keep and request.chunked)
        or request.refused is not None
        or request.record
        or request.batch
    ):
        return None
    end = data.find(_END) + len(_END)
    low = data[:end].lower()
    begin = low.find(_LENGTH) + len(_LENGTH)
    length = low[begin : low.find(b"\r\n", begin)].strip(b" ")
    if (
        not length.isdigit()
        or len(data) != end + int(length)
        or end > _HEAD_BYTES_MAX
        or low.count(b"content-length") != 1
        or any(mark in low for mark in _BEYOND)
    ):
        return None
    begin = low.find(length, begin)
    return Again(request, data[:begin], data[begin + len(length) : end])
