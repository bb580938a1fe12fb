"""Bytes of a trace file: plain or gzip, in blocks of whole lines."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from allod.errors import InvalidInput
from allod.replay.traces.rows import Progress

BLOCK_BYTES = 2 * 1024 * 1024
LINE_BYTES_MAX = 1024 * 1024
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


class _Counted(io.RawIOBase):
    """A file that tells how much of it has been read, also from under a decompressor."""

    def __init__(self, path: Path, progress: Progress | None) -> None:
        self._file = path.open("rb", buffering=0)
        self._progress = progress
        self._start = progress.read if progress is not None else 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer) or 0
        if self._progress is not None:
            self._progress.set(self._start + self._file.tell())
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def reading(path: Path, progress: Progress | None = None) -> Iterator[BinaryIO]:
    """The uncompressed bytes of `path`; what file system or gzip object to is InvalidInput."""
    try:
        with io.BufferedReader(_Counted(path, progress), buffer_size=256 * 1024) as raw:
            if raw.peek(2)[:2] == _GZIP:
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield cast("BinaryIO", unpacked)
            else:
                yield cast("BinaryIO", raw)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidInput(
            f"{path} is not a whole gzip file: {error}", mend="fetch the file again"
        ) from error
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {error.strerror or error}", mend="name a file that can be read"
        ) from error


def head(path: Path, size: int = 64 * 1024) -> bytes:
    """The first `size` uncompressed bytes, without a byte-order mark."""
    with reading(path) as stream:
        return stream.read(size).removeprefix(_BOM)


def line_blocks(path: Path, progress: Progress, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """The text in blocks of about `size` bytes that each end with a newline."""
    with reading(path, progress) as stream:
        rest = b""
        first = True
        while block := stream.read(size):
            if first:
                block, first = block.removeprefix(_BOM), False
            cut = block.rfind(b"\n") + 1
            if not cut:
                rest += block
                if len(rest) > max(size, LINE_BYTES_MAX):
                    raise InvalidInput(
                        f"{path} has a line of more than {LINE_BYTES_MAX} bytes: it is no trace",
                        mend="name a trace file",
                    )
                continue
            yield rest + block[:cut]
            rest = block[cut:]
        if rest:
            yield rest + b"\n"
