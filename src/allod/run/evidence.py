"""The evidence that a node gives: its sealed log to everybody, receipts to owners of work."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from allod.errors import AllodError, Forbidden, InvalidInput, NotFound, Unavailable
from allod.prove.leaf import KIND
from allod.prove.policy import Policy
from allod.prove.receipt import Shown, make, text
from allod.prove.tiles import Tile
from allod.prove.witness import Answer
from allod.run.attention import SealSigns
from allod.run.clock import Clock
from allod.run.erasure import ErasureStore, destroy
from allod.run.feed import Feed
from allod.run.log import Leaf, Log, ViewReads
from allod.run.pagehash import fields_in, page_hashes, subject_of
from allod.run.published import PublishedLog
from allod.run.records import is_erased
from allod.run.seal import LogKey, PageHashes, SealStore, Signed
from allod.run.sealed import SealedLog
from allod.run.sealer import Sealer
from allod.run.section import section
from allod.run.witnessing import WitnessClient, WitnessDesk, Witnesses

_log = logging.getLogger(__name__)

#: What a receipt opens if nothing else is asked for: who, where and when.
SHOWN = (KIND, "at_s", "workload_id", "run", "site", "pool", "outcome")
_PLACEMENT = "decision/Placement"
_ROTATION = "admin/LogKeyRotated"
#: Administrative records that whoever may read may see.
_SHOWN_TO_READERS = (_ROTATION, "admin/StatementChanged")
_LEAVES_MAX = 10_000
_LATE_S = 5.0  #: A checkpoint may come so much later than its cadence.


class EvidenceStore(SealStore, ErasureStore, Protocol):
    """All that the evidence keeps."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """With what a node seals its log."""

    store: EvidenceStore
    reads: SealStore  #: The same by a way of its own: who reads must not hold up who seals.
    key: LogKey
    random: Callable[[int], bytes]
    cadence_s: int
    policy: Policy | None = None  #: Which witnesses are asked, and which are enough.
    client: WitnessClient | None = None
    hashes: PageHashes = page_hashes
    desk: WitnessDesk | None = None  #: None: it cosigns no log of others.


class Evidence:
    """What can be asked of a sealed log; safe to use from several threads."""

    def __init__(
        self,
        log: Log,
        reads: ViewReads,
        feed: Feed,
        sealing: Sealing,
        clock: Clock,
        snapshot: Callable[[], None],
    ) -> None:
        """`snapshot` has the engine's state kept as it is now."""
        self._reads, self._sealing, self._feed, self._snapshot = reads, sealing, feed, snapshot
        self._log, self._rotating = log, threading.Lock()
        self._clock, self._began_s = clock, clock.now_s()
        self._sealed = SealedLog(sealing.reads, log)
        self._published_log = PublishedLog(self._sealed, clock)
        self._sealer = Sealer(
            feed,
            sealing.store,
            sealing.key,
            clock,
            sealing.random,
            sealing.cadence_s,
            sealing.hashes,
        )
        self._witnesses: Witnesses | None = None
        if sealing.policy is not None and sealing.client is not None:
            self._witnesses = Witnesses(
                sealing.policy, sealing.client, self._sealed, self._sealer.cosigned
            )
            self._sealer.on_published = self._witnesses.ask
            self._sealer.enough = self._witnesses.are_enough

    def start(self) -> None:
        """Begin to seal."""
        self._began_s = self._clock.now_s()
        self._sealer.start()
        try:
            for workload_id in self._sealing.store.erasures_open():
                self.erase(workload_id)  # A life before has decided it and not come to its end.
        except AllodError as error:  # It is finished at the next start, or when it is asked for.
            _log.warning("an erasure is not finished: %s", error)

    def close(self) -> None:
        """Seal what is there and end."""
        self._sealer.close()
        if self._witnesses is not None:
            self._witnesses.close()

    @property
    def fault(self) -> str:
        """Why the log is not sealed or not believed now, or ''."""
        return self._sealer.fault or (self._witnesses.fault if self._witnesses else "")

    @property
    def signs(self) -> SealSigns:
        """How the log is sealed and witnessed now."""
        published, witnessed = self._sealer.published, self._sealer.witnessed
        return SealSigns(
            fault=self.fault,
            cadence_s=self._sealing.cadence_s,
            began_s=self._began_s,
            published_at_s=published.at_s if published else None,
            asks_witnesses=self._witnesses is not None,
            witnessed_at_s=witnessed.at_s if witnessed else None,
        )

    @property
    def key(self) -> str:
        """The public key of the log (vkey)."""
        return self._sealing.key.verifier

    # ------------------------------------------------------------ for everybody

    def checkpoint(self) -> bytes:
        """The newest published checkpoint.

        Raises:
            NotFound: None has been published yet.
        """
        return self._published().note

    def newest(self) -> Signed:
        """The same with its size."""
        return self._published()

    def resource(self, path: str) -> bytes:
        """A tile or a bundle of entries of the published log, by its path.

        Raises:
            InvalidInput: It is no such path.
            NotFound: The published log has no such tile.
        """
        return self._published_log.resource(Tile.parse(path), self._published().size)

    def consistency(self, old: int) -> tuple[list[bytes], Signed]:
        """The proof from `old` entries to the newest published checkpoint, and that."""
        signed = self._published()
        if not 0 <= old <= signed.size:
            raise InvalidInput(
                f"size {old} of a log of {signed.size} entries", mend="give one that it has had"
            )
        return self._sealed.consistency(old, signed.size), signed

    def add_checkpoint(self, body: bytes) -> Answer:
        """Cosign the log of another, as tlog-witness has it; see `WitnessDesk.add_checkpoint`.

        Raises:
            NotFound: This node is nobody's witness.
        """
        if self._sealing.desk is None:
            raise NotFound("this node cosigns no other log", mend="name their keys in witness_logs")
        return self._sealing.desk.add_checkpoint(body)

    @property
    def witness_key(self) -> str:
        """The public key with which it cosigns (vkey), '' if it does not."""
        desk = self._sealing.desk
        return "" if desk is None else str(desk.signer.verifier_key)

    def _published(self) -> Signed:
        signed = self._sealer.published
        if signed is None and self.fault:
            # What exactly is wrong names hosts and paths, and anybody may ask for this.
            raise Unavailable(
                "no checkpoint is published: the log is not sealed now",
                mend="the node's own log says why",
            )
        if signed is None:
            raise NotFound("no checkpoint has been published yet", mend="ask again in a moment")
        return signed

    # ------------------------------------------------------------ the key

    def rotate_key(self, record: Callable[[str, str], int]) -> bytes:
        """Sign under a new key from now on; `record` has the change durable, and tells its seq.

        The answer is a receipt for that leaf at a checkpoint that both keys have signed: whoever
        trusts the old key learns the new one from it. Cut off, it is to be asked for again.
        """
        with self._rotating:
            before, after = self._sealing.key.rotate_begin()
            leaf = next(self._log.read(record(before, after), 1))
            shown = self._shown(leaf, self._covering(leaf), ["all"])
            self._sealing.key.rotate_end()
        return text([shown])

    # ------------------------------------------------------------ erasure

    def erase(self, workload_id: str) -> int:
        """Destroy what a workload's leaves say, once a leaf says so; how many they were."""
        last = self._reads.workload_leaves(workload_id, _LEAVES_MAX)[-1:]
        for leaf in last:
            self._sealer.wait_sealed(leaf.seq, _LATE_S)
        self._snapshot()
        return destroy(workload_id, self._reads, self._sealed, self._sealing.store, self._forget)

    def _forget(self, leaves: Mapping[int, Leaf]) -> None:
        self._feed.erase(leaves.keys())
        self._sealer.forget_secrets()

    # ------------------------------------------------------------ for an auditor

    def checkpoint_of(self, size: int | None) -> Signed:
        """The oldest published checkpoint of at least `size` entries; None: the newest.

        Raises:
            InvalidInput: The log has not published so many.
        """
        newest = self._published()
        if size is None:
            return newest
        found = self._sealing.store.checkpoint_from(size) if 0 < size <= newest.size else None
        if found is None:
            raise InvalidInput(
                f"no checkpoint of {size} entries was published",
                mend=f"name 1 to {newest.size}",
            )
        return found

    def section(self, signed: Signed) -> Iterator[bytes]:
        """All that the log says up to a checkpoint, see `run.section`."""
        return section(signed, self._sealing.store, self._log)

    def record_receipt(self, seq: int, disclose: Sequence[str]) -> bytes:
        """A receipt for the record that is leaf `seq`, with those of its fields open.

        Raises:
            NotFound: There is no such leaf, or it was erased.
            InvalidInput: It has not such a field.
            Unavailable: The log could not be sealed in time.
        """
        leaf = next(self._log.read(seq, 1), None) if seq >= 0 else None
        if leaf is None or is_erased(leaf):
            what = "was erased" if leaf else "is not in the log"
            raise NotFound(f"leaf {seq} {what}", mend="see 'allod decisions --json'")
        if leaf.kind.startswith("admin/") and leaf.kind not in _SHOWN_TO_READERS:
            raise Forbidden(f"leaf {seq} is the administrator's business")
        signed = self._covering(leaf)
        if leaf.kind == _ROTATION:  # There the old key and the new one have signed.
            index = self._sealed.index_of(seq)
            assert index is not None
            signed = self._sealing.store.checkpoint_from(index + 1) or signed
        known = {KIND, *fields_in(leaf.body), "all"}
        if unknown := sorted(set(disclose) - known):
            raise InvalidInput(
                f"leaf {seq} has no field '{unknown[0]}'",
                mend=f"disclose some of: {', '.join(sorted(known))}",
            )
        return text([self._shown(leaf, signed, disclose)])

    # ------------------------------------------------------------ for the owner of work

    def receipt(self, workload_id: str, disclose: Sequence[str] = (), *, whole: bool) -> bytes:
        """A receipt that the log holds the placement of a workload, or with `whole` all about it.

        `disclose` are fields to open beside those of `SHOWN`; 'all' opens every field.

        Raises:
            NotFound: There is no such workload, no decision about it, or it was erased.
            InvalidInput: None of its records has such a field.
            Unavailable: The log could not be sealed in time.
        """
        leaves = [
            leaf
            for leaf in self._reads.workload_leaves(workload_id, _LEAVES_MAX)
            if subject_of(orjson.loads(leaf.body)) == workload_id
        ]
        if not leaves:
            raise NotFound(f"there is no workload '{workload_id}'", mend="see 'allod queue'")
        if not whole:
            placed = [leaf for leaf in leaves if leaf.kind == _PLACEMENT]
            decided = [leaf for leaf in leaves if leaf.kind.startswith("decision/")]
            leaves = (placed or decided)[-1:]
        if not leaves:
            raise NotFound(
                f"nothing has been decided about '{workload_id}'", mend="ask for all about it"
            )
        signed = self._covering(leaves[-1])
        shown = [self._shown(leaf, signed, disclose) for leaf in leaves]
        opened = {item.name for each in shown for item in each.disclosed}
        if unknown := sorted(set(disclose) - opened - {"all"}):
            raise InvalidInput(
                f"no record of '{workload_id}' has a field '{unknown[0]}'",
                mend=f"disclose some of: {', '.join(sorted(_fields(leaves)))}, or all",
            )
        return text(shown)

    def _covering(self, leaf: Leaf) -> Signed:
        """A published checkpoint that has `leaf`; waits until there is one."""
        timeout_s = self._sealing.cadence_s + _LATE_S
        index = self._sealed.index_of(leaf.seq)
        if index is None:  # Two batches away at most; then it has an index.
            self._sealer.wait_sealed(leaf.seq, timeout_s)
            index = self._sealed.index_of(leaf.seq)
        signed = None if index is None else self._sealer.wait_published(index + 1, timeout_s)
        if signed is not None and self._witnesses is not None:
            # Better one that enough have seen; without them the receipt says who is missing.
            signed = self._sealer.wait_witnessed(signed.size, _LATE_S) or signed
        if signed is None:
            _log.warning("leaf %d is not in a checkpoint: %s", leaf.seq, self.fault or "too late")
            raise Unavailable(f"leaf {leaf.seq} is not in a checkpoint yet", mend="ask again")
        return signed

    def _shown(self, leaf: Leaf, signed: Signed, disclose: Sequence[str]) -> Shown:
        index = self._sealed.index_of(leaf.seq)
        assert index is not None
        sealed = self._sealed.sealed(leaf, index)
        names = {item.name for item in sealed.disclosures}
        opened = names if "all" in disclose else names & {*SHOWN, *disclose}
        proof = self._sealed.inclusion(index, signed.size)
        return make(index, proof, signed.note, sealed, opened)


def _fields(leaves: Sequence[Leaf]) -> set[str]:
    return {KIND, *(name for leaf in leaves for name in fields_in(leaf.body))}
