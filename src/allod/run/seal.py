"""What the sealer needs: where the sealed log is kept, and who signs it.

Everything here is made from the leaves of the log, and never changes one: an act waits for its
durable leaf (E1), not for its seal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from allod.prove.checkpoint import Checkpoint
from allod.prove.growth import FullTile
from allod.run.pagehash import Item


@dataclass(frozen=True, slots=True)
class SealedTo:
    """How far the log is sealed."""

    size: int = 0  #: Entries of the tree.
    seq: int = 0  #: The first leaf that is not sealed.
    edge: bytes = b""  #: Its unfinished tiles, see `Growth.edge`.


@dataclass(frozen=True, slots=True)
class Page:
    """Entries that were sealed together: first those of leaves, then padding."""

    first_index: int
    first_seq: int
    leaves: int
    padding: int


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it was published."""

    size: int
    at_s: int
    note: bytes  #: With the cosignatures that have come.


class SealStore(Protocol):
    """Keeps the sealed log. Every method raises `Unavailable` as those of `run.log.Log` do."""

    def sealed_to(self) -> SealedTo:
        """How far the log is sealed."""
        ...

    def seal(
        self,
        before: int,
        after: SealedTo,
        page: Page,
        tiles: Sequence[FullTile],
        secrets: Mapping[str, bytes],
    ) -> None:
        """Add a page to a log of `before` entries: durable on return, and all of it or nothing.

        Raises `Conflict` if the log was sealed beyond `before` meanwhile, and `Unavailable` when it
        was not done *or cannot be known*: read `sealed_to()`.
        """
        ...

    def secrets(self, subjects: Sequence[str]) -> dict[str, bytes]:
        """The secrets of those of `subjects` that have one."""
        ...

    def tiles(self, asked: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        """Those of the tiles (level, index) that are full."""
        ...

    def page_of(self, seq: int) -> Page | None:
        """The page that holds the leaf `seq`; None if it is not sealed."""
        ...

    def pages(self, start: int, end: int) -> list[Page]:
        """The pages that hold the entries `start` to `end`."""
        ...

    def erased_entries(self, start: int, end: int) -> dict[int, bytes]:
        """Entries between those indexes whose leaves were erased."""
        ...

    def checkpoint_put(self, signed: Signed) -> None:
        """Keep a published checkpoint; the same size again adds cosignatures."""
        ...

    def checkpoint_latest(self) -> Signed | None:
        """The newest published checkpoint."""
        ...

    def checkpoint_from(self, size: int) -> Signed | None:
        """The oldest published checkpoint of at least `size` entries."""
        ...

    def checkpoints(self, from_s: int, until_s: int, limit: int) -> list[Signed]:
        """Those published between two times, oldest first."""
        ...


class PageHashes(Protocol):
    """Hashes pages, as `page_hashes` does, here or elsewhere."""

    def __call__(
        self, first: int, items: Sequence[Item], padding_secret: bytes, padding: int
    ) -> bytes:
        """The leaf hashes of a page, one after another."""
        ...


class LogKey(Protocol):
    """Signs checkpoints, and remembers the newest one outside of the database.

    A database that is restored from a backup would otherwise go on from before what was published,
    and two logs would be signed with one key.
    """

    @property
    def origin(self) -> str:
        """The name of the log."""
        ...

    @property
    def verifier(self) -> str:
        """The public key as readers take it (vkey)."""
        ...

    def newest(self) -> tuple[int, bytes]:
        """Size and root of the newest checkpoint that may have been signed; 0 for a new key."""
        ...

    def rotate_begin(self) -> tuple[str, str]:
        """Have a next key sign beside the old one; both (vkey). Asked again it is the same one."""
        ...

    def rotate_end(self) -> None:
        """Have the next key sign alone from now on; the old one is kept, and signs no more."""
        ...

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """The signed note, after its size and root are durable."""
        ...
