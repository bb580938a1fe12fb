"""Files that only their owner reads, with an error for people where they cannot be written."""

from __future__ import annotations

from pathlib import Path

from allod.adapters.whole import write_whole
from allod.errors import Unavailable


def write_private(path: Path, text: str) -> None:
    """Write the file, durable on return; readers see the old text or the new one.

    Raises:
        Unavailable: It cannot be written, or its folder has gone.
    """
    try:
        path.parent.stat()
        write_whole(path, text.encode(), 0o600)
    except OSError as error:
        raise Unavailable(
            f"cannot write {path}: {(error.strerror or '').lower()}",
            mend="make room on the disk and check who may write there",
        ) from error
