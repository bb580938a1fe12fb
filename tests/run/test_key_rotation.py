"""A log goes on under a new key, and whoever trusts the old one learns of it (real database)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from allod.bootstrap import open_node
from allod.config import Config
from allod.errors import Unavailable
from allod.prove.note import VerifierKey
from allod.prove.receipt import parse
from allod.prove.verify import verify
from allod.run.node import Node
from tests.run.fifo_engine import fifo_maker
from tests.run.world import site, workload

WAIT_S = 60


def opened(folder: Path) -> Node:
    return open_node(folder, config=Config(data_dir=folder, log_cadence_s=1), maker=fifo_maker())


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with opened(tmp_path) as node:
        node.apply([site()]).result(WAIT_S)
        node.submit(workload(command=["true"])).result(WAIT_S)
        yield node


def key_of(node: Node) -> VerifierKey:
    return VerifierKey.parse(node.evidence.key)


def test_the_old_key_vouches_for_the_new_one(node: Node) -> None:
    old, before = key_of(node), node.evidence.receipt("w1", whole=False)
    told = node.log_rotate_key(actor="someone")
    new = key_of(node)
    assert new != old and new.name == old.name
    for key in (old, new):
        assert verify(told, key).verified
    (shown,) = parse(told)
    fields = shown.fields()
    assert (fields["before"], fields["after"], fields["actor"]) == (str(old), str(new), "someone")
    assert verify(before, old).verified  # What was given out stays good.
    after = node.evidence.receipt("w1", whole=False)
    assert verify(after, new).verified


def test_what_comes_later_is_signed_by_the_new_key_alone(node: Node, tmp_path: Path) -> None:
    old = key_of(node)
    node.log_rotate_key()
    new = key_of(node)
    node.submit(workload(command=["true"])).result(WAIT_S)
    later = node.evidence.receipt("w2", whole=False)
    assert verify(later, new).verified
    refused = verify(later, old).refused
    assert refused is not None and refused.code == "wrong-key"
    node.close()
    with opened(tmp_path) as again:
        assert key_of(again) == new
    folder = tmp_path / "log"
    assert sorted(file.name for file in folder.glob("key*")) == sorted(
        ["key", "key.pub", f"key.{old.key_id.hex()}"]
    )
    assert all(
        file.stat().st_mode & 0o77 == 0 for file in folder.glob("key*") if file.suffix != ".pub"
    )


def test_cut_off_both_sign_on_and_asked_again_it_ends(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = key_of(node)
    key = node.evidence._sealing.key

    def fail() -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(key, "rotate_end", fail)
    with pytest.raises(Unavailable, match="disk is full"):
        node.log_rotate_key()
    node.close()
    with opened(tmp_path) as again:
        assert key_of(again) == old
        told = again.evidence.receipt("w1", whole=False)
        assert told.count("\u2014".encode()) == 2
        assert verify(told, old).verified
        again.log_rotate_key()
        assert key_of(again) != old


def test_whoever_missed_the_answer_gets_the_receipt_again(node: Node) -> None:
    """Later checkpoints are the new key's alone, so it is of the first that holds the change."""
    old = key_of(node)
    node.log_rotate_key()  # Its answer is lost.
    node.submit(workload(command=["true"])).result(WAIT_S)
    node.evidence.receipt("w2", whole=False)  # Until there is a later checkpoint.
    (leaf,) = [leaf for leaf in node._store.read() if leaf.kind == "admin/LogKeyRotated"]
    again = node.evidence.record_receipt(leaf.seq, ["all"])
    for key in (old, key_of(node)):
        assert verify(again, key).verified
    (shown,) = parse(again)
    assert shown.fields()["after"] == node.evidence.key
