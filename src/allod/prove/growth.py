"""A tree that grows and keeps only its right edge; full tiles are handed on as they come about.

The edge is one unfinished tile of each level, at most 255 hashes, so a log of any size goes on from
a few kilobytes. What is proved later is read back from the tiles, see `tiles.TiledLog`.
"""

from __future__ import annotations

from dataclasses import dataclass

from allod.errors import InvalidInput
from allod.prove.merkle import HASH_BYTES, root_of
from allod.prove.tiles import WIDTH, node_in, whole

_TILE_BYTES = WIDTH * HASH_BYTES


@dataclass(frozen=True, slots=True)
class FullTile:
    """A tile that will never change."""

    level: int
    index: int
    hashes: bytes


class Growth:
    """A tree of `size` leaves, by its right edge."""

    __slots__ = ("_edge", "size")

    def __init__(self, size: int = 0, edge: bytes = b"") -> None:
        """Go on from `edge`, which a tree of `size` leaves had.

        Raises:
            InvalidInput: They do not belong together.
        """
        self.size = size
        self._edge: list[bytearray] = []
        start = 0
        while wide := size >> 8 * len(self._edge):
            end = start + wide % WIDTH * HASH_BYTES
            self._edge.append(bytearray(edge[start:end]))
            start = end
        if start != len(edge):
            raise InvalidInput(
                f"an edge of {len(edge)} bytes for a tree of {size} leaves",
                mend=f"it has {start} bytes",
            )

    @property
    def edge(self) -> bytes:
        """The unfinished tiles, lowest first, one after another."""
        return b"".join(self._edge)

    def extend(self, leaf_hashes: bytes) -> list[FullTile]:
        """More leaves, by their hashes, 32 bytes each; the tiles that are full with them."""
        if len(leaf_hashes) % HASH_BYTES:
            raise InvalidInput(
                f"leaf hashes of {len(leaf_hashes)} bytes", mend="give 32 bytes for each leaf"
            )
        before, self.size = self.size, self.size + len(leaf_hashes) // HASH_BYTES
        full: list[FullTile] = []
        level, more = 0, leaf_hashes
        while more:
            if level == len(self._edge):
                self._edge.append(bytearray())
            held = self._edge[level]
            held += more
            first, ends = (before >> 8 * level) // WIDTH, len(held) // _TILE_BYTES
            made = [
                FullTile(level, first + at, bytes(held[at * _TILE_BYTES : (at + 1) * _TILE_BYTES]))
                for at in range(ends)
            ]
            del held[: ends * _TILE_BYTES]
            full += made
            level, more = level + 1, b"".join(whole(tile.hashes) for tile in made)
        return full

    def root(self) -> bytes:
        """The root of all leaves."""

        def at_edge(level: int, index: int) -> bytes:
            return bytes(self._edge[level])

        return root_of(lambda level, index: node_in(at_edge, level, index), self.size)

    def partial(self, level: int) -> bytes:
        """The unfinished tile of a level."""
        return bytes(self._edge[level]) if level < len(self._edge) else b""
