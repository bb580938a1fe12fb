"""Erasure on a real database: nothing says any more what was erased, and every proof holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from allod.bootstrap import log_of, open_node
from allod.config import Config
from allod.errors import Conflict, Different, NotFound
from allod.prove.merkle import Tree, leaf_hash
from allod.prove.note import VerifierKey
from allod.prove.tiles import ENTRIES, Tile, read_bundle
from allod.prove.verify import verify
from allod.run.node import Node
from allod.run.node_views import State
from allod.run.recovery import make_again, rebuild_views, views_differ
from tests.run.fifo_engine import FifoEngine, fifo_maker
from tests.run.world import site, until, workload

WAIT_S = 60
WORD = "hush-hush"  #: Stands in all that the erased workload is asked for with.


def opened(folder: Path) -> Node:
    return open_node(folder, config=Config(data_dir=folder, log_cadence_s=1), maker=fifo_maker())


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with opened(tmp_path) as node:
        node.apply([site()]).result(WAIT_S)
        for number in range(3):
            secret = workload(command=["echo", WORD], environment={"WORD": WORD})
            node.submit(secret, key=f"{WORD}-{number}").result(WAIT_S)
        until(lambda: all(w.state is State.COMPLETED for w in node.workloads().items))
        yield node


def entries(node: Node) -> list[bytes]:
    """Every published entry, as anybody may read them."""
    size = node.evidence.consistency(0)[1].size
    found: list[bytes] = []
    for start in range(0, size, 256):
        width = min(256, size - start)
        tile = Tile(ENTRIES, start // 256, width)
        found += read_bundle(node.evidence.resource(tile.path()), width)
    return found


def kept(node: Node) -> str:
    """All that the database holds."""
    tables = ("leaf", "workload", "workload_leaf", "act", "answer", "snapshot", "secret")
    with psycopg.connect(node._store._url) as session:  # type: ignore[attr-defined]
        return "".join(
            repr(row) for table in tables for row in session.execute(f"SELECT * FROM allod.{table}")
        )


def test_an_erased_workload_is_in_no_table_and_its_proofs_hold(node: Node) -> None:
    before = node.evidence.receipt("w2", ["all"], whole=True)
    leaves = len(node._store.workload_leaves("w2", 99))
    assert node.erase("w2", actor="someone") == leaves >= 3
    assert verify(before, VerifierKey.parse(node.evidence.key)).verified
    size = node.evidence.consistency(0)[1].size
    tree = Tree(b"".join(map(leaf_hash, entries(node))))
    assert verify(
        node.evidence.receipt("w3", whole=True), VerifierKey.parse(node.evidence.key)
    ).verified
    assert tree.size >= size
    for number in (1, 3):  # The two others are erased as well, so that no copy of the word is left.
        node.erase(f"w{number}")
    assert WORD not in kept(node)
    assert [w.state for w in node.workloads().items] == [State.ERASED] * 3
    with pytest.raises(NotFound):
        node.evidence.receipt("w2", whole=True)


def test_entries_and_root_are_what_they_were(node: Node) -> None:
    node.evidence.receipt("w3", whole=True)  # Until it is published.
    before = entries(node)
    node.erase("w2")
    assert entries(node)[: len(before)] == before


def test_the_erasure_is_itself_a_leaf_with_who_asked(node: Node) -> None:
    node.erase("w2", actor="someone")
    (leaf,) = [leaf for leaf in node._store.read() if leaf.kind == "admin/SaltsErased"]
    assert b'"actor":"someone"' in leaf.body and b'"subject":"w2"' in leaf.body


def test_asked_again_it_does_nothing_more(node: Node) -> None:
    node.erase("w2")
    assert node.erase("w2") == 0
    assert len([leaf for leaf in node._store.read() if leaf.kind == "admin/SaltsErased"]) == 1


def test_a_client_that_repeats_itself_does_not_start_erased_work_anew(node: Node) -> None:
    node.erase("w2")
    with pytest.raises(Conflict, match="erased since"):
        node.submit(workload(command=["true"]), key=f"{WORD}-1").result(WAIT_S)
    assert len(node.workloads().items) == 3
    again = workload(command=["echo", WORD], environment={"WORD": WORD})
    assert node.submit(again, key=f"{WORD}-2").result(WAIT_S).repeated


def test_what_lives_or_never_was_is_not_erased(node: Node) -> None:
    node.submit(workload(command=["sleep", "1000"], wall_time_s=2000)).result(WAIT_S)
    with pytest.raises(Conflict, match="w4 is"):
        node.erase("w4")
    with pytest.raises(NotFound, match="w99"):
        node.erase("w99")
    node.cancel("w4").result(WAIT_S)


def test_a_restart_and_views_made_again_know_no_more_and_count_on(
    node: Node, tmp_path: Path
) -> None:
    node.erase("w3")  # The newest: its number is not given out twice.
    node.close()
    with opened(tmp_path) as again:
        assert again.submit(workload(command=["true"])).result(WAIT_S).workload_id == "w4"
        until(lambda: again.workload("w4").state is State.COMPLETED)
        again._store.views_reset()
        rebuild_views(again._store)
        assert views_differ(again._store) == ""
        assert [w.state for w in again.workloads().items] == [
            State.COMPLETED,
            State.ERASED,
            State.COMPLETED,
            State.COMPLETED,
        ]
    with opened(tmp_path) as again:
        assert again.submit(workload(command=["true"])).result(WAIT_S).workload_id == "w5"


def test_an_erasure_that_was_cut_off_is_finished_at_the_next_start(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node.evidence, "erase", lambda workload_id: 0)  # The leaf, and no more.
    node.erase("w2")
    node.close()
    with opened(tmp_path) as again:
        assert again._evidence is not None
        until(lambda: not again.evidence._sealing.store.erasures_open())
        kinds = [leaf.kind for leaf in again._store.workload_leaves("w2", 99)]
        assert kinds == ["admin/SaltsErased"]


def test_decisions_cannot_be_made_again_across_it_and_that_is_said(
    node: Node, tmp_path: Path
) -> None:
    node.erase("w2")
    node.close()
    with log_of(tmp_path) as read:
        leaves = list(read)
    with pytest.raises(Different, match="was erased"):
        list(make_again(leaves, FifoEngine()))
