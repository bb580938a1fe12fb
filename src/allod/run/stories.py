"""What was decided, read from the log: of one workload, or of all."""

from __future__ import annotations

from typing import Protocol

from allod.domain.decision import Decision
from allod.errors import NotFound
from allod.run.feed import Feed
from allod.run.log import Leaf, Log, ViewReads
from allod.run.node_views import DecisionView, Page
from allod.run.pages import decision_view
from allod.run.records import is_decision, settles

_STORY_LEAVES = 10_000
_BACKWARDS_LEAVES = 512


class Reads(Log, ViewReads, Protocol):
    """The log, and where each workload is in it."""


class Stories:
    """Decisions, latest first."""

    def __init__(self, store: Reads, feed: Feed) -> None:
        self._store, self._feed = store, feed

    def page(self, workload_id: str | None, before: int | None, limit: int) -> Page[DecisionView]:
        """At most `limit` decisions before a leaf; of one workload, or of all."""
        if workload_id is None:
            found = self._latest(before, limit)
        else:
            story = reversed(self._store.workload_leaves(workload_id, _STORY_LEAVES))
            found = [
                leaf
                for leaf in story
                if is_decision(leaf) and (before is None or leaf.seq < before)
            ][:limit]
        following = str(found[-1].seq) if len(found) == limit else None
        return Page(tuple(decision_view(leaf) for leaf in found), following)

    def settled(self, workload_id: str) -> Decision:
        """The last decision that settled what becomes of a workload.

        Raises:
            NotFound: There was none.
        """
        for leaf in reversed(self._store.workload_leaves(workload_id, _STORY_LEAVES)):
            if is_decision(leaf) and settles(record := decision_view(leaf).record):
                return record
        raise NotFound(f"nothing was ever decided about workload '{workload_id}'")

    def _latest(self, before: int | None, limit: int) -> list[Leaf]:
        end = self._feed.next_seq if before is None else min(before, self._feed.next_seq)
        found: list[Leaf] = []
        while end > 0 and len(found) < limit:
            start = max(0, end - _BACKWARDS_LEAVES)
            leaves = [leaf for leaf in self._store.read(start, end - start) if is_decision(leaf)]
            found += reversed(leaves)
            end = start
        return found[:limit]
