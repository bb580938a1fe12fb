"""Who starts, stops and uses the server of one data folder: locks that die with their process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from allod.errors import Forbidden, InvalidInput, Unavailable


class FolderLock:
    """Two locks in a folder: one for the moment of starting or stopping, one shared by users."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._use_fd: int | None = None

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the right to start or stop the server; waits for another process that has it.

        Makes the folder. Raises `InvalidInput`, `Forbidden` or `Unavailable` where it cannot.
        """
        with _friendly(self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = self._open("postgres.change.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def share(self) -> bool:
        """Count as a user from now on; return whether there is no other. Only while changing."""
        if self._use_fd is None:
            with _friendly(self._folder):
                self._use_fd = self._open("postgres.use.lock")
        alone = self.alone()
        fcntl.flock(self._use_fd, fcntl.LOCK_SH)
        return alone

    def alone(self) -> bool:
        """Return whether no other process is a user. Only while changing."""
        if self._use_fd is None:
            return False
        try:
            fcntl.flock(self._use_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @property
    def shared(self) -> bool:
        """Whether this process counts as a user."""
        return self._use_fd is not None

    def release(self) -> None:
        """Count as a user no longer."""
        if self._use_fd is not None:
            os.close(self._use_fd)
            self._use_fd = None

    def _open(self, name: str) -> int:
        return os.open(self._folder / name, os.O_RDWR | os.O_CREAT, 0o600)


@contextmanager
def _friendly(folder: Path) -> Iterator[None]:
    try:
        yield
    except (FileExistsError, NotADirectoryError):
        raise InvalidInput(f"{folder} is not a folder", mend="name a folder") from None
    except PermissionError as error:
        raise Forbidden(
            f"cannot write in {folder}: {error.strerror}", mend="choose another data folder"
        ) from None
    except OSError as error:
        raise Unavailable(f"cannot use {folder}: {error.strerror}") from error
