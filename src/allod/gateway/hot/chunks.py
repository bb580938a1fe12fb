"""HTTP's chunks, as an engine sends them: what they hold, and whether they may pass as they are."""

from __future__ import annotations

from string import hexdigits

_LINE_BYTES_MAX = 256
_TRAILER_BYTES_MAX = 8192
_DIGITS = frozenset(hexdigits.encode())
_LONGER = "a chunk is longer than its size"
#: Events are mostly shorter.
_PAYLOAD_BYTES_MAX = 2047


def _lines() -> tuple[bytes, ...]:
    lines = [b"\n"] * (_PAYLOAD_BYTES_MAX + 8)
    for size in range(1, _PAYLOAD_BYTES_MAX + 1):
        line = b"%x\r\n" % size
        lines[len(line) + size + 2] = line
    return tuple(lines)


#: By how many bytes came: the line of the size if they are one chunk, as engines write it.
LINES = _lines()
#: What the last chunk is split into.
_LAST = [b"0", b"", b""]
_SIZES = {b"%x" % size: size for size in range(1, _PAYLOAD_BYTES_MAX + 1)}


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
            if self._left > 2:
                pieces.append(data[: self._left - 2])
            at = min(self._left, end)
            if 2 <= at == self._left and data[at - 2 : at] != b"\r\n":
                raise ValueError(_LONGER)
            self._left -= at
        while at < end:
            line = data.find(b"\r\n", at, at + _LINE_BYTES_MAX)
            if line < 0:
                self._keep(data[at:], _LINE_BYTES_MAX)
                break
            size = _SIZES.get(data[at:line]) or _size(data[at:line])
            if not size:
                self._end(data[at:], line - at)
                break
            begin = line + 2
            stop = begin + size
            pieces.append(data[begin:stop])
            at = stop + 2
            if at > end:
                self._left = at - end
            elif data[stop:at] != b"\r\n":
                raise ValueError(_LONGER)
        self.whole = clean and not self._left and not self._line and not self.done
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _at_once(self, data: bytes) -> bytes | None:
        """What `data` holds if it is whole chunks with no end of a line in any; else None.

        Engines that are quicker than their callers send many at once.
        """
        pieces = data.split(b"\r\n")
        done = pieces[-3:] == _LAST
        end = -3 if done else -1
        sizes, held = pieces[0:end:2], pieces[1:end:2]
        if pieces[-1] or list(map(_SIZES.get, sizes)) != list(map(len, held)):
            return None
        self.done, self.whole = done, not done
        return b"".join(held)

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
    if not digits or len(digits) > 16 or not _DIGITS.issuperset(digits):
        raise ValueError("a chunk has no size")
    return int(digits, 16)
