"""What replays need from the world: a folder to be kept in and a process to run in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Json = dict[str, Any]


class Incoming(Protocol):
    """A file that is coming; it is kept, or dropped."""

    def write(self, data: bytes) -> None:
        """More of it; Unavailable if the disk cannot take it."""

    def keep(self) -> tuple[int, str]:
        """Have it on the disk; its bytes and their SHA-256 in hex."""

    def drop(self) -> None:
        """Forget it; nothing is left."""


class Shelf(Protocol):
    """Folders by id, in one place of the data folder; every id is one that we have made.

    What is written is there whole or not at all. All but `take` and `remove` raise Unavailable if
    the disk cannot be used, without a word of where it is.
    """

    def all(self) -> Iterator[tuple[str, Json | None]]:
        """Ids, each with its record; None: it has none, because it never came to be."""

    def receive(self, id: str, name: str) -> Incoming:
        """A new folder with a file that comes."""

    def write(self, id: str, record: Json) -> None:
        """Keep the record of a folder, which is made if it is not there."""

    def put(self, id: str, name: str, value: Json) -> None:
        """Keep a part of a folder."""

    def put_lines(self, id: str, name: str, values: Iterable[Json]) -> str:
        """Keep many values, a line each; the SHA-256 of all in hex."""

    def part(self, id: str, name: str) -> bytes:
        """A part of a folder; NotFound if it is not there."""

    def path(self, id: str, name: str) -> Path:
        """Where a part lies, for the process that reads or makes it."""

    def take(self, id: str, *names: str) -> None:
        """Remove parts of a folder, those that are there."""

    def remove(self, id: str) -> None:
        """Remove a folder with all that is in it."""


@dataclass(frozen=True, slots=True)
class IllEnd:
    """How a process ended that did not say why."""

    how: str  #: 'was ended by signal SIGKILL'.
    killed: bool  #: True: by a signal, as where memory runs short. False: by a mistake of ours.


class Worker(Protocol):
    """A process that does one task, beside the node and behind it."""

    def live(self, told: Callable[[Json], None]) -> IllEnd | None:
        """Wait for its end and pass on what it says meanwhile; None if it ended well."""

    def stop(self) -> None:
        """End it, at once if need be; from any thread, also when it has ended."""


class Workers(Protocol):
    """Starts them."""

    def start(self, task: Json) -> Worker:
        """Start a process for a task; Unavailable if none can be started."""
