"""Receipts: what they show, what they hide, how long they are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allod.errors import InvalidInput, InvalidProof
from allod.prove import receipt
from allod.prove.canonical import canonical
from allod.prove.checkpoint import Checkpoint
from allod.prove.cosignature import WitnessSigner
from allod.prove.leaf import seal
from allod.prove.merkle import leaf_hash
from allod.prove.note import Signer, note_of
from allod.prove.proof import Proof
from allod.prove.receipt import Shown

SECRET = bytes(range(32))
FIELDS = {"at_s": 1_767_225_600, "site": "Tromsø", "workload_id": "w-1", "nodes": [[0, 8]]}
SEALED = seal(SECRET, 3, "decision/Placement", FIELDS)
NOTE = "o\n9\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— o AAAAAAA=\n".encode()


def a_record(*names: str) -> Shown:
    return receipt.make(3, [bytes(32), b"\1" * 32], NOTE, SEALED, names)


@settings(max_examples=50)
@given(st.lists(st.sets(st.sampled_from(["kind", *FIELDS])), min_size=1, max_size=4))
def test_a_receipt_is_read_as_it_was_written_and_shows_what_was_named(
    disclosed: list[set[str]],
) -> None:
    records = tuple(a_record(*names) for names in disclosed)
    data = receipt.text(records)
    assert receipt.parse(data) == records
    whole = {"kind": "decision/Placement", **FIELDS}
    for record, names in zip(records, disclosed, strict=True):
        assert record.fields() == {name: whole[name] for name in names}
        assert record.entry == SEALED.entry
    assert receipt.text(receipt.parse(data)) == data


def test_what_is_not_named_is_nowhere_in_the_file() -> None:
    extra = Proof.parse(receipt.text([a_record("at_s")])).extra
    assert extra is not None
    for item in SEALED.disclosures:
        there = item.name == "at_s"
        assert (item.name.encode() in extra) == there
        assert (item.salt.encode() in extra) == there


def test_only_fields_that_the_record_has_can_be_disclosed() -> None:
    with pytest.raises(InvalidInput, match="record 3 has no field 'color'"):
        a_record("color")


def test_a_million_leaves_three_witnesses_and_ten_fields_are_under_4_kb() -> None:
    log = Signer("log.tromso.allod.example/fes-casablanca", b"l" * 32)
    text = Checkpoint(log.name, 1_000_000, bytes(range(32))).text()
    lines = [log.sign(text)]
    for name in ("cnrs", "sigma2", "um6p"):
        signer = WitnessSigner(f"witness.{name}.example/allod", name.encode().ljust(32))
        lines.append(signer.cosign(text, 1_767_225_600))
    fields = {
        "at_s": 1_767_225_600,
        "workload_id": "w-2026-000123",
        "run": 1,
        "site": "casablanca-1",
        "pool": "gb200-nvl72",
        "access_class": "large-scale",
        "accelerators": 144,
        "ends_at_s": 1_767_312_000,
        "power_w": 201_600,
    }
    record = receipt.make(
        999_998,
        [bytes([number]) * 32 for number in range(20)],
        note_of(text, lines).encode(),
        seal(SECRET, 999_998, "decision/Placement", fields),
        ["kind", *fields],
    )
    assert len(record.disclosed) == 10
    assert len(receipt.text([record])) < 4_000


def with_extra(extra: bytes | None) -> bytes:
    return Proof(3, (), NOTE, extra).text()


def changed(**fields: Any) -> bytes:
    extra = Proof.parse(receipt.text([a_record("at_s", "site")])).extra
    assert extra is not None
    value = json.loads(extra) | fields
    return with_extra(canonical({name: item for name, item in value.items() if item != ()}))


SHOWN = [[item.salt, item.name, item.value] for item in a_record("at_s", "site").disclosed]
HIDDEN = json.loads(Proof.parse(receipt.text([a_record("at_s", "site")])).extra or b"")["hidden"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (with_extra(None), "not-canonical"),
        (with_extra(b""), "not-canonical"),
        (with_extra(b"[]"), "not-canonical"),
        (with_extra(b"{}"), "not-canonical"),
        (with_extra(b'{"v": 1}'), "not-canonical"),
        (changed(v=2), "unknown-version"),
        (changed(v="1"), "not-canonical"),
        (changed(v=True), "not-canonical"),
        (changed(more=1), "not-canonical"),
        (changed(leaf=()), "not-canonical"),
        (changed(leaf="AAAA"), "not-canonical"),
        (changed(hidden=1), "not-canonical"),
        (changed(hidden=HIDDEN[:-4]), "not-canonical"),
        (changed(hidden=""), "not-canonical"),
        (changed(disclosed={}), "not-canonical"),
        (changed(disclosed=SHOWN[::-1]), "not-canonical"),
        (changed(disclosed=SHOWN[:1]), "not-canonical"),
        (changed(disclosed=[SHOWN[0], [*SHOWN[1], 1]]), "not-canonical"),
        (changed(disclosed=[SHOWN[0], [1, "site", 1]]), "not-canonical"),
        (changed(disclosed=[SHOWN[0], ["A" * 21 + "B", "site", 1]]), "not-canonical"),
        (changed(disclosed=[SHOWN[0], [SHOWN[1][0], "_sd", 1]]), "swapped-disclosure"),
        (b"x" * 16_000_001, "bloated"),
    ],
    ids=range(23),
)
def test_receipts_in_another_form_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidProof) as caught:
        receipt.parse(data)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "disclosed",
    [
        [[SHOWN[0][0], "at_s", 0], SHOWN[1]],
        [[SHOWN[1][0], "at_s", SHOWN[0][2]], SHOWN[1]],
        [SHOWN[0], SHOWN[0]],
        [SHOWN[0], [SHOWN[1][0], "time", SHOWN[1][2]]],
    ],
    ids=range(4),
)
def test_a_disclosure_that_is_not_of_the_record_is_told_from_a_record_not_in_the_log(
    disclosed: list[Any],
) -> None:
    [record] = receipt.parse(changed(disclosed=disclosed))
    with pytest.raises(InvalidProof) as caught:
        record.fields()
    assert caught.value.reason == "swapped-disclosure"


def test_one_field_disclosed_twice_is_refused_though_its_entry_has_a_matching_leaf() -> None:
    [record] = receipt.parse(changed(disclosed=[SHOWN[0], SHOWN[0]]))
    forged = Shown(3, (), NOTE, record.disclosed, record.hidden, leaf_hash(record.entry))
    with pytest.raises(InvalidProof):
        forged.fields()


@given(st.binary() | st.binary().map(with_extra))
def test_no_bytes_make_the_parser_crash(data: bytes) -> None:
    with pytest.raises(InvalidProof):
        receipt.parse(data)


def test_a_receipt_that_no_verifier_would_read_is_not_made() -> None:
    sealed = seal(b"s" * 32, 0, "admin/Long", {"text": "a" * 1_000_000})
    note = b"log.example/a\n1\n" + b"A" * 43 + b"=\n"
    shown = receipt.make(0, (), note, sealed, {"text"})
    assert len(receipt.text([shown])) < 2_000_000  # The longest document that a node takes.
    with pytest.raises(InvalidInput, match="disclose less"):
        receipt.text([shown] * 12)
    with pytest.raises(InvalidInput, match="for one record"):
        receipt.text(
            [receipt.make(0, (), note, seal(b"s" * 32, 0, "k", {"t": "a" * 2_000_000}), {"t"})]
        )
