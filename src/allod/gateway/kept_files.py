"""Files that projects leave at the gateway: bytes in the data folder, the rest in the database.

The bytes are there before the database knows of a file, and it forgets a file before they go; what
a kill leaves between the two is bytes that nobody knows, and they are swept away.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from allod.adapters.postgres import GatewayStore
from allod.errors import NotFound
from allod.run.serving.kept import KeptFile

_ID = re.compile(r"file-[0-9a-z-]{8,80}")
#: Bytes that nobody knows are left alone so long: they may be of a file that is only coming. [s]
_SWEPT_AFTER_S = 3600


class KeptFiles:
    """The files of one gateway."""

    def __init__(self, folder: Path, store: Callable[[], GatewayStore]) -> None:
        self.folder, self._store = folder, store

    @staticmethod
    def new_id() -> str:
        """The name of a new file."""
        return f"file-{secrets.token_hex(12)}"

    def path(self, file_id: str) -> Path:
        """Where the bytes of a file lie; also those of one that is only coming.

        Raises:
            NotFound: That is no name of a file.
        """
        if not _ID.fullmatch(file_id):
            raise NotFound(f"no file '{file_id}'")
        return self.folder / file_id

    def create(self, path: Path) -> BinaryIO:
        """A new file for its owner alone, for bytes that come."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        return os.fdopen(descriptor, "wb")

    def keep(self, file: KeptFile, bytes_max: int) -> bool:
        """Note a file whose bytes are there; False if its project would have too many.

        Raises:
            Unavailable: The database cannot take it now.
        """
        return self._store().put_file(file, bytes_max)

    def get(self, file_id: str, project: str) -> KeptFile:
        """A file of a project.

        Raises:
            NotFound: The project has none of that name.
        """
        file = self._store().file(file_id, project)
        if file is None:
            raise NotFound(f"no file '{file_id}'")
        return file

    def delete(self, file_id: str, project: str) -> None:
        """Forget a file and delete its bytes.

        Raises:
            NotFound: The project has none of that name.
        """
        if not self._store().remove_file(file_id, project):
            raise NotFound(f"no file '{file_id}'")
        self.path(file_id).unlink(missing_ok=True)

    def sweep(self, now_s: int) -> None:
        """Delete files whose time is over, and bytes that nobody knows."""
        store = self._store()
        for file in store.files_expired(now_s):
            store.remove_file(file.id, file.project)
        # The list of those that lie there first: what is noted meanwhile is not taken for unknown.
        lying = [path for path in self.folder.iterdir() if path.name.startswith("file-")]
        known = store.file_ids()
        for path in lying:
            if path.name not in known and time.time() - path.stat().st_mtime > _SWEPT_AFTER_S:
                path.unlink(missing_ok=True)
