"""The sealer: one tree, whatever fails; pages that say nothing; and no fork is ever signed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.decision import DECISIONS
from allod.domain.event import EVENTS, DocumentRemoved
from allod.errors import Conflict, Unavailable
from allod.prove.checkpoint import Checkpoint
from allod.prove.leaf import KIND, PLACES, read_entry
from allod.run import sealer as sealer_module
from allod.run.pagehash import OF_NODE, OF_PADDING, fields_in
from allod.run.records import (
    KeyContentLogged,
    KeyMade,
    KeyRevoked,
    TokenMade,
    TokenRevoked,
)
from allod.run.seal import Page, Signed
from allod.run.sealer import PAGE_ENTRIES
from tests.run.memory_seals import Fate
from tests.run.sealing import CADENCE_S, Disk, SealedWorld, SealingNode
from tests.run.test_records import records
from tests.run.world import until


@pytest.fixture
def world(tmp_path: Path) -> SealedWorld:
    return SealedWorld(tmp_path / "log")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


# ------------------------------------------------------------ the fault table

WRITES = ("seal page", "newest file", "checkpoint put")
FATES: tuple[Fate, ...] = ("lost", "kept", "late")
THEN = ("goes on", "restart", "second node", "second node, other disk")
TABLE = [
    (write, fate, then)
    for write in WRITES
    for fate in FATES
    for then in THEN
    if (write, fate) != ("newest file", "late")  # No disk does that to one process.
]


def strike(world: SealedWorld, disk: Disk, write: str, fate: Fate) -> None:
    """Let the next write of this kind fail."""
    match write:
        case "seal page":
            world.seals.fate["seal"] = fate
        case "checkpoint put":
            world.seals.fate["checkpoint_put"] = fate
        case _:
            disk.fate = fate


def successor(world: SealedWorld, node: SealingNode, then: str) -> SealingNode:
    match then:
        case "goes on":
            return node
        case "restart":
            world.nodes.remove(node)
            return world.node()
        case "second node":
            return world.node()
        case _:
            return world.node(world.copied_folder())


@pytest.mark.parametrize("idle", [False, True], ids=["leaves", "idle"])
@pytest.mark.parametrize(("write", "fate", "then"), TABLE)
def test_whatever_write_fails_the_log_verifies_and_no_fork_is_signed(
    world: SealedWorld, disk: Disk, write: str, fate: Fate, then: str, idle: bool
) -> None:
    first = world.node()
    world.tell_some(5)
    assert first.turn() == "" and first.turn() == ""
    world.tell_some(0 if idle else 21)
    strike(world, disk, write, fate)
    assert first.turn() != ""
    world.check()
    second = successor(world, first, then)
    world.tell_some(0 if idle else 3)
    until(lambda: second.turn() == "")
    world.check()
    size = world.seals.to.size
    assert second.sealer.published is not None and second.sealer.published.size == size
    assert world.seals.to.seq == len(world.log.leaves)
    # Whoever was there before may still live, and believe in what was.
    for _ in range(3):
        world.tell_some(0 if idle else 7)
        for node in world.nodes:
            node.turn()
            world.check()
    assert second.turn() == "" or second.turn() == ""
    assert world.seals.to.size > size and world.seals.to.seq == len(world.log.leaves)
    world.check()


@pytest.mark.parametrize("write", WRITES)
def test_what_fails_again_and_again_costs_nothing_but_time(
    world: SealedWorld, disk: Disk, write: str
) -> None:
    node = world.node()
    for turn, fate in enumerate(("lost", "kept", "lost", "kept", "kept")):
        world.tell_some(turn + 1)
        strike(world, disk, write, fate)  # type: ignore[arg-type]
        assert node.turn() != ""
    assert node.turn() == "" or node.turn() == ""
    assert world.seals.to.seq == len(world.log.leaves)
    world.check()


STEPS = st.one_of(
    st.tuples(st.just("tell"), st.integers(1, 40)),
    st.tuples(st.just("turn"), st.integers(0, 2)),
    st.tuples(st.just("seal"), st.integers(0, 2)),
    st.tuples(st.sampled_from(WRITES), st.sampled_from(FATES)),
    st.tuples(st.just("restart"), st.integers(0, 2)),
    st.tuples(st.just("another"), st.booleans()),
    st.tuples(st.just("cosign"), st.integers(0, 2)),
)


@given(st.lists(STEPS, max_size=30))
def test_no_history_of_faults_restarts_and_rivals_makes_a_fork(steps: list[Any]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        world, disk = SealedWorld(Path(folder) / "log"), Disk(patched)
        world.node()
        for what, detail in steps:
            match what:
                case "tell":
                    world.tell_some(detail)
                case "another" if len(world.nodes) < 3:
                    world.node(world.copied_folder() if detail else None)
                case "another":
                    pass
                case "turn" | "seal" | "restart" | "cosign":
                    _one(world, what, world.nodes[detail % len(world.nodes)])
                case _:
                    fate = "lost" if (what, detail) == ("newest file", "late") else detail
                    strike(world, disk, what, fate)
        world.check()
        disk.fate = None
        world.seals.fate.clear()
        last = world.node()
        assert last.turn() == "" or last.turn() == ""  # A page may still have been under way.
        assert world.seals.to.seq == len(world.log.leaves)
        world.check()


def _one(world: SealedWorld, what: str, node: SealingNode) -> None:
    match what:
        case "turn":
            node.turn()
        case "seal":
            with suppress(Conflict, Unavailable):
                node.sealer.seal()
        case "restart":
            world.nodes[world.nodes.index(node)] = world.node(node.folder)
            world.nodes.pop()
        case _:
            pass


# ------------------------------------------------------------ two nodes


def test_a_rival_that_lags_behind_takes_no_cosignature_away(world: SealedWorld) -> None:
    first = world.node()
    assert first.turn() == ""
    second = world.node()
    world.tell_some(3)
    assert second.turn() == ""
    shown = second.sealer.published
    assert shown is not None
    second.sealer.cosigned(replace(shown, note=shown.note + b"cosigned\n"))
    assert "sealed up to entry 16, not 0" in first.turn()
    assert first.turn() == ""
    assert world.seals.notes[shown.size].note.endswith(b"cosigned\n")


def test_a_rival_in_the_middle_of_a_start_is_not_taken_for_a_backup(world: SealedWorld) -> None:
    first = world.node()
    assert first.turn() == ""
    second = world.node()
    sealed_to = world.seals.sealed_to

    def slowly() -> Any:
        world.seals.sealed_to = sealed_to  # type: ignore[method-assign]
        found = sealed_to()
        assert first.turn() == ""
        return found

    world.seals.sealed_to = slowly  # type: ignore[method-assign]
    assert second.sealer.seal() == 0  # It has not seen yet what the first one has signed.
    assert "16 entries of the log were signed before, and now other 0" in second.turn()
    assert second.turn() == ""
    world.check()


def test_cosignatures_are_shown_with_the_checkpoint_that_they_are_of(world: SealedWorld) -> None:
    node = world.node()
    assert node.turn() == ""
    shown = node.sealer.published
    assert shown is not None
    cosigned = replace(shown, note=shown.note + b"cosigned\n")
    node.sealer.cosigned(cosigned)
    assert node.sealer.published == cosigned == world.seals.notes[shown.size]
    assert node.turn() == ""
    after = node.sealer.published
    node.sealer.cosigned(replace(shown, note=shown.note + b"twice\n"))  # It came too late.
    assert node.sealer.published == after != cosigned
    assert world.seals.notes[shown.size].note.endswith(b"twice\n")


# ------------------------------------------------------------ a database of before


@pytest.mark.parametrize("grown", [0, 1, 100], ids=["as it was", "and used", "and grown beyond"])
@pytest.mark.parametrize("who", ["restarted", "still running", "other node"])
def test_a_database_of_before_is_refused_and_it_says_what_to_do(
    world: SealedWorld, who: str, grown: int
) -> None:
    node = world.node()
    world.tell_some(20)
    assert node.turn() == ""
    before = world.backup()
    world.tell_some(20)
    assert node.turn() == ""
    newest, notes = node.key.newest(), dict(world.points)
    now = world.backup()
    world.restore(before)
    if who != "still running":
        world.nodes.remove(node)
        node = world.node()
    else:
        node.feed.begin(len(world.log.leaves))
    if grown:  # By a node with another key: so far as the log that was signed, or beyond.
        other = world.node(world.folder.with_name("other"))
        world.tell_some(grown)
        assert other.turn() == ""
        world.nodes.remove(other)
        for note in world.points.keys() - notes.keys():
            del world.points[note]
    for _ in range(3):
        fault = node.turn()
        assert "has not the 64 entries that were signed before" in fault or (
            who == "still running" and "the log is sealed up to entry" in fault
        )
    assert "was the database restored from a backup? Move the folder 'log'" in fault
    assert node.key.newest() == newest and world.points == notes
    # The database of now mends it, and so does another folder.
    aside = world.folder.rename(world.folder.with_name("aside"))
    world.points.clear()
    world.given.clear()
    world.nodes.clear()
    anew = world.node()
    assert anew.turn() == "" and anew.key.verifier != node.key.verifier
    world.points.clear()
    world.given.clear()
    world.nodes.clear()
    world.points |= notes
    world.restore(now)
    back = world.node(aside)
    assert back.turn() == ""
    world.check()


def test_a_log_that_was_rewritten_is_refused(world: SealedWorld) -> None:
    node = world.node()
    world.tell_some(20)
    assert node.turn() == ""
    to = world.seals.to
    world.seals.to = replace(to, edge=to.edge[:-1] + bytes([to.edge[-1] ^ 1]))
    assert "signed before" in world.node().turn()


# ------------------------------------------------------------ pages


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 31, 32, 100])
def test_a_page_is_padded_to_sixteen(world: SealedWorld, count: int) -> None:
    node = world.node()
    world.tell_some(count)
    assert node.sealer.seal() == count + -count % PAGE_ENTRIES
    assert world.seals.all_pages == [Page(0, 0, count, -count % 16)]
    assert node.sealer.seal() == world.seals.to.size  # Nothing has come: no page.
    assert len(world.seals.all_pages) == 1
    world.check()


def test_a_long_log_is_sealed_in_pages_of_bounded_size(
    world: SealedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer_module, "_MOST_LEAVES", 48)
    world.tell_some(130)
    world.node().sealer.seal()
    assert [page.leaves for page in world.seals.all_pages] == [48, 48, 34]
    world.check()


def test_an_idle_log_grows_by_sixteen_at_each_cadence(
    world: SealedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer_module, "BATCH_S", 0.002)
    world.clock.at_s = 1_000_000  # Between two multiples of the cadence.
    node = world.node()
    turns = _counted_turns(node, world)
    node.sealer.start()
    try:
        until(lambda: world.given)
        due_s = -(-world.clock.at_s // CADENCE_S) * CADENCE_S
        for number in range(4):
            world.clock.at_s = due_s - 1
            _some_turns(turns)
            assert len(world.given) == number + 1
            world.clock.at_s = due_s + (number % 2) * 3  # Lateness does not add up.
            until(lambda wanted=number + 2: len(world.given) == wanted)
            _some_turns(turns)
            due_s += CADENCE_S
    finally:
        node.sealer.close()
    assert [each.size for each in world.given] == [0, 16, 32, 48, 64, 80]
    assert all(page == Page(page.first_index, 0, 0, 16) for page in world.seals.all_pages)
    world.check()


def _counted_turns(node: SealingNode, world: SealedWorld) -> Callable[[], int]:
    counted, now_s = [0], world.clock.now_s

    def counting() -> int:
        counted[0] += 1
        return now_s()

    world.clock.now_s = counting  # type: ignore[method-assign]
    return lambda: counted[0]


def _some_turns(turns: Callable[[], int]) -> None:
    before = turns()
    until(lambda: turns() >= before + 5)


def test_a_busy_log_is_published_at_the_same_times(
    world: SealedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer_module, "BATCH_S", 0.002)
    world.clock.at_s = 6_000
    node = world.node()
    node.sealer.start()
    try:
        until(lambda: world.given)
        for number in range(1, 4):
            world.tell_some(5 * number)
            until(lambda: world.seals.to.seq == len(world.log.leaves))
            assert len(world.given) == number
            world.clock.at_s += CADENCE_S
            until(lambda wanted=number + 1: len(world.given) == wanted)
    finally:
        node.sealer.close()
    assert [each.at_s for each in world.given] == [6_000, 6_060, 6_120, 6_180, 6_180]
    # Only the last, at the end of the node, had nothing to add.
    assert [each.size for each in world.given] == [0, 16, 32, 48, 64]


PARTS = st.lists(st.integers(1, 60), min_size=1, max_size=8)


def in_parts(folder: Path, parts: list[int], restarts: bool) -> SealedWorld:
    world = SealedWorld(folder)
    world.seals.all_secrets = {
        name: name.encode().ljust(32)
        for name in (OF_NODE, OF_PADDING, *(f"w{n}" for n in range(7)))
    }
    node = world.node()
    for part in parts:
        world.tell_some(part)
        if restarts:
            node = world.node()
        node.sealer.seal()
    return world


@given(PARTS, st.booleans())
def test_pages_of_any_size_are_the_log_that_can_be_read_again(
    parts: list[int], restarts: bool
) -> None:
    with TemporaryDirectory() as folder:
        world = in_parts(Path(folder), parts, restarts)
        assert [page.leaves for page in world.seals.all_pages] == parts
        world.node().turn()
        world.check()
        entries = world.sealed.entries(0, world.seals.to.size)
        for start in range(0, len(entries), 7):
            end = min(start + 19, len(entries))
            assert world.sealed.entries(start, end) == entries[start:end]


@given(st.lists(st.integers(1, 5).map(lambda count: 16 * count), min_size=1, max_size=8))
def test_the_same_leaves_in_whole_pages_give_the_same_entries_and_tree(parts: list[int]) -> None:
    """Where no padding comes between; with padding an entry has another number, so other salts."""
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        parted = in_parts(Path(one), parts, restarts=True)
        whole = in_parts(Path(two), [sum(parts)], restarts=False)
        assert parted.seals.to == whole.seals.to
        assert parted.seals.all_tiles == whole.seals.all_tiles
        size = whole.seals.to.size
        assert parted.sealed.entries(0, size) == whole.sealed.entries(0, size)


def test_a_node_that_lags_reads_the_leaves_from_the_log(
    world: SealedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer_module, "_SECRETS_KEPT", 2)  # Some are forgotten and read again.
    node = world.node()
    world.tell_some(9_000)  # More than the feed keeps.
    node.sealer.seal()
    assert world.seals.to.seq == 9_000
    late = world.node()
    world.tell_some(40)
    late.sealer.seal()
    assert world.seals.to.seq == 9_040
    assert sorted(world.seals.all_secrets) == ["", "*", *(f"w{number}" for number in range(7))]


# ------------------------------------------------------------ what an entry tells

ADMIN = (TokenMade, TokenRevoked, KeyMade, KeyRevoked, KeyContentLogged)
ALL_KINDS = [*EVENTS.values(), *DECISIONS.values(), *ADMIN]
VALUES: dict[str, tuple[Any, Any]] = {
    "str": ("", 'Ørsted\'s secret "model"\n' * 40),
    "int": (0, 2**62),
    "bool": (False, True),
    "int | None": (None, 17),
    "dict[str, Any]": ({}, {"residency": {"processing": ["MA"] * 200}}),
    "Json": ({}, {"command": ["train"] * 50, "kind": {"kind": "kind"}}),
    "tuple[Json, ...]": ((), ({"kind": "Site", "metadata": {"name": "x" * 900}},) * 3),
    "tuple[str, ...]": ((), ("n1", "n2") * 30),
    "tuple[tuple[int, int], ...]": ((), ((1, 8), (2, 8))),
    "Outcome": ("completed", "node-failed"),
    "CapState": ("set", "failed"),
}


def two_of(kind: type[Any]) -> list[Any]:
    """Two records of a kind that differ in every field but whom they are about."""
    from allod.domain.decision import Footprint, Reason, Step
    from allod.domain.event import CapState, Outcome

    reason = Reason(site="s", step=Step.LAW, code="c", message="m" * 300, origin="o")
    values = VALUES | {
        "tuple[int, ...]": ((), (1, -2)),
        "tuple[tuple[str, int], ...]": ((), (("w2", 100),)),
        "Footprint | None": (
            Footprint(carbon_g=None, energy_wh=1, water_l=None),
            Footprint(carbon_g=2, energy_wh=3, water_l=4),
        ),
        "tuple[Reason, ...]": ((), (reason,) * 5),
        "Outcome": (Outcome.COMPLETED, Outcome.NODE_FAILED),
        "CapState": (CapState.SET, CapState.FAILED),
    }
    return [
        kind(
            **{
                name: "w1" if name == "workload_id" else values[field.type][which]
                for name, field in kind.__dataclass_fields__.items()
            }
        )
        for which in (0, 1)
    ]


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.__name__)
def test_no_record_has_more_fields_than_an_entry_has_places(kind: type[Any]) -> None:
    assert len(kind.__dataclass_fields__) < PLACES  # One is for the kind itself.


def test_entries_tell_nothing_apart_by_form_or_length(world: SealedWorld) -> None:
    told = [record for kind in ALL_KINDS for record in two_of(kind)]
    world.tell(*told, told[0])  # An odd number, so that some places are left.
    world.node().turn()
    world.check()
    entries = world.sealed.entries(0, world.seals.to.size)
    leaves = len(world.log.leaves)
    assert leaves == len(told) + 1 < len(entries)  # The rest is padding, and looks the same.
    assert {len(entry) for entry in entries} == {len(entries[0])}
    digests = [digest for entry in entries for digest in read_entry(entry)]
    assert len(set(digests)) == PLACES * len(entries)  # Nothing is the same in two entries.
    assert len(set(world.seals.all_secrets.values())) == len(world.seals.all_secrets) == 3


@given(st.lists(records(), min_size=1, max_size=20))
def test_whatever_a_record_says_its_entry_can_be_made_again(told: list[Any]) -> None:
    """The sealer hashes in a hurry; who reads makes the same entry step by step."""
    with TemporaryDirectory() as folder:
        world = SealedWorld(Path(folder))
        world.tell(*told)
        assert world.node().turn() == ""
        world.check()


def test_a_field_that_is_called_kind_does_not_hide_the_kind(world: SealedWorld) -> None:
    world.tell(DocumentRemoved(at_s=1, kind="Site", name="tromso", actor="a"))
    assert world.node().turn() == ""
    world.check()
    sealed = world.sealed.sealed(world.log.leaves[0], 0)
    shown = {item.name: item.value for item in sealed.disclosures}
    assert (shown[KIND], shown["document_kind"]) == ("event/DocumentRemoved", "Site")
    assert fields_in(world.log.leaves[0].body).keys() == shown.keys() - {KIND}


# ------------------------------------------------------------ the thread


@pytest.fixture
def running(world: SealedWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[SealingNode]:
    monkeypatch.setattr(sealer_module, "BATCH_S", 0.002)
    monkeypatch.setattr(sealer_module, "_BACKOFF_S", 0.002)
    node = world.node()
    node.sealer.start()
    until(lambda: world.given)
    yield node
    node.sealer.close()


def test_a_database_that_goes_away_is_waited_for(world: SealedWorld, running: SealingNode) -> None:
    world.seals.down = True
    world.tell_some(3)
    until(lambda: "away" in running.sealer.fault)
    running.sealer.wait_sealed(2, 0.01)
    assert running.sealer.wait_published(16, 0.01) is None
    world.seals.down = False
    running.sealer.wait_sealed(2, 20)
    until(lambda: running.sealer.fault == "")
    assert world.seals.to.seq == 3


def test_a_checkpoint_that_failed_does_not_wait_for_the_next_cadence(
    world: SealedWorld, running: SealingNode, disk: Disk
) -> None:
    disk.fate = "lost"
    world.tell_some(3)
    world.clock.at_s += CADENCE_S
    found = running.sealer.wait_published(16, 20)
    assert found is not None and disk.fate is None
    assert (found.size, found.at_s) == (16, world.clock.at_s)
    until(lambda: running.sealer.fault == "")


def test_what_is_durable_is_sealed_and_signed_at_the_end(
    world: SealedWorld, running: SealingNode
) -> None:
    world.tell_some(100)
    running.sealer.close()
    assert world.seals.to.seq == 100
    assert running.sealer.published is not None
    assert running.sealer.published.size == world.seals.to.size
    world.check()


def test_an_end_without_a_database_does_not_wait(world: SealedWorld, running: SealingNode) -> None:
    world.seals.down = True
    world.tell_some(1)
    running.sealer.close()
    assert not running.sealer._thread.is_alive()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_of_ours_is_told(
    world: SealedWorld, running: SealingNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(checkpoint: Checkpoint) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(running.key, "sign", broken)
    world.clock.at_s += CADENCE_S
    until(lambda: "internal error" in running.sealer.fault)


def test_who_waits_is_told_when_it_is_there(world: SealedWorld, running: SealingNode) -> None:
    found: list[Signed | None] = []
    waiting = threading.Thread(target=lambda: found.append(running.sealer.wait_published(17, 20)))
    waiting.start()
    world.tell_some(20)
    running.sealer.wait_sealed(19, 20)
    assert world.seals.to.size == 32 and found == []
    world.clock.at_s += CADENCE_S
    waiting.join(timeout=20)
    assert found[0] is not None and found[0].size == 32
