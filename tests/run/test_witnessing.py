"""Witnesses: real logs that cosign each other, over a wire that the test can cut."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from allod.adapters.log_folder import LogFolder
from allod.adapters.postgres import Seals, Store
from allod.adapters.witness_folder import WitnessFolder
from allod.errors import InvalidInput, NotFound, Unavailable
from allod.prove.canonical import base64
from allod.prove.checkpoint import Checkpoint
from allod.prove.merkle import EMPTY_ROOT
from allod.prove.note import VerifierKey
from allod.prove.policy import Policy
from allod.prove.verify import verify
from allod.prove.witness import AddCheckpoint, Seen
from allod.run.evidence import Evidence, Sealing
from allod.run.feed import Feed
from allod.run.log import ViewChange
from allod.run.records import TokenMade, leaf_of
from allod.run.witnessing import WitnessDesk, WitnessStore
from tests.adapters.postgres.conftest import database, postgres_server, store
from tests.run.world import HandClock, until

__all__ = ["database", "postgres_server", "store"]

NAMES = ("one", "two", "three")


class Wire:
    """Carries requests to desks by their address; those in `cut` do not answer."""

    def __init__(self) -> None:
        self.desks: dict[str, WitnessDesk] = {}
        self.cut: set[str] = set()
        self.carried: list[tuple[str, bytes]] = []
        self._lock = threading.Lock()

    def post(self, url: str, body: bytes) -> tuple[int, bytes]:
        name = url.removeprefix("wire://").removesuffix("/add-checkpoint")
        with self._lock:
            self.carried.append((name, body))
        if name in self.cut:
            raise Unavailable("cut")
        answer = self.desks[name].add_checkpoint(body)
        return answer.status, answer.body


class Ring:
    """A log on a real database, and three witnesses of it whose memory is there too."""

    def __init__(self, folder: Path, store: Store, url: str) -> None:
        self.folder, self.store, self.clock, self.wire = folder, store, HandClock(), Wire()
        self.seals = Seals(url)
        self.key = LogFolder(folder / "log", "narvik.example/log")
        lines = [f"log {self.key.verifier}"]
        for name in NAMES:
            signer = LogFolder(folder / name, f"{name}.example/log").witness(f"{name}.example/w")
            logs = {self.key.origin: [VerifierKey.parse(self.key.verifier)]}
            # Each has its own memory: they are three machines.
            memory = LogFolder(folder / name, f"{name}.example/log").witnessed()
            self.wire.desks[name] = WitnessDesk(logs, signer, memory, self.clock)
            lines.append(f"witness {name} {signer.verifier_key} wire://{name}")
        lines += ["group home any one two", "group abroad any three"]
        lines += ["group both all home abroad", "quorum both", ""]
        self.policy = Policy.parse("\n".join(lines).encode())
        self.feed = Feed(store)
        self.evidence = self.opened()

    def opened(self) -> Evidence:
        sealing = Sealing(
            self.seals, self.seals, self.key, _random, 1, policy=self.policy, client=self.wire
        )
        return Evidence(
            self.store, self.store, self.feed, sealing, self.clock, snapshot=lambda: None
        )

    def add(self, name: str) -> None:
        seq = self.store.tail()
        leaf = leaf_of(TokenMade(at_s=self.clock.now_s(), name=name, role="read", sha256=""), seq)
        self.store.append([leaf], ViewChange())
        self.feed.publish([leaf])

    def published(self) -> bytes:
        """The next checkpoint."""
        size = self.evidence.consistency(0)[1].size
        self.clock.at_s += 1
        until(lambda: self.evidence.consistency(0)[1].size > size)
        return self.evidence.checkpoint()


def _random(count: int) -> bytes:
    return bytes(count)


@pytest.fixture
def ring(tmp_path: Path, store: Store, database: str) -> Iterator[Ring]:
    made = Ring(tmp_path, store, database)
    made.add("first")
    made.evidence.start()
    until(lambda: made.evidence._sealer.published)
    yield made
    made.evidence.close()
    made.seals.close()


def cosigners(ring: Ring, note: bytes) -> int:
    return note.count("\u2014".encode()) - 1


def test_all_who_are_named_cosign_and_the_policy_is_met(ring: Ring) -> None:
    ring.published()
    until(lambda: cosigners(ring, ring.evidence.checkpoint()) == 3)
    kept = ring.seals.checkpoint_latest()
    assert kept is not None and cosigners(ring, kept.note) == 3


def test_nothing_but_origin_size_and_hashes_is_carried(ring: Ring) -> None:
    ring.add("a-name-that-is-nobodys-business")
    ring.published()
    until(lambda: cosigners(ring, ring.evidence.checkpoint()) == 3)
    for _, body in ring.wire.carried:
        request = AddCheckpoint.parse(body)
        text = request.note.decode()
        assert text.split("\n")[0] == "narvik.example/log"
        assert "nobodys-business" not in body.decode()


def test_a_witness_that_is_away_holds_up_nothing_and_is_asked_again(ring: Ring) -> None:
    ring.wire.cut = {"two"}
    ring.published()
    until(lambda: cosigners(ring, ring.evidence.checkpoint()) == 2)
    for _ in range(2):
        ring.published()
    ring.wire.cut = set()
    ring.published()
    until(lambda: cosigners(ring, ring.evidence.checkpoint()) == 3)


def test_a_restart_learns_from_the_witness_where_it_stands(ring: Ring) -> None:
    ring.published()
    until(lambda: cosigners(ring, ring.evidence.checkpoint()) == 3)
    ring.evidence.close()
    ring.evidence = ring.opened()  # It believes that they know nothing yet.
    ring.evidence.start()
    until(lambda: ring.evidence._sealer.published)
    ring.published()
    until(lambda: cosigners(ring, ring.evidence.checkpoint()) == 3)


def test_a_log_that_was_rewritten_is_not_cosigned(ring: Ring) -> None:
    ring.published()
    until(lambda: cosigners(ring, ring.evidence.checkpoint()) == 3)
    size = ring.evidence.consistency(0)[1].size
    # As if its guard came from before, with the database.
    (ring.folder / "log" / "newest").write_text(f"0 {base64(EMPTY_ROOT)}\n")
    other = ring.key.sign(Checkpoint(ring.key.origin, size, bytes(32)))
    answer = ring.wire.desks["one"].add_checkpoint(AddCheckpoint(size, (), other).body())
    assert answer.status == 409
    longer = ring.key.sign(Checkpoint(ring.key.origin, size + 1, bytes(32)))
    answer = ring.wire.desks["one"].add_checkpoint(AddCheckpoint(size, (), longer).body())
    assert answer.status == 422


def test_a_log_that_lost_its_newest_checkpoints_is_told_by_its_witnesses(ring: Ring) -> None:
    """A key that came back with `newest` from a backup: only who has seen more can notice."""
    ring.published()
    until(lambda: cosigners(ring, ring.evidence.checkpoint()) == 3)
    size = ring.evidence.consistency(0)[1].size
    for name in ("one", "two"):
        memory = ring.wire.desks[name].store
        seen = memory.witnessed(ring.key.origin)
        assert seen is not None and memory.witness(
            ring.key.origin, seen, Seen(size + 4_096, seen.root)
        )
    ring.published()
    # They are asked beside each other, and answer in any order.
    until(lambda: all(f"{name} has seen" in ring.evidence.fault for name in ("one", "two")))
    assert f"one has seen {size + 4_096} entries" in ring.evidence.fault
    assert "three" not in ring.evidence.fault
    ring.published()  # A witness could lie, so the log goes on.


def test_who_is_slow_holds_up_neither_the_others_nor_the_end(ring: Ring) -> None:
    held, asked = threading.Event(), []
    quick = ring.wire.post

    def post(url: str, body: bytes) -> tuple[int, bytes]:
        if "two" in url:
            asked.append(url)
            held.wait(30)
        return quick(url, body)

    ring.wire.post = post  # type: ignore[method-assign]
    for _ in range(3):
        ring.published()
        until(lambda: cosigners(ring, ring.evidence.checkpoint()) == 2)
    assert len(asked) == 1  # It is asked again once it has answered.
    held.set()
    ring.published()
    until(lambda: cosigners(ring, ring.evidence.checkpoint()) == 3)


def test_a_stranger_has_the_store_asked_nothing(ring: Ring) -> None:
    note, store = ring.published(), cast(WitnessStore, None)
    unknown = replace(ring.wire.desks["one"], logs={}, store=store)
    assert unknown.add_checkpoint(AddCheckpoint(0, (), note).body()).status == 404


def test_a_node_that_is_nobodys_witness_says_so(ring: Ring) -> None:
    with pytest.raises(NotFound, match="cosigns no other log"):
        ring.evidence.add_checkpoint(b"old 0\n\n")
    with pytest.raises(InvalidInput):
        ring.wire.desks["one"].add_checkpoint(b"nonsense")


def test_two_checkpoints_at_the_same_time_are_not_both_cosigned(
    ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = ring.published()
    desk = replace(ring.wire.desks["one"], store=WitnessFolder(ring.folder))
    monkeypatch.setattr(type(desk.store), "witness", lambda *given: False)  # Another was quicker.
    with pytest.raises(Unavailable, match="at the same time"):
        desk.add_checkpoint(AddCheckpoint(0, (), note).body())


def test_a_receipt_says_who_saw_it(ring: Ring) -> None:
    ring.published()
    until(lambda: cosigners(ring, ring.evidence.checkpoint()) == 3)
    signed = ring.evidence.consistency(0)[1]
    leaf = next(iter(ring.store.read()))
    index = ring.evidence._sealed.index_of(leaf.seq)
    assert index is not None
    from allod.prove.receipt import text

    shown = ring.evidence._shown(leaf, signed, ["all"])
    report = verify(text([shown]), VerifierKey.parse(ring.key.verifier), ring.policy)
    assert report.verified, report.text()
    assert len(report.sightings) == 3
