"""The folder `log/witnessed` of a node's data: what it has cosigned as a witness of other logs.

It lies beside the key and not in the database, so that a database that comes back from a backup
does not make a witness forget what it has promised, and cosign a second history of a log.
"""

from __future__ import annotations

import threading
from hashlib import sha256
from pathlib import Path

from allod.adapters.whole import write_whole
from allod.errors import InvalidInput, InvalidProof, Unavailable
from allod.prove.checkpoint import Checkpoint
from allod.prove.witness import Seen


class WitnessFolder:
    """Satisfies `run.witnessing.WitnessStore`; safe to use from several threads of one process."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is there."""
        self._folder, self._turn = folder, threading.Lock()

    def witnessed(self, origin: str) -> Seen | None:
        """See `WitnessStore.witnessed`."""
        file = self._file(origin)
        try:
            kept = Checkpoint.parse(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(f"{file}: cannot be read: {error}") from error
        except InvalidProof as error:
            raise _spoiled(file) from error
        if kept.origin != origin:
            raise _spoiled(file)
        return Seen(kept.size, kept.root)

    def witness(self, origin: str, before: Seen | None, after: Seen) -> bool:
        """See `WitnessStore.witness`."""
        with self._turn:
            if self.witnessed(origin) != before:
                return False
            file = self._file(origin)
            text = Checkpoint(origin, after.size, after.root).text()
            try:
                write_whole(file, text.encode(), 0o600)
            except OSError as error:
                raise Unavailable(f"{file}: cannot be written: {error}") from error
        return True

    def _file(self, origin: str) -> Path:
        """Where it is kept; an origin is no file name, it may hold a slash."""
        return self._folder / sha256(origin.encode()).hexdigest()


def _spoiled(file: Path) -> InvalidInput:
    return InvalidInput(f"{file}: no checkpoint of a log", mend="restore it; do not remove it")
