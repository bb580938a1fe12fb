"""Receipts and the published log as a node gives them, to who trusts nothing but its key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from allod.adapters.log_folder import LogFolder
from allod.domain.decision import Hold, Placement
from allod.domain.event import NodeStarted, WorkloadEnded, WorkloadStarted, WorkloadSubmitted
from allod.domain.event import Outcome as Ended
from allod.errors import InvalidInput, NotFound, Unavailable
from allod.prove.checkpoint import open_checkpoint
from allod.prove.merkle import Tree, leaf_hash, verify_consistency
from allod.prove.note import VerifierKey
from allod.prove.report import Report
from allod.prove.tiles import ENTRIES, Tile, TiledLog, bundles_of, read_bundle, tiles_of
from allod.prove.verify import verify
from allod.run import evidence as evidence_module
from allod.run import sealer as sealer_module
from allod.run.evidence import SHOWN, Evidence, Sealing
from allod.run.feed import Feed
from allod.run.log import Leaf
from allod.run.records import Record, erased, leaf_of
from tests.run.memory_seals import MemorySeals
from tests.run.memory_store import MemoryStore
from tests.run.sealing import ORIGIN
from tests.run.world import HandClock, until


class Told:
    """A node's log and evidence, and nothing else of a node."""

    def __init__(self, folder: Path) -> None:
        self.store, self.seals, self.clock = MemoryStore(), MemorySeals(), HandClock()
        self.feed = Feed(self.store)
        self.key = LogFolder(folder, ORIGIN)
        dice = iter(range(1, 10**6))
        sealing = Sealing(
            self.seals,
            self.seals,
            self.key,
            lambda count: next(dice).to_bytes(count, "big"),
            cadence_s=1,
        )
        self.evidence = Evidence(
            self.store, self.store, self.feed, sealing, self.clock, snapshot=lambda: None
        )

    def tell(self, *records: Record) -> list[Leaf]:
        first = len(self.store.leaves)
        leaves = [leaf_of(record, first + place) for place, record in enumerate(records)]
        self.store.leaves += leaves
        for leaf, record in zip(leaves, records, strict=True):
            if workload_id := getattr(record, "workload_id", ""):
                self.store.marks.add((workload_id, leaf.seq))
        self.feed.publish(leaves)
        self.clock.at_s += 1
        return leaves

    def work(self, workload_id: str) -> None:
        """A workload that waited, ran and ended."""
        at_s, name = self.clock.at_s, workload_id
        placed = Placement(
            at_s=at_s, workload_id=name, run=1, site="fes", pool="p", access_class="national",
            accelerators=8, nodes=(), power_w=9000, ends_at_s=at_s + 60, lent=False, notice_s=0,
        )  # fmt: skip
        spec = {"project": "secret", "command": ["train"]}
        self.tell(
            WorkloadSubmitted(at_s=at_s, workload_id=name, name="n", workload=spec, actor="me"),
            Hold(at_s=at_s, workload_id=name, reasons=()),
            placed,
            WorkloadStarted(at_s=at_s, workload_id=name, run=1),
            WorkloadEnded(at_s=at_s, workload_id=name, run=1, outcome=Ended.COMPLETED),
        )

    def verified(self, data: bytes) -> Report:
        return verify(data, VerifierKey.parse(self.evidence.key))


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    monkeypatch.setattr(sealer_module, "BATCH_S", 0.002)
    monkeypatch.setattr(sealer_module, "_BACKOFF_S", 0.002)
    monkeypatch.setattr(evidence_module, "_LATE_S", 0.0)
    made = Told(tmp_path / "log")
    made.tell(NodeStarted(at_s=0))
    made.evidence.start()
    yield made
    made.evidence.close()


def test_a_receipt_shows_the_placement_and_hides_the_rest(told: Told) -> None:
    for number in range(40):
        told.work(f"w{number}")
    report = told.verified(told.evidence.receipt("w7", whole=False))
    assert report.verified
    [record] = report.records
    assert record.fields == {
        "kind": "decision/Placement", "at_s": 1_000_008, "workload_id": "w7", "run": 1,
        "site": "fes", "pool": "p",
    }  # fmt: skip
    assert set(record.fields) <= set(SHOWN) and record.hidden == 16 - len(record.fields)


