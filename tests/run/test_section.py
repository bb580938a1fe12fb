"""Sections and receipts of single leaves from a real database, erased leaves among them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from allod.errors import InvalidInput, NotFound
from allod.prove.note import VerifierKey
from allod.prove.verify import verify
from allod.replay.section import check_hashes
from allod.run.node import Node
from allod.run.node_views import State
from allod.run.records import SaltsErased, workloads_of
from tests.run.test_erasure import WAIT_S, opened
from tests.run.world import site, until, workload


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with opened(tmp_path) as node:
        node.apply([site()]).result(WAIT_S)
        for _ in range(3):
            node.submit(workload(command=["true"])).result(WAIT_S)
        until(lambda: all(w.state is State.COMPLETED for w in node.workloads().items))
        yield node


def test_the_act_is_in_the_log_before_the_first_byte(node: Node, tmp_path: Path) -> None:
    node.evidence.receipt("w3", whole=True)  # Until it is published.
    lines = node.log_section(actor="someone")
    (act,) = [leaf for leaf in node._store.read() if leaf.kind == "admin/SectionDisclosed"]
    assert json.loads(act.body)["actor"] == "someone"
    file = tmp_path / "section"
    file.write_bytes(b"".join(lines))
    found = check_hashes(file, VerifierKey.parse(node.evidence.key))
    assert found.checkpoint.size == json.loads(act.body)["size"]
    assert (found.erased, found.leaves > 10) == (0, True)


def test_of_an_erased_workload_a_section_has_the_entries_alone(node: Node, tmp_path: Path) -> None:
    count = node.erase("w2")
    node.evidence.receipt("w3", whole=True)
    file = tmp_path / "section"
    file.write_bytes(b"".join(node.log_section()))
    found = check_hashes(file, VerifierKey.parse(node.evidence.key))
    assert found.erased == count
    assert b'"workload_id":"w2"' not in file.read_bytes()


def test_until_names_the_first_checkpoint_that_is_large_enough(node: Node) -> None:
    node.evidence.receipt("w3", whole=True)  # Until it is published.
    newest = node.evidence.checkpoint_of(None)
    assert node.evidence.checkpoint_of(newest.size).size == newest.size
    assert 0 < node.evidence.checkpoint_of(1).size <= newest.size
    for size in (0, newest.size + 10_000):
        with pytest.raises(InvalidInput, match="no checkpoint"):
            node.log_section(until=size)
    assert not [leaf for leaf in node._store.read() if leaf.kind == "admin/SectionDisclosed"]


def test_one_leaf_has_a_receipt_until_it_is_erased(node: Node) -> None:
    seq = next(leaf.seq for leaf in node._store.read() if leaf.kind == "decision/Placement")
    report = verify(
        node.evidence.record_receipt(seq, ["accelerators"]), VerifierKey.parse(node.evidence.key)
    )
    assert report.verified and report.records[0].fields["accelerators"] == 1
    with pytest.raises(InvalidInput, match="no field 'colour'"):
        node.evidence.record_receipt(seq, ["colour"])
    with pytest.raises(NotFound, match="not in the log"):
        node.evidence.record_receipt(10_000, [])
    node.erase("w1")
    with pytest.raises(NotFound, match="was erased"):
        node.evidence.record_receipt(seq, [])


def test_an_erasure_stays_in_the_story_of_its_workload() -> None:
    assert workloads_of(SaltsErased(at_s=1, subject="w1")) == ("w1",)
