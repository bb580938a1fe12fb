"""The node's place: what lies in its data folder for commands to find it by."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from allod.errors import Conflict, InvalidInput, Unavailable

_ADDRESS = "node.json"
_TOKEN = "token"
_LOCK = "node.lock"
_LOG = "node.log"
_DATABASE = "database"
_LOCK_TRIES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a node answers, and which process it is."""

    url: str
    pid: int
    version: str


class Place:
    """The data folder of a node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def log(self) -> Path:
        """What the node says while it runs in the background."""
        return self.folder / _LOG

    @property
    def token_file(self) -> Path:
        """The secret of this folder's commands; readable by its owner alone."""
        return self.folder / _TOKEN

    def address(self) -> Address | None:
        """The address that a node left here; None if there is none to be read."""
        try:
            fields = json.loads((self.folder / _ADDRESS).read_text(encoding="utf-8"))
            return Address(
                url=str(fields["url"]), pid=int(fields["pid"]), version=str(fields["version"])
            )
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError):
            return None  # Half written when the power went; a node that runs writes it anew.

    def write_address(self, address: Address) -> None:
        """Leave the address; readers see the old one or the new one, never a part."""
        _write_private(self.folder / _ADDRESS, json.dumps(asdict(address)) + "\n")

    def remove_address(self) -> None:
        """Take the address away."""
        (self.folder / _ADDRESS).unlink(missing_ok=True)

    def token(self) -> str:
        """The secret; empty if there is none."""
        try:
            return self.token_file.read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            return ""

    def write_token(self, secret: str) -> None:
        """Keep the secret for the commands."""
        _write_private(self.token_file, secret + "\n")

    def database(self) -> str:
        """Where the log of the folder's last node is, as 'host/name'; empty: in the folder."""
        try:
            return (self.folder / _DATABASE).read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            return ""

    def note_database(self, url: str) -> None:
        """Remember that the log is at `url` (empty: in the folder), without user and password."""
        if url:
            parts = urlsplit(url)
            _write_private(self.folder / _DATABASE, f"{parts.hostname or ''}{parts.path}\n")
        else:
            (self.folder / _DATABASE).unlink(missing_ok=True)

    def is_held(self) -> bool:
        """True if a living node holds the folder, also one that is only starting or stopping."""
        try:
            descriptor = os.open(self.folder / _LOCK, os.O_RDWR)
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
        """Process that holds the folder; None if there is none or it has not said so yet."""
        if not self.is_held():
            return None
        text = (self.folder / _LOCK).read_text(encoding="ascii").strip()
        return int(text) if text.isdigit() else None

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the one node of this folder; the lock dies with the process.

        Raises:
            Conflict: Another node holds it.
        """
        self.make()
        descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _locked(descriptor):
                raise self.conflict()
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def conflict(self) -> Conflict:
        """The error for a second node on this folder."""
        address = self.address()
        where = f", and answers at {address.url}" if address else ""
        return Conflict(
            f"a node is already running on {self.folder}{where}",
            mend="use it, stop it with `allod down`, or give the new one its own --data folder",
        )

    def make(self) -> None:
        """Make the folder, for its owner alone, if it is not there."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise InvalidInput(
                f"{self.folder} is not a folder", mend="choose another --data folder"
            ) from None


def _locked(descriptor: int) -> bool:
    """True once the lock is ours; a command that only looks has it for a moment at most."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.02)
    return False


def _write_private(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise Unavailable(
            f"cannot write {path}: {(error.strerror or '').lower()}",
            mend="make room on the disk and check who may write there",
        ) from error
