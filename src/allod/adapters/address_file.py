"""Where a process of ours answers, left in a file for others to find."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from allod.adapters.private_file import write_private


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where it answers, and which process it is."""

    url: str
    pid: int
    version: str


class AddressFile:
    """The file at a path."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Address | None:
        """The address that was left; None if there is none to be read."""
        try:
            fields = json.loads(self._path.read_text(encoding="utf-8"))
            return Address(
                url=str(fields["url"]), pid=int(fields["pid"]), version=str(fields["version"])
            )
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError):
            return None  # Half written when the power went; who runs writes it anew.

    def write(self, address: Address) -> None:
        """Leave the address; readers see the old one or the new one, never a part."""
        write_private(self._path, json.dumps(asdict(address)) + "\n")

    def remove(self) -> None:
        """Take it away."""
        self._path.unlink(missing_ok=True)
