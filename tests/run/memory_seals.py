"""A sealed log in memory that can fail in the ways a database can."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from allod.errors import Conflict, Unavailable
from allod.prove.growth import FullTile
from allod.run.log import Leaf
from allod.run.seal import Page, SealedTo, Signed

#: What becomes of a write that fails: it was not done, it was, or it will be before the next one.
Fate = Literal["lost", "kept", "late"]
Write = Literal["seal", "checkpoint_put"]


class MemorySeals:
    """Satisfies `run.seal.SealStore`; outlives the sealers that use it, as a database does."""

    def __init__(self) -> None:
        self.to = SealedTo()
        self.all_pages: list[Page] = []
        self.all_tiles: dict[tuple[int, int], bytes] = {}
        self.all_secrets: dict[str, bytes] = {}
        self.erased: dict[int, bytes] = {}
        self.notes: dict[int, Signed] = {}
        self.fate: dict[Write, Fate] = {}  #: How the next write of this kind fails.
        self.down = False
        self._under_way: list[Callable[[], None]] = []

    def _up(self) -> None:
        if self.down:
            raise Unavailable("the database is away")

    def _write(self, name: Write, done: Callable[[], None]) -> None:
        self._up()
        under_way, self._under_way = self._under_way, []
        for before in under_way:
            before()
        match self.fate.pop(name, None):
            case None:
                done()
                return
            case "kept":
                done()
            case "late":
                self._under_way.append(done)
            case "lost":
                pass
        raise Unavailable("the connection broke")

    # the tree

    def sealed_to(self) -> SealedTo:
        self._up()
        return self.to

    def seal(
        self,
        before: int,
        after: SealedTo,
        page: Page,
        tiles: Sequence[FullTile],
        secrets: Mapping[str, bytes],
    ) -> None:
        full, new = tuple(tiles), dict(secrets)

        def done() -> None:
            if self.to.size != before:
                raise Conflict(f"the log is sealed up to entry {self.to.size}, not {before}")
            assert page.first_index == before and page.first_seq == self.to.seq
            assert before + page.leaves + page.padding == after.size
            assert not new.keys() & self.all_secrets.keys()
            assert not {(tile.level, tile.index) for tile in full} & self.all_tiles.keys()
            self.to = after
            self.all_pages.append(page)
            self.all_tiles |= {(tile.level, tile.index): tile.hashes for tile in full}
            self.all_secrets |= new

        self._write("seal", done)

    def secrets(self, subjects: Sequence[str]) -> dict[str, bytes]:
        self._up()
        return {name: self.all_secrets[name] for name in subjects if name in self.all_secrets}

    def tiles(self, asked: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        self._up()
        return {place: self.all_tiles[place] for place in asked if place in self.all_tiles}

    def page_of(self, seq: int) -> Page | None:
        self._up()
        found = (page for page in self.all_pages if 0 <= seq - page.first_seq < page.leaves)
        return next(found, None)

    def pages(self, start: int, end: int) -> list[Page]:
        self._up()
        return [
            page
            for page in self.all_pages
            if page.first_index < end and start < page.first_index + page.leaves + page.padding
        ]

    def erasures_open(self) -> list[str]:
        return []

    def erase(self, subject: str, leaves: Mapping[int, Leaf], entries: Mapping[int, bytes]) -> None:
        raise NotImplementedError("erasure is tested on a real database")

    def erased_entries(self, start: int, end: int) -> dict[int, bytes]:
        self._up()
        return {index: entry for index, entry in self.erased.items() if start <= index < end}

    # checkpoints

    def checkpoint_put(self, signed: Signed) -> None:
        def done() -> None:
            before = self.notes.get(signed.size, signed)
            self.notes[signed.size] = replace(before, note=signed.note)

        self._write("checkpoint_put", done)

    def checkpoint_latest(self) -> Signed | None:
        self._up()
        return self.notes[max(self.notes)] if self.notes else None

    def checkpoint_from(self, size: int) -> Signed | None:
        self._up()
        return next((self.notes[at] for at in sorted(self.notes) if at >= size), None)

    def checkpoints(self, from_s: int, until_s: int, limit: int) -> list[Signed]:
        self._up()
        found = [self.notes[size] for size in sorted(self.notes)]
        return [each for each in found if from_s <= each.at_s < until_s][:limit]
