"""Keys of projects: what the log says of them, and what follows from it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing

import pytest

from allod.bootstrap import real_engine
from allod.domain.document import Document, from_json
from allod.domain.project_key import KeyTerms
from allod.domain.residency import Residency
from allod.errors import Conflict, InvalidInput, NotFound
from allod.run.node import Node
from allod.run.records import KeyContentLogged, KeyMade, KeyRevoked, record_of
from allod.run.recovery import rebuild_views, views_differ
from tests.run.memory_store import MemoryStore
from tests.run.world import HandClock, ScriptedRunner, site

WAIT_S = 20.0
TERMS = KeyTerms(requests_per_min=60, residency=Residency(processing=("MA",)))


def document(kind: str, name: str, **spec: object) -> Document:
    return from_json(
        {"apiVersion": "allod/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    )


def described(node: Node) -> Node:
    service = document(
        "Service",
        "tiny",
        project="clinic",
        model="tiny",
        engine="vllm",
        command=["serve"],
        sites=["here"],
    )
    node.apply([site(), document("Project", "clinic"), service]).result(WAIT_S)
    return node


def test_a_key_is_told_once_and_the_log_keeps_only_its_digest(
    node: Node, store: MemoryStore
) -> None:
    name, secret = described(node).keys.make("clinic", TERMS, actor="ada")
    assert (name, secret[:9], len(secret)) == ("clinic-1", "sk-allod-", 52)
    made = record_of(store.leaves[-1])
    assert made == KeyMade(
        at_s=node.now_s(),
        name="clinic-1",
        project="clinic",
        sha256=hashlib.sha256(secret.encode()).hexdigest(),
        terms={"requests_per_min": 60, "residency": {"processing": ["MA"]}},
        actor="ada",
    )
    assert all(secret.encode() not in leaf.body for leaf in store.leaves)
    (view,) = node.keys.all()
    assert (view.terms, view.content, view.revoked_at_s) == (TERMS, False, None)
    holder = node.keys.holder(secret)
    assert holder is not None and holder.name == name
    assert node.keys.holder(secret[:-1]) is None and node.keys.holder("") is None


def test_revoked_it_opens_nothing_and_its_name_is_never_given_again(
    node: Node, store: MemoryStore
) -> None:
    _, secret = described(node).keys.make("clinic", KeyTerms(), name="ward")
    node.keys.revoke("ward", actor="ada")
    assert node.keys.holder(secret) is None
    assert node.keys.all() == [] and node.keys.one("ward").revoked_at_s == node.now_s()
    assert record_of(store.leaves[-1]) == KeyRevoked(at_s=node.now_s(), name="ward", actor="ada")
    leaves = len(store.leaves)
    node.keys.revoke("ward", actor="bo")
    assert len(store.leaves) == leaves
    with pytest.raises(NotFound, match="wart"):
        node.keys.revoke("wart")
    with pytest.raises(NotFound, match="ward"):
        node.keys.log_content("ward", True)
    with pytest.raises(Conflict, match="ward"):
        node.keys.make("clinic", KeyTerms(), name="ward")


def test_logging_what_is_said_is_an_act_in_the_log(node: Node, store: MemoryStore) -> None:
    name, _ = described(node).keys.make("clinic", KeyTerms())
    node.keys.log_content(name, False)  # As it is: nothing to record.
    assert isinstance(record_of(store.leaves[-1]), KeyMade)
    node.keys.log_content(name, True, actor="key/clinic-1")
    assert node.keys.one(name).content
    assert record_of(store.leaves[-1]) == KeyContentLogged(
        at_s=node.now_s(), name=name, on=True, actor="key/clinic-1"
    )
    node.keys.log_content(name, False)
    assert not node.keys.one(name).content


def test_keys_outlive_the_node_and_are_made_again_from_the_log(
    open_node: Callable[[], Node], store: MemoryStore
) -> None:
    node = described(open_node())
    _, kept = node.keys.make("clinic", TERMS)
    _, gone = node.keys.make("clinic", KeyTerms())
    node.keys.revoke("clinic-2")
    node.keys.log_content("clinic-1", True)
    views = node.keys.all(revoked=True)
    assert views_differ(store) == ""
    again = open_node()
    assert again.keys.holder(kept) is not None and again.keys.holder(gone) is None
    assert again.keys.make("clinic", KeyTerms())[0] == "clinic-3"
    store.key_rows["clinic-1"], before = store.key_rows["clinic-2"], store.key_rows["clinic-1"]
    assert views_differ(store) == "key clinic-2"
    store.key_rows["clinic-1"] = before
    again.close()
    rebuild_views(store)
    assert open_node().keys.all(revoked=True)[:2] == views


def test_a_key_that_names_what_is_not_there_is_not_made(node: Node, clock: HandClock) -> None:
    make = described(node).keys.make
    with pytest.raises(NotFound, match=r"clinics.*clinic"):
        make("clinics", KeyTerms())
    with pytest.raises(NotFound, match=r"tinny.*tiny"):
        make("clinic", KeyTerms(services=("tiny", "tinny")))
    with pytest.raises(InvalidInput, match="expired"):
        make("clinic", KeyTerms(expires=clock.at_s))
    for name in ("Ward", "ward ", "-ward", "w" * 64):
        with pytest.raises(InvalidInput, match="name of a key"):
            make("clinic", KeyTerms(), name=name)
    assert node.keys.all() == []


def test_a_class_is_one_of_a_charter_where_there_are_charters(
    store: MemoryStore, clock: HandClock, runner: ScriptedRunner
) -> None:
    inner = {"name": "ward", "floor": 0, "priority": 1}
    outer = {"name": "research", "floor": 0, "priority": 1, "classes": [inner]}
    charter = document("Charter", "here", site="here", classes=[outer])
    with closing(Node(store, real_engine(), {"local": runner}, clock)) as node:
        node.start()
        make = described(node).keys.make
        make("clinic", KeyTerms(access_class="wards"))
        node.apply([charter]).result(WAIT_S)
        make("clinic", KeyTerms(access_class="ward"))
        with pytest.raises(NotFound, match="class 'wards'") as caught:
            make("clinic", KeyTerms(access_class="wards"))
    assert caught.value.mend == "write 'ward'"


def test_names_that_were_given_by_hand_are_passed_over(node: Node) -> None:
    make = described(node).keys.make
    make("clinic", KeyTerms(), name="clinic-2")
    assert make("clinic", KeyTerms())[0] == "clinic-3"
