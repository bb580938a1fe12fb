"""The folder `log` of a node's data: the key that signs checkpoints, and the newest one signed.

The newest checkpoint lies beside the key and not in the database, so that a database that comes
back from a backup is noticed before a second log is signed with the same key.
"""

from __future__ import annotations

import secrets
import threading
from pathlib import Path
from typing import TypeVar

from allod.adapters.whole import write_whole
from allod.adapters.witness_folder import WitnessFolder
from allod.errors import Conflict, InvalidInput, Unavailable
from allod.prove.canonical import base64, read_base64
from allod.prove.checkpoint import Checkpoint
from allod.prove.cosignature import WitnessSigner
from allod.prove.merkle import EMPTY_ROOT, HASH_BYTES
from allod.prove.note import Signer, note_of
from allod.prove.policy import Policy

KEY, WITNESS_KEY, NEWEST, PUBLIC = "key", "witness-key", "newest", "key.pub"
WITNESSED = "witnessed"
NEXT = "key.next"  #: There while one key follows the other.

AnySigner = TypeVar("AnySigner", Signer, WitnessSigner)


class LogFolder:
    """Satisfies `run.seal.LogKey`."""

    def __init__(self, folder: Path, origin: str) -> None:
        """Read the key in `folder`, or make one for a log named `origin`.

        Raises:
            InvalidInput: The key is open to others, is no key, or that of another log.
            Unavailable: The folder cannot be used.
        """
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"{folder}: cannot be made: {error}") from error
        if (folder / KEY).exists() and not (folder / NEWEST).exists():
            # Taken for a new log, an older database would be signed as a second one.
            raise InvalidInput(
                f"{folder}: there is a key, and not what it has signed (the file '{NEWEST}')",
                mend=f"bring both back, or move {folder} aside for a new log",
            )
        if not (folder / NEWEST).exists():
            _write(folder / NEWEST, _told(0, EMPTY_ROOT), 0o600)
        self._signer = _signer(folder / KEY, Signer, origin)
        self._rotating = threading.Lock()
        #: Signs beside it while one key follows the other.
        self._next = _signer(folder / NEXT, Signer, origin) if (folder / NEXT).exists() else None
        #: What `newest` is known to say after a power cut; what can be read there may be lost.
        self._durable: tuple[int, bytes] | None = None
        _write(folder / PUBLIC, f"{self.verifier}\n", 0o644)

    @property
    def origin(self) -> str:
        """See `LogKey.origin`."""
        return self._signer.name

    @property
    def verifier(self) -> str:
        """See `LogKey.verifier`."""
        return str(self._signer.verifier_key)

    def newest(self) -> tuple[int, bytes]:
        """See `LogKey.newest`."""
        file = self._folder / NEWEST
        try:
            words = file.read_text(encoding="ascii").split()
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(f"{file}: cannot be read: {error}") from error
        if len(words) != 2 or not words[0].isdigit():
            raise InvalidInput(f"{file}: no size and root", mend="restore it; do not remove it")
        return int(words[0]), read_base64(words[1], f"root in {file}", HASH_BYTES)

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """See `LogKey.sign`."""
        before = self.newest()
        point = (checkpoint.size, checkpoint.root)
        if checkpoint.size < before[0] or _differs(point, before):
            raise Conflict(
                f"{before[0]} entries of the log were signed before, and now other {point[0]}",
                mend=f"was the database restored? Move {self._folder} aside: it goes on as a new "
                "log, under a new key, and who knows the old one is to be told",
            )
        if self._durable != point:
            _write(self._folder / NEWEST, _told(*point), 0o600)
            self._durable = point
        text = checkpoint.text()
        with self._rotating:
            signers = [self._signer, *([self._next] if self._next else [])]
        return note_of(text, [signer.sign(text) for signer in signers]).encode()

    def rotate_begin(self) -> tuple[str, str]:
        """See `LogKey.rotate_begin`."""
        with self._rotating:
            self._next = self._next or _signer(self._folder / NEXT, Signer, self.origin)
            return self.verifier, str(self._next.verifier_key)

    def rotate_end(self) -> None:
        """See `LogKey.rotate_end`. A crash in between leaves the old key, and both sign on."""
        if self._next is None:
            raise Conflict("no key is to follow this one", mend="begin again")
        kept = self._folder / f"{KEY}.{self._signer.verifier_key.key_id.hex()}"
        _write(kept, f"{self._signer.private_text()}\n", 0o600)
        try:
            (self._folder / NEXT).rename(self._folder / KEY)
        except OSError as error:
            raise Unavailable(f"{self._folder / KEY}: cannot be written: {error}") from error
        with self._rotating:
            self._signer, self._next = self._next, None
        _write(self._folder / PUBLIC, f"{self.verifier}\n", 0o644)

    def witness(self, name: str) -> WitnessSigner:
        """The key with which this node cosigns the logs of others, made if it is not there.

        Raises:
            InvalidInput: As for the log's key, or what it has cosigned is not there.
        """
        there, told = (self._folder / WITNESS_KEY).exists(), self._folder / WITNESSED
        if there and not told.is_dir():
            raise InvalidInput(
                f"{self._folder}: there is a witness's key, and not what it has cosigned "
                f"(the folder '{WITNESSED}')",
                mend=f"bring both back, or move {self._folder / WITNESS_KEY} aside for a new key",
            )
        try:
            told.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"{told}: cannot be made: {error}") from error
        return _signer(self._folder / WITNESS_KEY, WitnessSigner, name)

    def witnessed(self) -> WitnessFolder:
        """What was cosigned with that key."""
        return WitnessFolder(self._folder / WITNESSED)

    def policy(self, name: str) -> Policy:
        """Which witnesses are asked and which are enough, from a file in the folder.

        Raises:
            InvalidInput: It cannot be read, or says no policy.
        """
        file = self._folder / name
        try:
            return Policy.parse(file.read_bytes())
        except OSError as error:
            told = f"{file}: cannot be read: {error.strerror}"
            raise InvalidInput(told, mend="write it, or leave witness_policy out") from error
        except InvalidInput as error:
            raise InvalidInput(f"{file}: {error.message}", mend=error.mend) from error


def _told(size: int, root: bytes) -> str:
    return f"{size} {base64(root)}\n"


def _differs(point: tuple[int, bytes], before: tuple[int, bytes]) -> bool:
    return point[0] == before[0] and point[1] != before[1]


def _signer(file: Path, kind: type[AnySigner], name: str) -> AnySigner:
    try:
        rights, text = file.stat().st_mode & 0o777, file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        made = kind(name, secrets.token_bytes(32))
        _write(file, f"{made.private_text()}\n", 0o600)
        return made
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"{file}: cannot be read: {error}") from error
    if rights & 0o077:
        raise InvalidInput(f"{file}: others can read it (mode {rights:o})", mend="chmod 600 it")
    try:
        found = kind.parse(text)
    except InvalidInput as error:  # It shows nothing that is secret.
        raise InvalidInput(f"{file}: {error.message}", mend=error.mend) from None
    if found.name != name:
        raise InvalidInput(
            f"{file}: the key of '{found.name}', and this log is '{name}'",
            mend=f"set log_origin to '{found.name}', or move {file.parent} aside for a new log",
        )
    return found


def _write(file: Path, text: str, rights: int) -> None:
    """Whole or not at all, and durable on return."""
    try:
        write_whole(file, text.encode(), rights)
    except OSError as error:
        raise Unavailable(f"{file}: cannot be written: {error}") from error
