"""A lock that says which process has a folder to itself; it dies with the process."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from allod.errors import AllodError

_TRIES = 10


class ProcessLock:
    """The lock at a path."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def is_held(self) -> bool:
        """True if a living process holds it, also one that is only starting or stopping."""
        try:
            descriptor = os.open(self._path, os.O_RDWR)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def holder(self) -> int | None:
        """Process that holds it; None if there is none or it has not said so yet."""
        if not self.is_held():
            return None
        text = self._path.read_text(encoding="ascii").strip()
        return int(text) if text.isdigit() else None

    def take(self) -> int | None:
        """A file descriptor that holds it until every copy is closed; None if another has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if _locked(descriptor):
            return descriptor
        os.close(descriptor)
        return None

    @contextmanager
    def hold(self, conflict: Callable[[], AllodError]) -> Iterator[None]:
        """Hold it for the block, and say which process does.

        Raises what `conflict` makes if another process holds it.
        """
        descriptor = self.take()
        if descriptor is None:
            raise conflict()
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """True once the lock is ours; a command that only looks has it for a moment at most."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.02)
    return False
