"""The feed: durable leaves handed to whoever follows the log, from memory or, if late, from it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence

from allod.run.log import Leaf, Log
from allod.run.node_views import LeafView
from allod.run.records import Admin, erased, is_erased, record_of

_KEPT_LEAVES = 8192


class Feed:
    """The last leaves, and those who wait for the next."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._grown = threading.Condition()
        self._kept: deque[Leaf] = deque(maxlen=_KEPT_LEAVES)
        self._next_seq = 0
        self._wakes: dict[int, Callable[[], None]] = {}
        self._wake_count = 0

    def begin(self, next_seq: int) -> None:
        """Go on from a log that holds the leaves before `next_seq`."""
        with self._grown:
            if next_seq != self._next_seq:
                self._kept.clear()
                self._next_seq = next_seq
            self._grown.notify_all()
            wakes = tuple(self._wakes.values())
        for wake in wakes:
            wake()

    def publish(self, leaves: Sequence[Leaf]) -> None:
        """Hand on what has just become durable."""
        with self._grown:
            self._kept.extend(leaves)
            self._next_seq = leaves[-1].seq + 1
            self._grown.notify_all()
            wakes = tuple(self._wakes.values())
        for wake in wakes:
            wake()

    def erase(self, seqs: Collection[int]) -> None:
        """Keep nothing of what these leaves said."""
        with self._grown:
            for place, leaf in enumerate(self._kept):
                if leaf.seq in seqs:
                    self._kept[place] = erased(leaf)

    @property
    def next_seq(self) -> int:
        """The leaf that comes next."""
        return self._next_seq

    def follow(self, after_seq: int | None, wake: Callable[[], None] | None) -> Follower:
        """A follower that has seen all up to `after_seq`, or up to now."""
        with self._grown:
            self._wake_count += 1
            if wake is not None:
                self._wakes[self._wake_count] = wake
            seen = self._next_seq - 1 if after_seq is None else after_seq
            return Follower(self, self._wake_count, max(seen, -1))

    def unfollow(self, number: int) -> None:
        """Wake this follower no more."""
        with self._grown:
            self._wakes.pop(number, None)
            self._grown.notify_all()

    def after(self, seq: int, limit: int, timeout_s: float) -> tuple[Leaf, ...]:
        """At most `limit` leaves after `seq`; empty if none came in time."""
        with self._grown:
            if self._next_seq <= seq + 1 and timeout_s > 0:
                self._grown.wait(timeout_s)
            if self._next_seq <= seq + 1:
                return ()
            first = self._next_seq - len(self._kept)
            if seq + 1 >= first:
                start = seq + 1 - first
                stop = min(start + limit, len(self._kept))
                return tuple(self._kept[position] for position in range(start, stop))
        return tuple(self._log.read(seq + 1, limit))


class Follower:
    """A reader that walks along the log as it grows.

    `wake` (given to `Node.follow`) is called from a thread of the node when there is more to take;
    in asyncio give it `lambda: loop.call_soon_threadsafe(event.set)`.
    """

    def __init__(self, feed: Feed, number: int, seq: int) -> None:
        self._feed = feed
        self._number = number
        self.seq = seq  #: Last leaf taken.

    def take(self, timeout_s: float = 0.0, limit: int = 256) -> tuple[LeafView, ...]:
        """The next leaves, oldest first; empty if none came within `timeout_s`.

        Administrative records are left out: they are nobody's business but the administrator's.
        """
        leaves = self._feed.after(self.seq, limit, timeout_s)
        if not leaves:
            return ()
        self.seq = leaves[-1].seq
        found = []
        for leaf in leaves:
            if is_erased(leaf):
                continue
            record = record_of(leaf)
            if not isinstance(record, Admin):
                found.append(LeafView(leaf.seq, leaf.kind, leaf.body, record))
        return tuple(found)

    def close(self) -> None:
        """Stop following; `wake` is not called again."""
        self._feed.unfollow(self._number)