def test_what_is_asked_for_is_opened(told: Told) -> None:
    told.work("w1")
    report = told.verified(told.evidence.receipt("w1", ["accelerators"], whole=False))
    assert report.records[0].fields["accelerators"] == 8
    report = told.verified(told.evidence.receipt("w1", ["all"], whole=True))
    assert report.verified
    assert [record.fields["kind"] for record in report.records] == [
        "event/WorkloadSubmitted", "decision/Hold", "decision/Placement", "event/WorkloadStarted",
        "event/WorkloadEnded",
    ]  # fmt: skip
    assert report.records[0].fields["workload"] == {"project": "secret", "command": ["train"]}
    with pytest.raises(InvalidInput, match="no record of 'w1' has a field 'colour'") as wrong:
        told.evidence.receipt("w1", ["colour"], whole=False)
    assert "accelerators, access_class, at_s" in wrong.value.mend


def test_a_workload_that_was_not_placed_has_its_last_decision(told: Told) -> None:
    told.tell(Hold(at_s=5, workload_id="w1", reasons=()))
    report = told.verified(told.evidence.receipt("w1", whole=False))
    assert report.records[0].fields["kind"] == "decision/Hold"


def test_a_workload_without_any_decision_has_no_receipt_yet(told: Told) -> None:
    told.tell(WorkloadSubmitted(at_s=5, workload_id="w1", name="n", workload={}))
    with pytest.raises(NotFound, match="nothing has been decided about 'w1'"):
        told.evidence.receipt("w1", whole=False)
    assert told.verified(told.evidence.receipt("w1", whole=True)).verified
    with pytest.raises(NotFound, match="no workload 'w2'"):
        told.evidence.receipt("w2", whole=False)


def test_what_was_erased_has_no_receipt_but_the_log_goes_on(told: Told) -> None:
    told.work("w1")
    told.work("w2")
    until(lambda: told.seals.to.seq == len(told.store.leaves))
    entries = list(told.evidence._sealed.entries(0, told.seals.to.size))
    del told.seals.all_secrets["w1"]
    for place, leaf in enumerate(told.store.leaves):
        if b'"workload_id":"w1"' in leaf.body:
            index = told.evidence._sealed.index_of(leaf.seq)
            assert index is not None
            told.seals.erased[index] = entries[index]
            told.store.leaves[place] = erased(leaf)
    with pytest.raises(NotFound):
        told.evidence.receipt("w1", whole=False)
    assert told.verified(told.evidence.receipt("w2", whole=True)).verified
    assert told.evidence._sealed.entries(0, len(entries)) == entries


def test_without_a_seal_there_is_no_receipt_and_it_says_why(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(lambda: told.evidence._sealer.published)

    def away(*given: object) -> None:
        raise Unavailable("the database is away")

    monkeypatch.setattr(told.seals, "seal", away)
    told.work("w1")
    with pytest.raises(Unavailable, match="leaf 3 is not in a checkpoint yet"):
        told.evidence.receipt("w1", whole=False)
    assert "away" in told.evidence.fault


def test_before_the_first_checkpoint_there_is_nothing(tmp_path: Path) -> None:
    told = Told(tmp_path)
    for ask in (told.evidence.checkpoint, lambda: told.evidence.resource("tile/0/000.p/1")):
        with pytest.raises(NotFound, match="no checkpoint has been published yet"):
            ask()


def test_a_client_follows_the_log_by_its_tiles_alone(told: Told) -> None:
    for number in range(130):
        told.work(f"w{number}")
    until(lambda: told.evidence._sealer.wait_published(651, 0))
    key = VerifierKey.parse(told.evidence.key)
    old, _ = open_checkpoint(told.evidence.checkpoint(), key)
    told.work("more")
    assert told.verified(told.evidence.receipt("more", whole=True)).verified
    note = told.evidence.checkpoint()
    point, _ = open_checkpoint(note, key)
    entries: list[bytes] = []
    for tile in bundles_of(0, point.size):
        entries += read_bundle(told.evidence.resource(tile.path()), tile.width)
    tree = Tree(b"".join(map(leaf_hash, entries)))
    assert tree.size == point.size and tree.root() == point.root
    assert all(told.evidence.resource(tile.path()) for tile in tiles_of(0, point.size))
    client = TiledLog(
        point.size, point.root, lambda *place: told.evidence.resource(Tile(*place).path())
    )
    assert client.inclusion(3) == tree.inclusion(3)
    proof, signed = told.evidence.consistency(old.size)
    newest, _ = open_checkpoint(signed.note, key)
    assert verify_consistency(old.size, newest.size, proof, old.root, newest.root)
    for wide in (Tile(0, point.size // 256, 256), Tile(1, 0), Tile(ENTRIES, 900), Tile(9, 0)):
        with pytest.raises(NotFound, match="has no"):
            told.evidence.resource(wide.path())
    for size in (-1, newest.size + 10_000):
        with pytest.raises(InvalidInput):
            told.evidence.consistency(size)
    with pytest.raises(InvalidInput, match="no path of a tile"):
        told.evidence.resource("tile/../key")
