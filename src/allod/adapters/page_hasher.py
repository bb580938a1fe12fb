"""A process that hashes pages for the sealer, so that nobody who submits waits for it.

Hashing in a thread of the node would hold the interpreter, a fifth of it in a crowd. The process
ends when the node does: it reads until nobody is there who writes. If it fails, the node hashes by
itself.
"""

from __future__ import annotations

import logging
import marshal
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import IO

from allod.prove.merkle import HASH_BYTES
from allod.run.pagehash import Item, page_hashes

_log = logging.getLogger(__name__)

_LENGTH = 8
_FEW = 8  #: So few leaves are hashed sooner than told to another process.
_NICE = 5  #: Who decides goes first; what waits is sealed a moment later.


class PageHasher:
    """Satisfies `run.seal.PageHashes`; for one thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(
        self, first: int, items: Sequence[Item], padding_secret: bytes, padding: int
    ) -> bytes:
        """See `page_hashes`."""
        if len(items) > _FEW:
            try:
                return self._asked(first, list(items), padding_secret, padding)
            except (OSError, ValueError) as error:
                _log.warning("the process that hashes failed, and is started anew: %s", error)
                self.close()
        return page_hashes(first, items, padding_secret, padding)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    _close(pipe)
            process.wait()

    def _asked(self, first: int, items: list[Item], padding_secret: bytes, padding: int) -> bytes:
        process = self._process
        if process is None:
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        assert process.stdin is not None and process.stdout is not None
        _write(process.stdin, marshal.dumps((first, items, padding_secret, padding)))
        found = _read(process.stdout)
        if found is None or len(found) != HASH_BYTES * (len(items) + padding):
            raise ValueError("no whole answer")
        return found


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError as error:
        _log.debug("closing: %s", error)


def _write(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(len(data).to_bytes(_LENGTH, "big") + data)
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes | None:
    """The next message; None at the end."""
    head: bytes = pipe.read(_LENGTH)
    if len(head) < _LENGTH:
        return None
    length = int.from_bytes(head, "big")
    data: bytes = pipe.read(length)
    return data if len(data) == length else None


def _serve() -> None:
    os.nice(_NICE)
    while (data := _read(sys.stdin.buffer)) is not None:
        _write(sys.stdout.buffer, page_hashes(*marshal.loads(data)))


if __name__ == "__main__":
    _serve()
