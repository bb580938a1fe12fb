"""The gateway's place: what lies in the folder `gateway` of a node's data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from allod.adapters.address_file import Address, AddressFile
from allod.adapters.process_lock import ProcessLock
from allod.errors import Conflict, InvalidInput
from allod.gateway.inside import flight_path

_SPOOL = re.compile(r"spool-(\d+)-\d+\.jsonl")


class GatewayPlace:
    """The folder of one gateway."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.folder = data / "gateway"
        self.files = self.folder / "files"  #: Bytes of the files that projects left.
        self.log = self.folder / "desk.log"
        self._address = AddressFile(self.folder / "address.json")
        self._lock = ProcessLock(self.folder / "desk.lock")
        self._asked_to_end = self.folder / "ended"

    def make(self) -> None:
        """Make the folders, for their owner alone, where they are not there.

        Raises:
            InvalidInput: Something else lies there.
        """
        for folder in (self.folder, self.files):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                raise InvalidInput(f"{folder} is not a folder", mend="move it away") from None

    # ------------------------------------------------------------ the desk

    def address(self) -> Address | None:
        """Where the gateway answers, if it does."""
        return self._address.read()

    def write_address(self, address: Address) -> None:
        """Leave the address for others to find."""
        self._address.write(address)

    def remove_address(self) -> None:
        """Take the address away."""
        self._address.remove()

    def is_held(self) -> bool:
        """True if a desk lives."""
        return self._lock.is_held()

    def holder(self) -> int | None:
        """Process of the desk that lives."""
        return self._lock.holder()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the one desk of this folder.

        Raises:
            Conflict: There is another.
        """
        self.make()
        with self._lock.hold(self._conflict):
            self._asked_to_end.unlink(missing_ok=True)
            yield

    def note_end(self) -> None:
        """The desk ends because it was asked to; nobody is to start another for that."""
        self._asked_to_end.touch(mode=0o600)

    def forget_end(self) -> None:
        """From now on a desk is wanted again."""
        self._asked_to_end.unlink(missing_ok=True)

    def was_asked_to_end(self) -> bool:
        """True if the last desk ended because it was asked to."""
        return self._asked_to_end.exists()

    def _conflict(self) -> Conflict:
        address = self.address()
        where = f", and answers at {address.url}" if address else ""
        return Conflict(f"a gateway is already running on {self.folder}{where}")

    # ------------------------------------------------------------ its workers

    def worker_lock(self, worker: int) -> ProcessLock:
        """Held by a worker as long as it lives, whoever started it."""
        return ProcessLock(self.folder / f"worker-{worker}.lock")

    def workers_with_books(self) -> list[int]:
        """Numbers of the workers, of any time, whose flight book lies here."""
        texts = {path.stem.split("-")[1] for path in self.folder.glob("flight-*.book")}
        return sorted(int(text) for text in texts if text.isdigit())

    def workers_with_spools(self) -> list[int]:
        """The same of those with a spool."""
        return sorted(self.spools_by_worker())

    def flight_book(self, worker: int) -> Path:
        """The flight book of a worker."""
        return flight_path(self.folder, worker)

    def spools(self, worker: int) -> list[Path]:
        """The spools of a worker, oldest first."""
        return self.spools_by_worker().get(worker, [])

    def spools_by_worker(self) -> dict[int, list[Path]]:
        """All spools, oldest first; the folder is read once."""
        found: dict[int, list[Path]] = {}
        for path in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            if (match := _SPOOL.fullmatch(path.name)) is not None:
                found.setdefault(int(match[1]), []).append(path)
        return found
