"""The node's place: what lies in its data folder for commands to find it by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from allod.adapters.address_file import Address, AddressFile
from allod.adapters.private_file import write_private
from allod.adapters.process_lock import ProcessLock
from allod.errors import Conflict, InvalidInput

_ADDRESS = "node.json"
_TOKEN = "token"
_LOCK = "node.lock"
_LOG = "node.log"
_DATABASE = "database"


class Place:
    """The data folder of a node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = ProcessLock(folder / _LOCK)

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
        return AddressFile(self.folder / _ADDRESS).read()

    def write_address(self, address: Address) -> None:
        """Leave the address; readers see the old one or the new one, never a part."""
        AddressFile(self.folder / _ADDRESS).write(address)

    def remove_address(self) -> None:
        """Take the address away."""
        AddressFile(self.folder / _ADDRESS).remove()

    def gateway_url(self) -> str:
        """Where the gateway of this folder answers; empty if there is none."""
        gateway = self.folder / "gateway"
        address = AddressFile(gateway / "address.json").read()
        return address.url if address and ProcessLock(gateway / "desk.lock").is_held() else ""

    def token(self) -> str:
        """The secret; empty if there is none."""
        try:
            return self.token_file.read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            return ""

    def write_token(self, secret: str) -> None:
        """Keep the secret for the commands."""
        write_private(self.token_file, secret + "\n")

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
            write_private(self.folder / _DATABASE, f"{parts.hostname or ''}{parts.path}\n")
        else:
            (self.folder / _DATABASE).unlink(missing_ok=True)

    def is_held(self) -> bool:
        """True if a living node holds the folder, also one that is only starting or stopping."""
        return self._lock.is_held()

    def holder(self) -> int | None:
        """Process that holds the folder; None if there is none or it has not said so yet."""
        return self._lock.holder()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the one node of this folder; the lock dies with the process.

        Raises:
            Conflict: Another node holds it.
        """
        self.make()
        with self._lock.hold(self.conflict):
            yield

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
