"""Files that appear only when they are complete."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from allod.errors import InvalidInput, Unavailable

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def check_folder(path: Path, option: str) -> None:
    """Refuse, before anything is replayed, a path at which no file can be.

    Raises:
        InvalidInput: Its folder is not there, or it is a folder itself.
    """
    if not path.parent.is_dir():
        raise InvalidInput(f"{option} {path}: there is no folder {path.parent}", mend="make it")
    if path.is_dir():
        raise InvalidInput(f"{option} {path} is a folder", mend="name a file in it")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path to write to; what lies there becomes `path` at the end, and nothing if that fails.

    Raises:
        Unavailable: The disk is full.
        InvalidInput: It cannot be written there.
    """
    part = path.with_name(path.name + ".part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        words = f"{path} cannot be written: {(error.strerror or str(error)).lower()}"
        if error.errno in _NO_ROOM:
            raise Unavailable(words, mend="make room on the disk, then do it again") from error
        raise InvalidInput(words, mend="choose another path") from error
    finally:
        part.unlink(missing_ok=True)
