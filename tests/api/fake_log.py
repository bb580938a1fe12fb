"""A sealed log in memory: real entries, tree, tiles, key and receipts; no thread and no store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from allod.errors import InvalidInput, NotFound
from allod.prove.checkpoint import Checkpoint
from allod.prove.leaf import Sealed, padding_entry, seal
from allod.prove.merkle import Tree, leaf_hash
from allod.prove.note import Signer, note_of
from allod.prove.receipt import make, text
from allod.prove.tiles import ENTRIES, Tile, bundle, tile
from allod.prove.witness import AddCheckpoint, Answer
from allod.run.evidence import SHOWN
from allod.run.node_views import LeafView
from allod.run.seal import Signed

SECRET = b"secret of all".ljust(32)


class Leaves(Protocol):
    leaves: list[LeafView]


class FakeLog:
    """Grows when a test says so, and publishes a checkpoint then."""

    def __init__(self, node: Leaves, origin: str = "allod-test") -> None:
        self._node = node
        self._signer = Signer(origin, origin.encode().ljust(32))
        self.tree = Tree()
        self.entries: list[bytes] = []
        self.records: dict[int, Sealed] = {}  #: By index; entries that are no padding.
        self.places: dict[int, int] = {}  #: Index by leaf.
        self.asked: list[str] = []  #: Paths of tiles.
        self._signed: Signed | None = None

    @property
    def key(self) -> str:
        return str(self._signer.verifier_key)

    witness_key = ""

    def add_checkpoint(self, body: bytes) -> Answer:
        AddCheckpoint.parse(body)
        raise NotFound("this node cosigns no other log")

    def grow(self, padding: int = 0) -> Signed:
        """Seal the leaves of the node that are not sealed yet, then so much padding; publish."""
        for leaf in self._node.leaves[len(self.places) :]:
            index = self.places[leaf.seq] = len(self.entries)
            sealed = seal(SECRET, index, leaf.kind, json.loads(leaf.body))
            self.records[index] = sealed
            self._add(sealed.entry)
        for _ in range(padding):
            self._add(padding_entry(SECRET, len(self.entries)))
        body = Checkpoint(self._signer.name, self.tree.size, self.tree.root()).text()
        note = note_of(body, [self._signer.sign(body)]).encode()
        self._signed = Signed(self.tree.size, 0, note)
        return self._signed

    def _add(self, entry: bytes) -> None:
        self.entries.append(entry)
        self.tree.append(leaf_hash(entry))

    # ------------------------------------------------------------ what a node's evidence can

    def signed(self) -> Signed:
        if self._signed is None:
            raise NotFound("no checkpoint has been published yet", mend="ask again in a moment")
        return self._signed

    def checkpoint(self) -> bytes:
        return self.signed().note

    def resource(self, path: str) -> bytes:
        self.asked.append(path)
        place = Tile.parse(path)
        end = place.index * 256 + place.width
        try:
            if place.level == ENTRIES:
                if end > self.signed().size:
                    raise NotFound("no bundle so wide")
                return bundle(self.entries[place.index * 256 : end])
            return tile(self.tree, place.level, place.index, place.width)
        except InvalidInput as error:
            raise NotFound(error.message) from None

    def receipt(self, workload_id: str, disclose: Sequence[str] = (), *, whole: bool) -> bytes:
        self.grow()
        about = [
            seq
            for seq, leaf in enumerate(self._node.leaves)
            if getattr(leaf.record, "workload_id", "") == workload_id
        ]
        if not about:
            raise NotFound(f"there is no workload '{workload_id}'")
        return text(
            [self._shown(self.places[seq], disclose) for seq in about[0 if whole else -1 :]]
        )

    def record_receipt(self, seq: int, disclose: Sequence[str]) -> bytes:
        self.grow()
        if seq not in self.places:
            raise NotFound(f"leaf {seq} is not in the log")
        return text([self._shown(self.places[seq], disclose)])

    def _shown(self, index: int, disclose: Sequence[str]) -> Any:
        sealed = self.records[index]
        names = {item.name for item in sealed.disclosures}
        if unknown := set(disclose) - names - {"all"}:
            raise InvalidInput(f"no record has a field '{unknown}'", mend="disclose another")
        opened = names if "all" in disclose else names & {*SHOWN, *disclose}
        return make(index, self.tree.inclusion(index), self.checkpoint(), sealed, opened)
