"""Files that are there whole or not at all, also when the power goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import BinaryIO


def write_whole(file: Path, data: bytes, rights: int | None = None) -> None:
    """Have `data` in `file`, durable on return; readers see what was there before, or all of it.

    `rights` are those of the file, from its first byte on; None: as the umask has them.

    Raises:
        OSError: It could not be written; what was there before is still there.
    """
    with writing_whole(file, rights) as new:
        new.write(data)


def being_written(file: Path) -> Path:
    """Where the content of `file` lies until it is whole; a crash can leave it there."""
    return file.with_name(f".{file.name}.new")


@contextmanager
def writing_whole(file: Path, rights: int | None = None) -> Iterator[BinaryIO]:
    """What is written to it is in `file`, durable, once the block ends well; else nothing is."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = being_written(file)
    beside.unlink(missing_ok=True)  # One that a crash has left would keep its rights.
    try:
        with open(beside, "wb", opener=_with(rights)) as new:
            yield new
            new.flush()
            os.fsync(new.fileno())
        beside.rename(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Have the files of `folder` to oneself, among all who ask so.

    Raises:
        OSError: It is none, and cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    opened = os.open(folder, os.O_RDONLY)
    try:
        flock(opened, LOCK_EX)  # Given back when it is closed, or its process ends.
        yield
    finally:
        os.close(opened)


def _with(rights: int | None) -> Callable[[str, int], int]:
    def opener(path: str, flags: int) -> int:
        descriptor = os.open(path, flags, 0o666 if rights is None else rights)
        if rights is not None:
            os.fchmod(descriptor, rights)  # Whatever the umask is.
        return descriptor

    return opener
