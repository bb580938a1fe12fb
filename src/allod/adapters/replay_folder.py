"""The folders `replays` and `replays/traces` of a node's data: what is asked, and what it came to.

Names that callers give are inside the files; those of the files are ours. What goes wrong is said
without a path: it is said to callers.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import orjson

from allod.adapters.whole import being_written, write_whole, writing_whole
from allod.errors import NotFound, Unavailable
from allod.run.replays.ports import Json

_log = logging.getLogger(__name__)
RECORD = "record.json"
_RIGHTS = 0o600


class ReplayFolder:
    """Satisfies `run.replays.ports.Shelf`."""

    def __init__(self, folder: Path, prefix: str) -> None:
        """Keep in `folder` what has an id that begins with `prefix`.

        Raises:
            Unavailable: The folder cannot be made.
        """
        # Whoever is told of a file of it may work in another folder.
        self._folder = folder.absolute()
        self._id = re.compile(rf"{prefix}-[0-9a-f]{{12}}")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"{folder}: cannot be made: {error}") from error

    def all(self) -> Iterator[tuple[str, Json | None]]:
        """See `Shelf.all`."""
        for path in sorted(self._folder.iterdir()):
            if not self._id.fullmatch(path.name):
                continue
            try:
                yield path.name, orjson.loads((path / RECORD).read_bytes())
            except FileNotFoundError:
                yield path.name, None
            except (OSError, ValueError) as error:
                _log.warning("%s cannot be read, and is left alone: %s", path / RECORD, error)

    def receive(self, id: str, name: str) -> IncomingFile:
        """See `Shelf.receive`."""
        folder = self._of(id)
        try:
            folder.mkdir(mode=0o700)
            return IncomingFile(folder, name)
        except OSError as error:
            raise _no_room(error) from error

    def write(self, id: str, record: Json) -> None:
        """See `Shelf.write`."""
        self.put(id, RECORD, record)

    def put(self, id: str, name: str, value: Json) -> None:
        """See `Shelf.put`."""
        folder = self._of(id)
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            write_whole(folder / name, orjson.dumps(value), _RIGHTS)
        except OSError as error:
            raise _no_room(error) from error

    def put_lines(self, id: str, name: str, values: Iterable[Json]) -> str:
        """See `Shelf.put_lines`."""
        digest = hashlib.sha256()
        try:
            with writing_whole(self._of(id) / name, _RIGHTS) as file:
                for value in values:
                    line = orjson.dumps(value) + b"\n"
                    digest.update(line)
                    file.write(line)
        except OSError as error:
            raise _no_room(error) from error
        return digest.hexdigest()

    def part(self, id: str, name: str) -> bytes:
        """See `Shelf.part`."""
        try:
            return self.path(id, name).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"what is kept as {id} is not whole", mend="ask for it again") from None
        except OSError as error:
            raise _no_room(error) from error

    def path(self, id: str, name: str) -> Path:
        """See `Shelf.path`."""
        return self._of(id) / name

    def take(self, id: str, *names: str) -> None:
        """See `Shelf.take`."""
        for name in names:
            # What was being written when its writer was killed has another name: with a process
            # that replays it has another ending (`replay.files`), with us it is `being_written`.
            path = self.path(id, name)
            for one in (path, path.with_name(name + ".part"), being_written(path)):
                with suppress(OSError):
                    one.unlink()

    def remove(self, id: str) -> None:
        """See `Shelf.remove`."""
        shutil.rmtree(self._of(id), ignore_errors=True)

    def _of(self, id: str) -> Path:
        assert self._id.fullmatch(id), "an id is one that we made"
        return self._folder / id


class IncomingFile:
    """Satisfies `run.replays.ports.Incoming`."""

    def __init__(self, folder: Path, name: str) -> None:
        """Begin the file `name` in `folder`, for its owner alone."""
        self._folder, self._bytes, self._digest = folder, 0, hashlib.sha256()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = os.fdopen(os.open(folder / name, flags, _RIGHTS), "wb")

    def write(self, data: bytes) -> None:
        """See `Incoming.write`."""
        try:
            self._file.write(data)
        except OSError as error:
            raise _no_room(error) from error
        self._bytes += len(data)
        self._digest.update(data)

    def keep(self) -> tuple[int, str]:
        """See `Incoming.keep`."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise _no_room(error) from error
        return self._bytes, self._digest.hexdigest()

    def drop(self) -> None:
        """See `Incoming.drop`."""
        with suppress(OSError):
            self._file.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _no_room(error: OSError) -> Unavailable:
    _log.warning("what is kept of replays cannot be used: %s", error)
    return Unavailable(
        f"the node's disk cannot be used: {(error.strerror or 'unknown').lower()}",
        mend="tell the operator; the node's own log says where",
    )
