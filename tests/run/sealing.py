"""What the tests of the sealer share: a log to tell, nodes that seal it, and the judge of both."""

from __future__ import annotations

import copy
import random
import shutil
from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest

from allod.adapters import log_folder
from allod.adapters.log_folder import LogFolder
from allod.domain.event import TimePassed, WorkloadCancelled
from allod.errors import Unavailable
from allod.prove.checkpoint import Checkpoint, open_checkpoint
from allod.prove.growth import Growth
from allod.prove.leaf import KIND, open_leaf
from allod.prove.merkle import Tree, leaf_hash, verify_consistency, verify_inclusion
from allod.prove.note import VerifierKey
from allod.prove.tiles import TiledLog
from allod.run.feed import Feed
from allod.run.pagehash import fields_in
from allod.run.records import Record, leaf_of
from allod.run.seal import LogKey, Signed
from allod.run.sealed import SealedLog
from allod.run.sealer import PAGE_ENTRIES, Sealer
from tests.run.memory_seals import Fate, MemorySeals
from tests.run.memory_store import MemoryStore
from tests.run.world import HandClock

ORIGIN = "log.example/node"
CADENCE_S = 60


class Disk:
    """The disk of the key's folder, of which the next write of `newest` can fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fate: Fate | None = None
        self._write = log_folder._write
        monkeypatch.setattr(log_folder, "_write", self.write)

    def write(self, file: Path, text: str, rights: int) -> None:
        fate = self.fate if file.name == log_folder.NEWEST else None
        if fate != "lost":
            self._write(file, text, rights)
        if fate is not None:
            self.fate = None
            raise Unavailable(f"{file}: cannot be written")


class WatchedKey:
    """A log's key, all of whose signatures are noted."""

    def __init__(self, key: LogKey, points: dict[bytes, Checkpoint]) -> None:
        self._key, self._points = key, points
        self.origin, self.verifier, self.newest = key.origin, key.verifier, key.newest

    def sign(self, checkpoint: Checkpoint) -> bytes:
        note = self._key.sign(checkpoint)
        found, _ = open_checkpoint(note, VerifierKey.parse(self.verifier))
        assert found == checkpoint
        self._points[note] = found
        return note


class SealingNode:
    """The part of a node that seals: it has the feed of its own, and its key."""

    def __init__(self, world: SealedWorld, folder: Path) -> None:
        self.folder = folder
        self.feed = Feed(world.log)
        self.feed.begin(len(world.log.leaves))
        self.key = WatchedKey(LogFolder(folder, ORIGIN), world.points)
        self.sealer = Sealer(
            self.feed, world.seals, self.key, world.clock, world.dice.randbytes, CADENCE_S
        )
        self.sealer.on_published = world.given.append

    def turn(self) -> str:
        """What its thread does once, when a checkpoint is due; why that failed, or ''."""
        self.sealer._closing.set()  # A turn with a checkpoint, after which the thread ends.
        self.sealer._live()
        return self.sealer.fault


