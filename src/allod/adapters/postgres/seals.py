"""The sealed log in the node's database: a session of its own, so that no append waits for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from allod.adapters.postgres.arrays import bigints, blobs, ints, texts
from allod.adapters.postgres.kept_session import KeptSession
from allod.adapters.postgres.queries import SEAL
from allod.prove.growth import FullTile
from allod.run.log import Leaf
from allod.run.seal import Page, SealedTo, Signed


class Seals:
    """Satisfies `run.seal.SealStore`; safe to use from several threads, one after the other.

    It needs no writer's lock: whoever seals names the size that it goes on from, and of two that
    name the same one only one succeeds.
    """

    def __init__(self, url: str) -> None:
        self._session = KeptSession(url, "sealer")

    def close(self) -> None:
        """Close the session; a later call opens another."""
        self._session.close()

    def _rows(self, query: str, params: Sequence[Any] = ()) -> list[Any]:
        with self._session.use() as session, session.cursor(binary=True) as cursor:
            return cursor.execute(SEAL[query], params).fetchall()

    # ------------------------------------------------------------ the tree

    def sealed_to(self) -> SealedTo:
        """See `SealStore.sealed_to`."""
        return SealedTo(*self._rows("sealed_to")[0])

    def seal(
        self,
        before: int,
        after: SealedTo,
        page: Page,
        tiles: Sequence[FullTile],
        secrets: Mapping[str, bytes],
    ) -> None:
        """See `SealStore.seal`."""
        params = [
            before,
            after.size,
            after.seq,
            after.edge,
            page.first_seq,
            page.leaves,
            page.padding,
            ints([tile.level for tile in tiles]),
            bigints([tile.index for tile in tiles]),
            blobs([tile.hashes for tile in tiles]),
            texts(list(secrets)),
            blobs(list(secrets.values())),
        ]
        with self._session.use() as session:
            session.execute(SEAL["seal_page"], params)

    def secrets(self, subjects: Sequence[str]) -> dict[str, bytes]:
        """See `SealStore.secrets`."""
        return dict(self._rows("secrets", [list(subjects)])) if subjects else {}

    def tiles(self, asked: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        """See `SealStore.tiles`."""
        levels, indexes = list(zip(*asked, strict=True)) or ((), ())
        rows = self._rows("tiles", [ints(levels), bigints(indexes)]) if levels else []
        return {(level, index): hashes for level, index, hashes in rows}

    def page_of(self, seq: int) -> Page | None:
        """See `SealStore.page_of`."""
        rows = self._rows("page_of_seq", [seq])
        page = Page(*rows[0]) if rows else None
        return page if page is not None and seq < page.first_seq + page.leaves else None

    def pages(self, start: int, end: int) -> list[Page]:
        """See `SealStore.pages`."""
        return [Page(*row) for row in self._rows("pages", [start, end])]

    def erased_entries(self, start: int, end: int) -> dict[int, bytes]:
        """See `SealStore.erased_entries`."""
        return dict(self._rows("erased_entries", [start, end]))

    # ------------------------------------------------------------ checkpoints

    def checkpoint_put(self, signed: Signed) -> None:
        """See `SealStore.checkpoint_put`."""
        with self._session.use() as session:
            session.execute(SEAL["checkpoint_put"], [signed.size, signed.at_s, signed.note])

    def checkpoint_latest(self) -> Signed | None:
        """See `SealStore.checkpoint_latest`."""
        rows = self._rows("checkpoint_latest")
        return Signed(*rows[0]) if rows else None

    def checkpoint_from(self, size: int) -> Signed | None:
        """See `SealStore.checkpoint_from`."""
        rows = self._rows("checkpoint_from", [size])
        return Signed(*rows[0]) if rows else None

    def checkpoints(self, from_s: int, until_s: int, limit: int) -> list[Signed]:
        """See `SealStore.checkpoints`."""
        return [Signed(*row) for row in self._rows("checkpoints_between", [from_s, until_s, limit])]

    # ------------------------------------------------------------ erasure

    def erase(self, subject: str, leaves: Mapping[int, Leaf], entries: Mapping[int, bytes]) -> None:
        """See `ErasureStore.erase`."""
        steps: list[tuple[str, list[Any]]] = [
            ("keep_entries", [bigints(list(entries)), blobs(list(entries.values()))]),
            ("empty_leaves", [bigints(list(leaves)), texts([x.kind for x in leaves.values()])]),
            ("forget_marks", [subject, bigints(list(leaves))]),
            ("forget_acts", [subject]),
            ("forget_answers", [subject]),
            ("forget_snapshots", []),
            ("forget_secret", [subject]),
        ]
        with self._session.use() as session, session.transaction():
            for query, params in steps:
                session.execute(SEAL[query], params)

    def erasures_open(self) -> list[str]:
        """See `ErasureStore.erasures_open`."""
        return [subject for (subject,) in self._rows("erasures_open")]
