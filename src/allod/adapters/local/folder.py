"""The folder of one run, as the node reads and writes it; the supervisor says what is in it."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from allod.adapters.local.commands import (
    Started,
    encode_stop,
    output_files,
    parse_started,
    parse_status,
    parse_stop,
)
from allod.adapters.local.supervisor import record
from allod.run.ports import OutputPart, RunKey, RunReport, StreamName


class RunFolder:
    """Where the order, the output and the end of one run are."""

    def __init__(self, path: Path, key: RunKey) -> None:
        self.path = path
        self.key = key

    def make(self) -> None:
        """Make the folder, if it is not there, so that a power cut does not take it away again."""
        if (self.path / record.WORK).is_dir():
            return
        workload = self.path.parent
        workload.mkdir(mode=0o700, exist_ok=True)
        (self.path / record.WORK).mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (workload, workload.parent):
            record.sync_folder(str(folder))

    def status(self) -> RunReport | None:
        """How the run ended, or None if that is not on record."""
        content = self._read(record.STATUS)
        return None if content is None else parse_status(self.key, content)

    def started(self) -> Started | None:
        """How the run began; None also if that cannot be read (see `has_started`)."""
        content = self._read(record.STARTED)
        return None if content is None else parse_started(content)

    def has_started(self) -> bool:
        """True if the start is on record, readable or not."""
        return (self.path / record.STARTED).exists()

    def is_ordered(self) -> bool:
        """True if the run was asked for."""
        return (self.path / record.ORDER).exists()

    def must_stop(self) -> bool:
        """True if the run was asked to end."""
        return (self.path / record.STOP).exists()

    def write_order(self, content: bytes) -> None:
        """Put the order where the supervisor reads it.

        Whole or not at all, but not waited for until it is on disk: what is durable is the log
        (E1), and a start record is, before anything runs.
        """
        temporary = self._temporary(record.ORDER)
        try:
            temporary.write_bytes(content)
            temporary.rename(self.path / record.ORDER)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def withdraw_order(self) -> None:
        """Take the order back, unless somebody else has had it carried out meanwhile."""
        try:
            with self.unsupervised() as free:
                if free and not self.has_started():
                    (self.path / record.ORDER).unlink(missing_ok=True)
        except OSError:
            return  # No room even for the lock, so there is no order either.

    def write_stop(self, grace_s: int, cause: str) -> None:
        """Record the request to end, unless a shorter one is there, and wake who listens."""
        before = self._read(record.STOP)
        if before is None or grace_s < parse_stop(before):
            temporary = self._temporary(record.STOP)
            try:
                record.write_durably(
                    str(self.path / record.STOP), encode_stop(grace_s, cause), str(temporary)
                )
            except OSError:
                temporary.unlink(missing_ok=True)
                if not self.has_started():
                    raise
                # It runs: its supervisor can be told, and will give it the grace of its order.
        self._wake()

    def write_status(self, content: bytes) -> None:
        """Record the end of a run that no supervisor looks after; the lock must be held."""
        record.write_durably(str(self.path / record.STATUS), content)

    @contextmanager
    def unsupervised(self) -> Iterator[bool]:
        """True if no supervisor lives; then none starts anything until the block is left."""
        try:
            lock = os.open(self.path / record.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            yield True  # No such folder, so no such run.
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            free = False
        else:
            free = True
        try:
            yield free
        finally:
            os.close(lock)

    def read_output(self, stream: StreamName, offset: int, limit: int) -> OutputPart:
        """At most `limit` bytes from `offset` on, or from where there is something again."""
        files = output_files((entry.name for entry in self.path.iterdir()), stream)
        for number, (start, name) in enumerate(files, start=1):
            if number < len(files) and files[number][0] <= offset:
                continue  # All of it lies before what was asked for.
            begin = max(offset, start)
            if data := self._read_at(name, begin - start, limit):
                return OutputPart(offset=begin, data=data)
        return OutputPart(offset=offset, data=b"")

    def truncated_bytes(self) -> int:
        """Bytes missing between the files of both outputs."""
        missing = 0
        for stream in ("stdout", "stderr"):
            end = 0
            for start, name in output_files((entry.name for entry in self.path.iterdir()), stream):
                missing += start - end
                end = start + (self.path / name).stat().st_size
        return missing

    def _read_at(self, name: str, position: int, limit: int) -> bytes:
        try:
            file = os.open(self.path / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return b""  # The tail moved on while we looked.
        try:
            return os.pread(file, limit, position)
        finally:
            os.close(file)

    def _wake(self) -> None:
        try:
            control = os.open(
                self.path / record.CONTROL, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
            )
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENXIO):
                return  # No supervisor yet, or none any more.
            raise
        try:
            os.write(control, record.POKE)
        except (BlockingIOError, BrokenPipeError):
            pass  # So full of wake-ups that it will wake, or gone this instant.
        finally:
            os.close(control)

    def _read(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _temporary(self, name: str) -> Path:
        """A name of our own: several nodes' threads may be at the same run."""
        return self.path / f".{name}.{os.getpid()}.{threading.get_native_id()}"
