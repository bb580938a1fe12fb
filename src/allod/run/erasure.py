"""Erasure: nobody can tell any more what the leaves of a workload say, and every proof stays valid.

First it is decided and durable in the log (E1), then it is done, and it may be done again: what was
cut off by a crash is found by its leaf and finished at the next start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import orjson

from allod.errors import Conflict, NotFound, Unavailable
from allod.run.log import Leaf, ViewReads
from allod.run.node_views import LIVE_STATES, State
from allod.run.pagehash import subject_of
from allod.run.records import SaltsErased, erased
from allod.run.requests import Turn
from allod.run.sealed import SealedLog

_ALL = 2**31 - 1  #: An erasure leaves none behind, however many there are.


class ErasureStore(Protocol):
    """Where what is to be destroyed lies."""

    def erase(self, subject: str, leaves: Mapping[int, Leaf], entries: Mapping[int, bytes]) -> None:
        """Put `leaves` in place of those with their seq, keep `entries` by index, and destroy the
        secret of `subject`, its acts and marks, what was answered, and all snapshots but the
        newest: all of it or nothing, durable on return. Done twice it does no harm.
        """
        ...

    def erasures_open(self) -> list[str]:
        """Subjects that were erased by the log and still have a secret."""
        ...


@dataclass(frozen=True, slots=True)
class Erase:
    """A workload is to be erased."""

    workload_id: str
    actor: str

    def decide(self, turn: Turn) -> Callable[[], None]:
        """See `Request.decide`."""
        row = turn.workload(self.workload_id)
        if row is None:
            raise NotFound(f"there is no workload '{self.workload_id}'", mend="see 'allod queue'")
        if self.workload_id in turn.views.live or State(row.state) in LIVE_STATES:
            raise Conflict(
                f"{self.workload_id} is {row.state}", mend="cancel it, or wait for its end"
            )
        if State(row.state) is not State.ERASED:
            turn.note(SaltsErased(at_s=turn.at_s, subject=self.workload_id, actor=self.actor))
        return lambda: None


def destroy(
    subject: str,
    reads: ViewReads,
    sealed: SealedLog,
    store: ErasureStore,
    forget: Callable[[Mapping[int, Leaf]], None],
) -> int:
    """Do what a leaf `SaltsErased` says; how many leaves were erased.

    Raises:
        Unavailable: One of them is not sealed yet; ask again.
    """
    leaves = [
        leaf
        for leaf in reads.workload_leaves(subject, _ALL)
        if subject_of(orjson.loads(leaf.body)) == subject
    ]
    entries: dict[int, bytes] = {}
    for leaf in leaves:
        index = sealed.index_of(leaf.seq)
        if index is None:
            raise Unavailable(f"leaf {leaf.seq} is not sealed yet", mend="ask again")
        entries[index] = sealed.sealed(leaf, index).entry
    emptied = {leaf.seq: erased(leaf) for leaf in leaves}
    store.erase(subject, emptied, entries)
    forget(emptied)
    return len(leaves)
