"""Tiles and bundles as they are handed to anybody: each is made once, and how long says nothing.

An entry of a record takes longer to make again than padding does. So bundles are made as wide as
the published log has them, whatever width is asked for, and a fresh one is given out at the next
multiple of a fixed time: neither tells how much of it is work.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from allod.errors import NotFound
from allod.prove.tiles import ENTRIES, WIDTH, Tile
from allod.run.clock import Clock
from allod.run.sealed import SealedLog

_KEPT = 64  #: Of tiles and bundles; a bundle has some 180 kB.
_EVERY_S = 0.05


class PublishedLog:
    """Satisfies readers without a token; safe to use from several threads."""

    def __init__(self, sealed: SealedLog, clock: Clock) -> None:
        self._sealed, self._clock = sealed, clock
        self._turn = threading.Lock()
        self._kept: OrderedDict[Tile, bytes] = OrderedDict()

    def resource(self, tile: Tile, size: int) -> bytes:
        """A tile or a bundle of entries as a log of `size` entries has it.

        Raises:
            NotFound: Such a log has none that wide.
        """
        level = max(tile.level, 0)
        wide = min(WIDTH, (size >> 8 * level) - tile.index * WIDTH)
        if tile.width > wide:
            raise NotFound(f"a log of {size} entries has no {tile.path()}")
        whole = Tile(tile.level, tile.index, wide)
        with self._turn:
            data = self._kept.get(whole)
        if data is None:  # Two who ask at once each make it; nobody waits for another.
            data = self._made(whole, size)
        with self._turn:
            self._kept[whole] = data
            self._kept.move_to_end(whole)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return data[: len(data) // wide * tile.width]  # What is in it has one length.

    def _made(self, tile: Tile, size: int) -> bytes:
        if tile.level != ENTRIES:
            return self._sealed.tile(tile.level, tile.index, tile.width, size)
        began_s = self._clock.monotonic_s()
        data = self._sealed.bundle(tile.index, tile.width, size)
        threading.Event().wait((began_s - self._clock.monotonic_s()) % _EVERY_S)
        return data
