"""Sections: what a node discloses is verified, and each way to lie is refused with its reason."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from allod.decide.engine import Engine
from allod.domain.event import Event
from allod.prove.canonical import base64
from allod.prove.encoding import decode
from allod.prove.note import VerifierKey
from allod.replay.section import verify_section
from allod.run.log import Leaf
from allod.run.records import canonical_fast, erased, leaf_of, record_of
from allod.run.sealed import SealedLog
from allod.run.section import section
from tests.run.sealing import SealedWorld

HISTORY = Path(__file__).parents[1] / "histories" / "documents-change.jsonl"
Lines = list[dict[str, Any]]


class Disclosed:
    """A log that was lived, sealed and disclosed."""

    def __init__(self, folder: Path, leaves: list[Leaf]) -> None:
        self.world = SealedWorld(folder / "log")
        self.sealer = self.world.node().sealer
        for start in range(0, len(leaves), 23):
            self.tell(leaves[start : start + 23])
        self.key = VerifierKey.parse(self.world.nodes[0].key.verifier)
        self.file = folder / "section.jsonl"
        self.write()

    def tell(self, leaves: list[Leaf]) -> None:
        self.world.log.leaves += leaves
        self.world.nodes[0].feed.publish(leaves)
        self.sealer.seal()

    def write(self) -> None:
        signed = self.sealer.publish()
        self.data = b"".join(section(signed, self.world.seals, self.world.log))
        self.file.write_bytes(self.data)

    def lines(self) -> Lines:
        return [json.loads(line) for line in self.data.splitlines()]

    def lie(self, lines: Lines) -> None:
        self.file.write_bytes(b"".join(canonical_fast(line) + b"\n" for line in lines))

    def code(self) -> str | None:
        report = verify_section(self.file, self.key)
        assert report.verified == (report.refused is None)
        return report.refused.code if report.refused else None


@pytest.fixture(scope="module")
def lived() -> list[Leaf]:
    engine, leaves = Engine(), list[Leaf]()
    for line in HISTORY.read_text().splitlines():
        told = json.loads(line)["event"]
        event = decode(f"event/{told.pop('type')}", canonical_fast(told))
        assert isinstance(event, Event)
        for record in (event, *engine.step(event)):
            leaves.append(leaf_of(record, len(leaves)))
    return leaves


@pytest.fixture
def log(tmp_path: Path, lived: list[Leaf]) -> Disclosed:
    return Disclosed(tmp_path, lived)


def test_what_a_node_discloses_is_its_log_and_decided_again(
    log: Disclosed, lived: list[Leaf]
) -> None:
    report = verify_section(log.file, log.key)
    assert report.refused is None and report.section and report.replay
    assert report.section.leaves == report.replay.leaves == len(lived)
    assert report.section.leaves + report.section.padding == report.section.checkpoint.size
    assert report.replay.decisions == sum(leaf.kind.startswith("decision/") for leaf in lived) > 0
    assert report.text().startswith("yes: ")
    assert report.as_json()["decisions"] == report.replay.decisions


def test_no_secret_is_told_twice_and_none_of_the_padding(log: Disclosed) -> None:
    told = [line["secret"] for line in log.lines() if "secret" in line]
    assert len(told) == len(set(told))
    assert set(told) == {
        base64(secret) for subject, secret in log.world.seals.all_secrets.items() if subject != "*"
    }


def _changed_body(lines: Lines) -> None:
    leaf = next(line for line in lines if line.get("kind") == "event/WorkloadSubmitted")
    leaf["body"]["actor"] = "someone else"


def _changed_kind(lines: Lines) -> None:
    next(line for line in lines if "kind" in line)["kind"] = "event/TimePassed"


def _left_out(lines: Lines) -> None:
    """The decision that ends a page goes, and its place is called padding."""
    for at, page in enumerate(lines):
        last = lines[at + page["leaves"]] if page.get("leaves", 0) % 16 > 1 else {}
        if last.get("kind", "").startswith("decision/") and "secret" not in last:
            page["padding"].insert(0, last["hash"])
            page["leaves"] -= 1
            lines.remove(last)
            return
    raise AssertionError("no page of the history ends so")


def _cut_out(lines: Lines) -> None:
    page = next(line for line in lines if line.get("leaves", 0) > 1)
    del lines[lines.index(page) + 1]


def _swapped_secret(lines: Lines) -> None:
    one, other = [line for line in lines if "secret" in line][1:3]
    one["secret"], other["secret"] = other["secret"], one["secret"]


def _swapped_leaves(lines: Lines) -> None:
    one, other = [at for at, line in enumerate(lines) if "body" in line and "secret" not in line][
        -2:
    ]
    lines[one], lines[other] = lines[other], lines[one]


def _two_names(lines: Lines) -> None:
    next(line for line in lines if "body" in line)["body"] |= {"kind": "x", "document_kind": "y"}


def _one_more(lines: Lines) -> None:
    lines.append(lines[-1])


def _called_erased(lines: Lines) -> None:
    leaf = next(line for line in lines if "body" in line)
    leaf.clear()
    leaf["entry"] = "{}"


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (_changed_body, "swapped-disclosure"),
        (_changed_kind, "swapped-disclosure"),
        (_cut_out, "not-canonical"),
        (_swapped_secret, "swapped-disclosure"),
        (_swapped_leaves, "swapped-disclosure"),
        (_two_names, "not-canonical"),
        (_one_more, "bloated"),
        (_called_erased, "not-canonical"),
        (lambda lines: lines.pop(), "truncated"),
        (lambda lines: lines[0].update(v=2), "unknown-version"),
    ],
)
def test_each_lie_has_its_reason(log: Disclosed, lie: Callable[[Lines], None], code: str) -> None:
    lines = log.lines()
    lie(lines)
    log.lie(lines)
    assert log.code() == code


def test_a_change_that_takes_its_hash_along_does_not_lead_to_the_root(log: Disclosed) -> None:
    lines = log.lines()
    page = next(line for line in lines if line.get("padding"))
    page["padding"][0] = "A" * 43 + "="
    log.lie(lines)
    assert log.code() == "not-in-log"


def test_a_decision_called_padding_is_missed_when_decided_again(log: Disclosed) -> None:
    """The hashes cannot tell: what would open the padding is not given out."""
    lines = log.lines()
    _left_out(lines)
    log.lie(lines)
    report = verify_section(log.file, log.key)
    assert report.section is not None
    assert report.refused is not None and report.refused.code == "decided-otherwise"


def test_another_key_and_a_cut_file_are_refused(log: Disclosed, tmp_path: Path) -> None:
    other = Disclosed(tmp_path / "other", [])
    report = verify_section(log.file, other.key)
    assert report.refused is not None and report.refused.code == "wrong-key"
    for end in (0, 10, len(log.data) // 2, len(log.data) - 1):
        log.file.write_bytes(log.data[:end])
        assert log.code() == "truncated"


def test_a_log_that_decided_otherwise_names_the_leaf_and_both(
    tmp_path: Path, lived: list[Leaf]
) -> None:
    at = next(at for at, leaf in enumerate(lived) if leaf.kind == "decision/Placement")
    wrong = [*lived]
    body = json.loads(wrong[at].body)
    wrong[at] = Leaf(at, wrong[at].at_s, wrong[at].kind, canonical_fast({**body, "power_w": 1}))
    log = Disclosed(tmp_path, wrong)
    report = verify_section(log.file, log.key)
    assert report.section is not None and report.refused is not None
    assert report.refused.code == "decided-otherwise"
    assert f"leaf {at} " in report.refused.sentence
    assert '"power_w":1,' in report.refused.sentence
    assert f'"power_w":{body["power_w"]},' in report.refused.sentence
    assert "no: decided-otherwise" in report.text() and "Proved" in report.text()


def test_a_log_that_no_engine_can_take_is_refused(tmp_path: Path, lived: list[Leaf]) -> None:
    for kind, body in (
        ("event/Unheard", {}),
        ("else/Thing", {}),
        ("event/WorkloadSubmitted", {"workload_id": 7}),
        ("decision/Hold", {"reasons": [{"step": "x"}]}),
        ("event/DocumentsApplied", {"documents": [1]}),
        ("event/WorkloadEnded", {"outcome": "x", "run": 1, "workload_id": "w1"}),
    ):
        wrong = Leaf(1, 5, kind, canonical_fast({"at_s": 5, **body}))
        log = Disclosed(tmp_path / kind.replace("/", "-"), [lived[0], wrong])
        assert log.code() == "decided-otherwise", kind


def test_after_an_erased_leaf_the_hashes_hold_and_no_decision_is_made_again(
    log: Disclosed, lived: list[Leaf]
) -> None:
    seals, store = log.world.seals, log.world.log
    sealed = SealedLog(seals, store)
    leaf = [one for one in lived if one.kind == "event/WorkloadSubmitted"][3]
    subject = json.loads(leaf.body)["workload_id"]
    for one in lived:
        if json.loads(one.body).get("workload_id") == subject:
            index = sealed.index_of(one.seq)
            assert index is not None
            seals.erased[index] = sealed.sealed(one, index).entry
            store.leaves[one.seq] = erased(one)
    del seals.all_secrets[subject]
    log.write()
    report = verify_section(log.file, log.key)
    assert report.refused is not None and report.refused.code == "erased"
    assert f"leaf {leaf.seq} was erased" in report.refused.sentence
    assert report.section is not None and report.section.erased == len(seals.erased)
    assert report.replay is not None and report.replay.leaves == leaf.seq


def test_no_bytes_crash_it(log: Disclosed) -> None:
    dice = random.Random(7)
    for _ in range(60):
        data = bytearray(log.data[:20_000] if dice.random() < 0.5 else log.data)
        for _ in range(dice.randint(1, 3)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        log.file.write_bytes(bytes(data))
        assert log.code() is not None or bytes(data) == log.data


def test_the_act_reads_back() -> None:
    from allod.run.records import SectionDisclosed, workloads_of

    told = SectionDisclosed(at_s=5, size=320, actor="op")
    leaf = leaf_of(told, 3)
    assert (leaf.kind, record_of(leaf)) == ("admin/SectionDisclosed", told)
    assert workloads_of(told) == ()