class SealedWorld:
    """A log, its sealed form, and the nodes that seal it."""

    def __init__(self, folder: Path) -> None:
        self.log, self.seals, self.clock = MemoryStore(), MemorySeals(), HandClock()
        self.dice = random.Random(1)
        self.folder = folder
        self.points: dict[bytes, Checkpoint] = {}  #: All that were ever signed, by their notes.
        self.given: list[Signed] = []  #: All that were ever shown.
        self.nodes: list[SealingNode] = []

    def node(self, folder: Path | None = None) -> SealingNode:
        made = SealingNode(self, folder or self.folder)
        self.nodes.append(made)
        return made

    def copied_folder(self) -> Path:
        """A copy of the folder of the key, as on a second machine."""
        copied = self.folder.with_name(f"copy-{len(self.nodes)}")
        shutil.copytree(self.folder, copied)
        return copied

    def tell(self, *records: Record) -> None:
        """Make records durable."""
        first = len(self.log.leaves)
        leaves = [leaf_of(record, first + place) for place, record in enumerate(records)]
        if leaves:
            self.log.leaves += leaves
            for node in self.nodes:
                node.feed.publish(leaves)

    def tell_some(self, count: int) -> None:
        """Make `count` small records durable, of several subjects."""
        first = len(self.log.leaves)
        self.tell(*(record_of_some(number) for number in range(first, first + count)))

    def backup(self) -> tuple[MemoryStore, MemorySeals]:
        """The database as it is now."""
        log = MemoryStore()
        log.leaves = list(self.log.leaves)
        return log, copy.deepcopy(self.seals)

    def restore(self, backup: tuple[MemoryStore, MemorySeals]) -> None:
        """The database as it was; who runs on it does not notice that it is another."""
        self.log.leaves = list(backup[0].leaves)
        self.seals.__dict__.update(copy.deepcopy(backup[1]).__dict__)

    # the judge

    @property
    def sealed(self) -> SealedLog:
        return SealedLog(self.seals, self.log)

    def signed(self) -> dict[int, bytes]:
        """Root by size of all that was ever signed or given out; two of one size are a fork."""
        shown = [*self.given, *self.seals.notes.values()]
        shown += [node.sealer.published for node in self.nodes if node.sealer.published]
        assert {each.note for each in shown} <= set(self.points)
        assert {each.size for each in shown} <= set(self.seals.notes), "shown before it was kept"
        roots: dict[int, bytes] = {}
        for point in self.points.values():
            assert roots.setdefault(point.size, point.root) == point.root, "a fork was signed"
        return roots

    def check(self) -> None:
        """The log verifies: entries, tiles, every checkpoint ever signed, every leaf."""
        sealed, to = self.sealed, self.seals.sealed_to()
        entries = sealed.entries(0, to.size) if to.size else []
        tree = Tree(b"".join(map(leaf_hash, entries)))
        assert tree.size == to.size and to.size % PAGE_ENTRIES == 0
        assert Growth(to.size, to.edge).root() == tree.root()
        roots = self.signed()
        for size, root in roots.items():
            assert tree.root(size) == root, "what was signed is not the log"
        for old, new in combinations(sorted(roots), 2):
            proof = sealed.consistency(old, new)
            assert verify_consistency(old, new, proof, roots[old], roots[new])
        self._check_leaves(entries, tree)
        if roots and to.size:
            size = max(roots)
            client = TiledLog(size, roots[size], lambda *tile: sealed.tile(*tile, size))
            assert [client.leaf(index) for index in range(0, size, 5)] == [
                leaf_hash(entry) for entry in entries[:size:5]
            ]

    def _check_leaves(self, entries: Sequence[bytes], tree: Tree) -> None:
        """Each leaf is sealed once, in its order, and opens; what is no leaf is padding."""
        seq, sealed = self.seals.sealed_to().seq, self.sealed
        indexes = [sealed.index_of(each) for each in range(seq)]
        assert sealed.index_of(seq) is None
        places = [index for index in indexes if index is not None]
        assert len(places) == seq and all(before < after for before, after in pairwise(places))
        assert sum(page.padding for page in self.seals.all_pages) == len(entries) - seq
        assert len({len(entry) for entry in entries}) <= 1
        for leaf, index in zip(self.log.leaves, places, strict=False):
            made = sealed.sealed(leaf, index)
            opened = open_leaf(entries[index], made.disclosures)
            assert opened == {KIND: leaf.kind, **fields_in(leaf.body)}
            proof = sealed.inclusion(index, tree.size)
            assert verify_inclusion(leaf_hash(made.entry), index, tree.size, proof, tree.root())


def record_of_some(number: int) -> Any:
    """A small record, of one of several subjects."""
    if number % 5 == 0:
        return TimePassed(at_s=number)
    return WorkloadCancelled(at_s=number, workload_id=f"w{number % 7}", actor="someone")
