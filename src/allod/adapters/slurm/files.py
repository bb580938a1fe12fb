"""Reading what is in the folder that the cluster's nodes share."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Protocol


class Files(Protocol):
    """Somewhere to read from."""

    def read(self, path: str, offset: int, limit: int) -> bytes | None:
        """At most `limit` bytes from `offset` on; None if there is no such file to be read.

        Raises:
            RunnerUnknown: Whoever was asked does not answer.
        """
        ...

    def link(self, path: str) -> str | None:
        """What a symbolic link says; None if there is none."""
        ...

    def owner(self, path: str) -> str | None:
        """Who owns a file, or a link itself; None if there is none."""
        ...


class MountedFiles:
    """The folder as this machine has it mounted.

    Users write there: a link, a pipe or a second name of somebody else's file is not followed, or a
    job could have the node read what only the node may.
    """

    def read(self, path: str, offset: int, limit: int) -> bytes | None:
        """See `Files.read`."""
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            known = os.fstat(file)
            if not stat.S_ISREG(known.st_mode) or known.st_nlink != 1:
                return None
            return os.pread(file, limit, offset)
        except OSError:
            return None
        finally:
            os.close(file)

    def link(self, path: str) -> str | None:
        """See `Files.link`."""
        try:
            return str(Path(path).readlink())
        except OSError:
            return None

    def owner(self, path: str) -> str | None:
        """See `Files.owner`."""
        try:
            return str(Path(path).lstat().st_uid)
        except OSError:
            return None
