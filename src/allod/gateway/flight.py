"""The flight book: calls in flight, in memory that outlives the process that answers them.

A call is entered before anything of it reaches an engine and taken out once its record is written.
What a killed worker leaves in it was in flight; the desk makes records of it, with the tokens that
were counted by then. The file is mapped, so that counting costs a store and no system call.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Bytes of a slot: 1 if taken, length of the head, tokens (prompt, cached, answer), the head.
_FIXED = struct.Struct("=BxHIII")
_COUNTS = struct.Struct("=III")
_ANSWER_AT, _NUMBER_BYTES = 12, 4
_SLOT_BYTES = 1024
HEAD_BYTES_MAX = _SLOT_BYTES - _FIXED.size


@dataclass(frozen=True, slots=True)
class Left:
    """A call that was in flight when its worker went."""

    head: bytes  #: As it was entered.
    prompt_tokens: int
    cached_tokens: int
    answer_tokens: int


class FlightBook:
    """The book of one worker; nobody else writes in it while it lives."""

    def __init__(self, path: Path, slots: int = 8192) -> None:
        """Make the book, empty; what lay there must have been settled before."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, 0)
        os.ftruncate(self._file, slots * _SLOT_BYTES)
        self._map = mmap.mmap(self._file, slots * _SLOT_BYTES)
        #: The same as numbers, of which `place_of_answer` says which is which.
        self.numbers = memoryview(self._map).cast("I")
        self._free = list(range(slots - 1, -1, -1))

    def enter(self, head: bytes) -> int:
        """Enter a call; `head` is all of its record that is known. -1 if the book is full."""
        if not self._free or len(head) > HEAD_BYTES_MAX:
            return -1
        slot = self._free.pop()
        at = slot * _SLOT_BYTES
        self._map[at + _FIXED.size : at + _FIXED.size + len(head)] = head
        # The mark comes last: what is half written is no call.
        _FIXED.pack_into(self._map, at, 1, len(head), 0, 0, 0)
        return slot

    def count(self, slot: int, prompt: int, cached: int, answer: int) -> None:
        """So many tokens by now."""
        _COUNTS.pack_into(self._map, slot * _SLOT_BYTES + 4, prompt, cached, answer)

    @staticmethod
    def place_of_answer(slot: int) -> int:
        """Where in `numbers` a call's tokens of the answer stand."""
        return (slot * _SLOT_BYTES + _ANSWER_AT) // _NUMBER_BYTES

    def leave(self, slot: int) -> None:
        """The record of the call is written."""
        self._map[slot * _SLOT_BYTES] = 0
        self._free.append(slot)

    def close(self) -> None:
        """Let go of it; the file stays."""
        self.numbers.release()
        self._map.close()
        os.close(self._file)


def left_in(path: Path) -> Iterator[Left]:
    """The calls in a book that nobody writes in any more."""
    content = path.read_bytes() if path.exists() else b""
    for at in range(0, len(content) - _SLOT_BYTES + 1, _SLOT_BYTES):
        taken, length, prompt, cached, answer = _FIXED.unpack_from(content, at)
        if taken:
            head = content[at + _FIXED.size : at + _FIXED.size + length]
            yield Left(head, prompt, cached, answer)
