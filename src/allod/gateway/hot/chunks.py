"""HTTP's chunks, as an engine sends them: what they hold, and whether they may pass as they are."""

from __future__ import annotations

from string import hexdigits

_LINE_BYTES_MAX = 256
_TRAILER_BYTES_MAX = 8192
_DIGITS = frozenset(hexdigits.encode())
_DIGITS_MAX = 16
_LONGER = "a chunk is longer than its size"
#: Events are mostly shorter.
_PAYLOAD_BYTES_MAX = 2047


def _lines() -> tuple[bytes, ...]:
    count = _PAYLOAD_BYTES_MAX + 8
    # Nothing begins with what is longer.
    lines = [b"\n" * count] * count
    for size in range(1, _PAYLOAD_BYTES_MAX + 1):
        line = b"%x\r\n" % size
        lines[len(line) + size + 2] = line
    return tuple(lines)


#: By how many bytes came: the line of the size if they are one chunk, as engines write it.
LINES = _lines()
_LINE_END = b"\r\n"
_CR, _LF = _LINE_END
_BASE = 16
#: What each byte is worth as a digit; more than the base: it is none.
_WORTH = bytes(int(chr(byte), _BASE) if byte in _DIGITS else 255 for byte in range(256))


class Chunks:
    """Reads one body."""

    __slots__ = ("_left", "_line", "done", "excess", "whole")

    def __init__(self) -> None:
        self._left = 0  #: Bytes to come of a chunk, the end of its line included.
        self._line = b""  #: Of a size or of trailers, as far as it came.
        self.done = False
        self.excess = False  #: True if more came than the body.
        self.whole = False  #: True if what came last was whole chunks and not the last one.

    def one(self, data: bytes) -> bytes:
        """What the chunk holds that `data` is; empty if it is no single one, or one that is odd."""
        if self._left or self._line:
            return b""
        size = len(data)
        if size < len(LINES) and data.startswith(line := LINES[size]) and data.endswith(b"\r\n"):
            return data[len(line) : -2]
        return b""

    def feed(self, data: bytes) -> bytes:
        """What the chunks in `data` hold.

        Raises:
            ValueError: These are no chunks.
        """
        clean = not self._left and not self._line
        if clean and (held := self._at_once(data)) is not None:
            return held
        if self._line:
            data = self._line + data
            self._line = b""
        pieces: list[bytes] = []
        at, end = 0, len(data)
        if self._left:
            stop = max(0, self._left - 2)
            if stop:
                pieces.append(data[:stop])
            at = min(self._left, end)
            # Of the end of its line some may have come before.
            if not _LINE_END[-min(self._left, 2) :].startswith(data[stop:at]):
                raise ValueError(_LONGER)
            self._left -= at
        while at < end:
            line = data.find(b"\r\n", at, at + _LINE_BYTES_MAX)
            if line < 0:
                self._keep(data[at:], _LINE_BYTES_MAX)
                break
            size = _size(data[at:line])
            if not size:
                self._end(data[at:], line - at)
                break
            begin = line + 2
            stop = begin + size
            pieces.append(data[begin:stop])
            at = stop + 2
            if not _LINE_END.startswith(data[stop:at]):
                raise ValueError(_LONGER)
            if at > end:
                self._left = at - end
        self.whole = clean and not self._left and not self._line and not self.done
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _at_once(self, data: bytes) -> bytes | None:
        """What `data` holds if it is whole chunks as engines write them; else None.

        Engines that are quicker than their callers send many at once. Read by numbers, for that is
        what a compiler does best.
        """
        pieces: list[bytes] = []
        at, end = 0, len(data)
        while at < end:
            size, digits = 0, at
            last = min(end, at + _DIGITS_MAX)
            while at < last and (digit := _WORTH[data[at]]) < _BASE:
                size = size * _BASE + digit
                at += 1
            stop = at + 2 + size
            if (
                at == digits
                or stop + 2 > end
                or data[at] != _CR
                or data[at + 1] != _LF
                or data[stop] != _CR
                or data[stop + 1] != _LF
            ):
                return None
            if not size:
                if stop + 2 != end:
                    return None
                self.done, self.whole = True, False
                return b"".join(pieces)
            pieces.append(data[at + 2 : stop])
            at = stop + 2
        self.whole = True
        return b"".join(pieces)

    def _end(self, rest: bytes, line: int) -> None:
        """The last chunk, and trailers that nobody asked for."""
        end = rest.find(b"\r\n\r\n", line)
        if end < 0:
            self._keep(rest, _TRAILER_BYTES_MAX)
        else:
            self.done, self.excess = True, len(rest) > end + 4

    def _keep(self, rest: bytes, most: int) -> None:
        if len(rest) > most:
            raise ValueError("a line of a chunk has no end")
        self._line = rest


def _size(line: bytes) -> int:
    digits = line.partition(b";")[0].rstrip() if b";" in line else line
    if not digits or len(digits) > _DIGITS_MAX or not _DIGITS.issuperset(digits):
        raise ValueError("a chunk has no size")
    return int(digits, _BASE)
