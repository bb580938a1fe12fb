"""Files that are there whole or not at all, also when the power goes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_whole(file: Path, data: bytes) -> None:
    """Have `data` in `file`, durable on return; readers see what was there before, or all of it.

    Raises:
        OSError: It could not be written; what was there before is still there.
    """
    with writing_whole(file) as new:
        new.write(data)


@contextmanager
def writing_whole(file: Path) -> Iterator[BinaryIO]:
    """What is written to it is in `file`, durable, once the block ends well; else nothing is."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.new")
    try:
        with beside.open("wb") as new:
            yield new
            new.flush()
            os.fsync(new.fileno())
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
