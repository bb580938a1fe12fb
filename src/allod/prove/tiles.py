"""The tree cut into tiles of 256 hashes, as static files (C2SP tlog-tiles).

A tile at level L holds nodes of the tree's level 8 L, so the levels between are made by hashing.
Whoever has a checkpoint makes any proof from tiles alone, and need not trust whoever serves them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from allod.errors import InvalidInput, InvalidProof
from allod.prove.merkle import (
    HASH_BYTES,
    Tree,
    consistency_proof,
    inclusion_proof,
    root_of,
)

#: Hashes in a full tile, entries in a full bundle.
WIDTH = 256
#: In place of a level: the bundles of entries, which lie beside the tiles of level 0.
ENTRIES = -1
LEVEL_MAX = 63
ENTRY_BYTES_MAX = 65_535
_PATH = re.compile(r"tile/(entries|\d{1,2})/((?:x\d{3}/)*\d{3})(?:\.p/(\d{1,3}))?", re.ASCII)

#: Gives the bytes of a tile by level, index and width.
Read = Callable[[int, int, int], bytes]


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile or a bundle of entries, by its place."""

    level: int  #: 0 to 63, or `ENTRIES`.
    index: int
    width: int = WIDTH  #: Hashes in it; a tile at the right edge may be narrow.

    def path(self) -> str:
        """Where it is served, below the prefix of the log: 'tile/0/x001/x234/067.p/5'."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        part = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_grouped(self.index)}{part}"

    @classmethod
    def parse(cls, path: str) -> Tile:
        """The tile that is served at `path`; a second spelling of the same place is refused."""
        if found := _PATH.fullmatch(path):
            level, index, width = found.groups()
            tile = cls(
                ENTRIES if level == "entries" else int(level),
                int(index.replace("/x", "").replace("/", "").lstrip("x")),
                WIDTH if width is None else int(width),
            )
            known = tile.level <= LEVEL_MAX and tile.index < 2**63 and 0 < tile.width <= WIDTH
            if known and tile.path() == path:
                return tile
        raise InvalidInput(
            f"'{path[:80]}' is no path of a tile",
            mend="write tile/<level>/<index>[.p/<width>], such as tile/0/x001/067",
        )


def tiles_of(old: int, new: int) -> list[Tile]:
    """The tiles that a log of `new` leaves has beyond those of a log of `old`, lowest first."""
    tiles = []
    level = 0
    while new:
        if new > old:
            tiles += [
                Tile(level, index, min(WIDTH, new - index * WIDTH))
                for index in range(old // WIDTH, -(-new // WIDTH))
            ]
        level, old, new = level + 1, old // WIDTH, new // WIDTH
    return tiles


def bundles_of(old: int, new: int) -> list[Tile]:
    """The bundles of entries that a log of `new` leaves has beyond those of a log of `old`."""
    return [Tile(ENTRIES, tile.index, tile.width) for tile in tiles_of(old, new) if tile.level == 0]


def tile(tree: Tree, level: int, index: int, width: int = WIDTH) -> bytes:
    """The bytes of a tile of `tree`, which must have grown so far."""
    start = index * WIDTH
    data = tree.nodes(8 * level, start, start + width) if level >= 0 <= index else b""
    if not 0 < width <= WIDTH or len(data) != width * HASH_BYTES:
        raise InvalidInput(
            f"a log of {tree.size} leaves has no tile {width} wide at level {level}, index {index}",
            mend="ask for a tile that a checkpoint of this log implies",
        )
    return data


# ------------------------------------------------------------------ entries


def bundle(entries: Sequence[bytes]) -> bytes:
    """Entries one after another, each after its length in two bytes."""
    for at, entry in enumerate(entries):
        if len(entry) > ENTRY_BYTES_MAX:
            raise InvalidInput(
                f"entry {at} of the bundle has {len(entry)} bytes",
                mend=f"an entry has at most {ENTRY_BYTES_MAX}",
            )
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def read_bundle(data: bytes, width: int) -> list[bytes]:
    """The `width` entries that were put together as `data`."""
    entries: list[bytes] = []
    at = 0
    while at + 2 <= len(data) and len(entries) < width:
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            break
        entries.append(data[at + 2 : end])
        at = end
    if len(entries) != width or at != len(data):
        reason = "bloated" if len(entries) == width else "truncated"
        raise InvalidProof(
            reason,
            f"a bundle of {width} entries has {len(entries)} whole ones in {len(data)} bytes",
            mend="fetch the bundle again",
        )
    return entries


# ------------------------------------------------------------------ a client's side


@dataclass(slots=True)
class TiledLog:
    """A log known by a checkpoint alone; `read` may lie, for each tile is checked against `root`.

    The tiles at the right edge together give the root. Every other tile is full, and its hash
    lies in a tile one level higher.
    """

    size: int
    root: bytes
    read: Read
    _checked: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def inclusion(self, index: int) -> list[bytes]:
        """The proof that leaf `index` is in the log."""
        if not 0 <= index < self.size:
            raise InvalidInput(f"index {index} of a log of {self.size}", mend="ask for its leaves")
        return inclusion_proof(self._node, index, self.size)

    def consistency(self, old: int) -> list[bytes]:
        """The proof that the log begins with the one that had `old` leaves."""
        if not 0 <= old <= self.size:
            raise InvalidInput(f"old size {old} of a log of {self.size}", mend="give an older size")
        return consistency_proof(self._node, old, self.size)

    def leaf(self, index: int) -> bytes:
        """The hash of leaf `index`."""
        if not 0 <= index < self.size:
            raise InvalidInput(f"index {index} of a log of {self.size}", mend="ask for its leaves")
        return self._node(0, index)

    def _node(self, level: int, index: int) -> bytes:
        """A complete node, from a tile that leads to the root."""
        if not self._checked:
            self._check_edge()
        return node_in(self._tile, level, index)

    def _check_edge(self) -> None:
        """Take in the tiles at the right edge, if they lead to the root."""
        edge = {}
        for level in range(LEVEL_MAX):
            wide = self.size >> 8 * level
            if wide % WIDTH:
                edge[level, wide // WIDTH] = self._fetch(level, wide // WIDTH, wide % WIDTH)

        def at_edge(level: int, index: int) -> bytes:
            return edge[level, index]

        if root_of(lambda level, index: node_in(at_edge, level, index), self.size) != self.root:
            raise _wrong("the tiles at the right edge do not lead to the root of the checkpoint")
        self._checked |= edge

    def _tile(self, level: int, index: int) -> bytes:
        """A tile that leads to the root; what lies above it is checked first."""
        if (level, index) not in self._checked:
            data = self._fetch(level, index, WIDTH)
            if whole(data) != node_in(self._tile, 8 * (level + 1), index):
                raise _wrong(f"tile {Tile(level, index).path()} is not the one of this log")
            self._checked[level, index] = data
        return self._checked[level, index]

    def _fetch(self, level: int, index: int, width: int) -> bytes:
        data = self.read(level, index, width)
        if len(data) != width * HASH_BYTES:
            path = Tile(level, index, width).path()
            raise _wrong(f"{path} has {len(data)} bytes, not {width * HASH_BYTES}")
        return data


def node_in(tile_of: Callable[[int, int], bytes], level: int, index: int) -> bytes:
    """Node `index` of a level of the tree, out of the tile that it lies in.

    `tile_of` gives a tile by its own level and index; only the part up to the node is looked at.
    """
    above = level % 8
    first = index << above
    start = first % WIDTH * HASH_BYTES
    hashes = tile_of(level // 8, first // WIDTH)[start : start + (HASH_BYTES << above)]
    return _known(hashes) if level > 8 else whole(hashes)


@lru_cache(maxsize=4_096)
def _known(hashes: bytes) -> bytes:
    """`whole` of a part of an upper tile: those are few, and most proofs lead through them."""
    return whole(hashes)


def whole(hashes: bytes) -> bytes:
    """The hash of a complete subtree over `hashes`, of which there is a power of two."""
    count, pair, hasher = len(hashes) // HASH_BYTES, 2 * HASH_BYTES, sha256
    assert count > 0 == count & (count - 1)
    while len(hashes) > HASH_BYTES:  # `node_hash` of each pair, written out: it is most of the work
        hashes = b"".join(
            [
                hasher(b"\x01" + hashes[at : at + pair]).digest()
                for at in range(0, len(hashes), pair)
            ]
        )
    return hashes


def _wrong(message: str) -> InvalidProof:
    return InvalidProof("not-in-log", message, mend="fetch the tiles again, or from elsewhere")


def _grouped(index: int) -> str:
    """`index` in groups of three digits, all but the last after an 'x'."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *high, last = (digits[at : at + 3] for at in range(0, len(digits), 3))
    return "".join(f"x{group}/" for group in high) + last
