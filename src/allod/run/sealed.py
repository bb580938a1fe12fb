"""The sealed log as it is read: tiles, entries and proofs, at any size that was published."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from allod.errors import NotFound, Unavailable
from allod.prove.growth import Growth
from allod.prove.leaf import Sealed, padding_entry, seal
from allod.prove.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Node,
    consistency_proof,
    inclusion_proof,
    root_of,
)
from allod.prove.tiles import WIDTH, bundle, node_in
from allod.run.log import Leaf, Log
from allod.run.pagehash import OF_PADDING, fields_in, subject_of
from allod.run.records import is_erased
from allod.run.seal import Page, SealStore

Made = TypeVar("Made")


def root_at(store: SealStore, growth: Growth, size: int) -> bytes:
    """The root that the tree had when it had `size` entries; b'' if it never had so many."""
    if size > growth.size:
        return b""
    return _made(store, growth, lambda node: root_of(node, size))


def _made(store: SealStore, growth: Growth, make: Callable[[Node], Made]) -> Made:
    """What `make` makes of nodes of the tree, whose tiles are read in one question.

    Which nodes it takes must not depend on what they are: it is first shown none of them.
    """
    asked: set[tuple[int, int]] = set()

    def at_edge(level: int, index: int) -> bool:
        return index == (growth.size >> 8 * level) // WIDTH

    def noted(level: int, index: int) -> bytes:
        asked.add((level // 8, (index << level % 8) // WIDTH))
        return EMPTY_ROOT

    make(noted)
    kept = store.tiles(sorted(place for place in asked if not at_edge(*place)))

    def tile_of(level: int, index: int) -> bytes:
        if at_edge(level, index):
            return growth.partial(level)
        if (level, index) not in kept:
            raise NotFound(f"tile {level}/{index} is not kept", mend="restore the whole database")
        return kept[level, index]

    return make(lambda level, index: node_in(tile_of, level, index))


class SealedLog:
    """Answers questions about the sealed log; safe to use from several threads."""

    def __init__(self, store: SealStore, log: Log) -> None:
        self._store, self._log = store, log

    def tile(self, level: int, index: int, width: int, size: int) -> bytes:
        """A tile as a log of `size` entries has it.

        Raises:
            NotFound: Such a log has none that wide.
        """
        wide = min(WIDTH, (size >> 8 * level) - index * WIDTH)
        if not 0 < width <= wide:
            raise NotFound(f"a log of {size} entries has no tile {level}/{index} of {width}")
        growth = self._growth()
        if index == (growth.size >> 8 * level) // WIDTH:
            return growth.partial(level)[: width * HASH_BYTES]
        return self._store.tiles([(level, index)])[level, index][: width * HASH_BYTES]

    def bundle(self, index: int, width: int, size: int) -> bytes:
        """A bundle of entries as a log of `size` entries has it.

        Raises:
            NotFound: Such a log has none that wide.
        """
        if not 0 < width <= min(WIDTH, size - index * WIDTH):
            raise NotFound(f"a log of {size} entries has no bundle {index} of {width}")
        return bundle(self.entries(index * WIDTH, index * WIDTH + width))

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that entry `index` is among the first `size`."""
        return _made(self._store, self._growth(), lambda node: inclusion_proof(node, index, size))

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the first `new` entries begin with the first `old`."""
        return _made(self._store, self._growth(), lambda node: consistency_proof(node, old, new))

    def index_of(self, seq: int) -> int | None:
        """The entry that stands for the leaf `seq`; None if it is not sealed yet."""
        page = self._store.page_of(seq)
        return None if page is None else page.first_index + seq - page.first_seq

    def sealed(self, leaf: Leaf, index: int) -> Sealed:
        """The entry of `leaf` with what opens it.

        Raises:
            NotFound: Its secret was destroyed.
        """
        body = fields_in(leaf.body)
        subject = subject_of(body)
        secret = self._store.secrets([subject]).get(subject)
        if secret is None:
            raise NotFound(f"leaf {leaf.seq} was erased: nobody can tell what it says")
        return seal(secret, index, leaf.kind, body)

    def entries(self, start: int, end: int) -> list[bytes]:
        """The entries `start` to `end`, made again from leaves and secrets."""
        pages = self._store.pages(start, end)
        erased = self._store.erased_entries(start, end)
        padding = self._store.secrets([OF_PADDING])[OF_PADDING]
        found: list[bytes] = []
        for page in pages:
            found += self._page(page, erased, padding, start, end)
        return found

    def _page(
        self, page: Page, erased: dict[int, bytes], padding: bytes, start: int, end: int
    ) -> list[bytes]:
        first, last = max(start, page.first_index), min(end, page.first_index + page.leaves)
        found = []
        if first < last:
            seq = page.first_seq + first - page.first_index
            leaves = list(self._log.read(seq, last - first))
            if any(map(is_erased, leaves)):  # Perhaps since those were read.
                erased = self._store.erased_entries(first, last)
            bodies = [fields_in(leaf.body) for leaf in leaves]
            secrets = self._store.secrets(sorted(set(map(subject_of, bodies))))
            for index, leaf, body in zip(range(first, last), leaves, bodies, strict=True):
                secret = secrets.get(subject_of(body))
                if is_erased(leaf):
                    secret = None  # What is left of it is no record.
                if index in erased:
                    found.append(erased[index])
                elif secret is not None:
                    found.append(seal(secret, index, leaf.kind, body).entry)
                else:
                    raise Unavailable(f"entry {index} is being erased", mend="ask again")
        filled = page.first_index + page.leaves
        for index in range(max(start, filled), min(end, filled + page.padding)):
            found.append(padding_entry(padding, index))
        return found

    def _growth(self) -> Growth:
        sealed = self._store.sealed_to()
        return Growth(sealed.size, sealed.edge)
