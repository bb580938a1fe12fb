"""Exports of the log: a record of each, and none without a log that is sealed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from allod.errors import NotFound, Unavailable
from allod.run.log_requests import ExportLog
from allod.run.node import Node
from allod.run.records import LogExported, leaf_of, record_of, workloads_of
from allod.run.seal import Signed
from tests.run.memory_store import MemoryStore


def test_an_export_is_an_administrative_record_that_reads_back() -> None:
    exported = LogExported(at_s=5, size=320, actor="op")
    leaf = leaf_of(exported, 3)
    assert (leaf.kind, leaf.body) == ("admin/LogExported", b'{"actor":"op","at_s":5,"size":320}')
    assert record_of(leaf) == exported
    assert workloads_of(exported) == ()


def test_an_export_is_a_leaf_when_it_is_answered(node: Node, store: MemoryStore) -> None:
    before = len(store.leaves)
    node._controller.ask(ExportLog(320, "op")).result(20)
    (leaf,) = store.leaves[before:]
    assert record_of(leaf) == LogExported(at_s=1_000_000, size=320, actor="op")


def test_a_node_hands_out_its_checkpoint_when_the_record_of_it_is_durable(
    node: Node, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = Signed(320, 0, b"the newest checkpoint")
    sealed = SimpleNamespace(newest=lambda: signed, close=lambda: None)
    monkeypatch.setattr(node, "_evidence", sealed)
    before = len(store.leaves)
    assert node.log_export(actor="op") == signed
    assert [record_of(leaf) for leaf in store.leaves[before:]] == [
        LogExported(at_s=1_000_000, size=320, actor="op")
    ]
    store.appends_fail = 1
    with pytest.raises(Unavailable):
        node.log_export(actor="op")


def test_what_is_not_sealed_is_not_exported(node: Node, store: MemoryStore) -> None:
    before = len(store.leaves)
    with pytest.raises(NotFound, match="does not seal"):
        node.log_export(actor="op")
    assert len(store.leaves) == before
