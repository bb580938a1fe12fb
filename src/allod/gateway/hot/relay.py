"""The quick way through: parts of a stream that are like the one before them.

Most parts of an answer differ in a few letters. Once one has been read with care, a relay passes
those that are like it with a few looks at their bytes, and leaves every other one to be read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from allod.gateway.hot.answer import USAGE, Counted
from allod.gateway.hot.chunks import LINES

#: True if what came was a part like the last one, and was counted and given on; else nothing was.
Relay = Callable[[bytes], bool]

_MOST = len(LINES)
#: Of an event that is whole and the chunk that it came in.
_END = b"\n\n\r\n"
#: Usage as the last member of a part that brings something, in numbers that may rise. What follows
#: them are details that stay nothing.
_RISING = re.compile(
    rb'\}\](,"usage":\{"prompt_tokens":\d+,"total_tokens":)\d+,"completion_tokens":\d+'
    rb'((?:,"[a-z_]+":(?:null|0))*\}\}\n\n\r\n)\Z'
)
_ANSWER = b',"completion_tokens":'
_DIGITS_MAX = 9


def plain(
    mark: bytes, counted: Counted, counts: memoryview, at: int, give: Callable[[bytes], None]
) -> Relay:
    """For parts without usage, which are counted by `mark`; `counts[at]` is in the flight book."""

    def relay(data: bytes) -> bool:
        size = len(data)
        if (
            size < _MOST
            and data.startswith(LINES[size])
            and data.endswith(_END)
            # Backwards is the quicker way for what is hardly ever there.
            and data.rfind(USAGE) < 0
        ):
            parts = counted.parts + data.count(mark)
            counts[at] = counted.parts = counted.answer = parts
            give(data)
            return True
        return False

    return relay


def cutting(
    like: bytes, counted: Counted, counts: memoryview, at: int, give: Callable[[bytes], None]
) -> Relay | None:
    """For parts whose usage is for the gateway alone, as that of the part `like` was.

    None if it stands there in a way that is not known here.
    """
    found = _RISING.search(like)
    if found is None:
        return None
    before, after = b"}]" + found[1], found[2]

    def relay(data: bytes) -> bool:
        size = len(data)
        if size >= _MOST or not data.startswith(line := LINES[size]) or not data.endswith(after):
            return False
        cut = data.rfind(before)
        if cut < 0 or data.rfind(USAGE, 0, cut) >= 0:
            return False
        begin = cut + len(before)
        middle = data.find(b",", begin)
        answer = data[middle + len(_ANSWER) : -len(after)]
        if (
            not data.startswith(_ANSWER, middle)
            or not answer.isdigit()
            or len(answer) > _DIGITS_MAX
            or not data[begin:middle].isdigit()
        ):
            return False
        counts[at] = counted.answer = int(answer)
        rest = data[len(line) : cut + 2]
        give(b"%x\r\n%b}\n\n\r\n" % (len(rest) + 3, rest))
        return True

    return relay
