"""The blinded leaf: what opens it, what cannot, and that its form says nothing."""

from __future__ import annotations

import base64
import json
from collections import Counter
from hashlib import sha256, shake_256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import InvalidInput, InvalidProof
from allod.prove.canonical import canonical
from allod.prove.leaf import (
    Disclosure,
    open_leaf,
    padding_entry,
    read_entry,
    seal,
    sealed_hash,
)
from allod.prove.merkle import leaf_hash

SECRET = bytes(range(32))
KIND = "decision/Placement"
FIELDS = {
    "at_s": 1_767_225_600,
    "lent": False,
    "nodes": [[0, 8], [1, 8]],
    "site": "Tromsø",
    "why": None,
}
SEALED = seal(SECRET, 7, KIND, FIELDS)
WHOLE = {"kind": KIND, **FIELDS}

TEXT = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
RECORDS = st.dictionaries(
    TEXT.filter(lambda name: name not in ("kind", "_sd", "...")), VALUES, max_size=15
)


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_the_digest_is_that_of_sd_jwt() -> None:
    """The disclosure of RFC 9901, section 4.2.1, there with a blank after each comma."""
    spaced = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    digest = "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
    assert b64url(sha256(spaced.encode()).digest()) == digest
    item = Disclosure("_26bc4LT-ac6q2KI6cBW5es", "family_name", "Möbius")
    ours = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsImZhbWlseV9uYW1lIiwiTcO2Yml1cyJd"
    assert item.digest.decode() == b64url(sha256(ours.encode()).digest())


def test_the_entry_is_made_as_the_docstring_says() -> None:
    """A second way to make it, word for word; whoever changes the one breaks old receipts."""
    stream = shake_256(b"allod leaf v1\0" + SECRET + (7).to_bytes(8, "big")).digest(16 * 48)
    digests = []
    for at, (name, value) in enumerate([("kind", KIND), *sorted(FIELDS.items())]):
        salt = b64url(stream[16 * at : 16 * at + 16])
        text = json.dumps([salt, name, value], separators=(",", ":"), ensure_ascii=False)
        digests.append(b64url(sha256(b64url(text.encode()).encode()).digest()))
    for at in range(len(digests), 16):
        digests.append(b64url(stream[256 + 32 * at : 256 + 32 * at + 32]))
    wanted = json.dumps({"_sd": sorted(digests), "v": 1}, separators=(",", ":")).encode()
    assert SEALED.entry == wanted
    assert len(wanted) == 751


@given(RECORDS, st.integers(0, 2**64 - 1), st.binary(min_size=32, max_size=32))
def test_all_disclosures_open_the_whole_record(
    fields: dict[str, Any], seq: int, secret: bytes
) -> None:
    sealed = seal(secret, seq, KIND, fields)
    assert open_leaf(sealed.entry, sealed.disclosures) == {"kind": KIND, **fields}
    written = [(name, canonical(value)) for name, value in sorted(fields.items())]
    assert sealed_hash(secret, seq, KIND, written) == leaf_hash(sealed.entry)


@given(st.sets(st.sampled_from(sorted(WHOLE))))
def test_a_part_of_the_disclosures_opens_that_part(names: set[str]) -> None:
    part = [item for item in SEALED.disclosures if item.name in names]
    assert open_leaf(SEALED.entry, part) == {name: WHOLE[name] for name in names}


@given(RECORDS, RECORDS, st.integers(0, 2**64 - 1))
def test_entries_of_any_two_records_have_one_form_and_length(
    fields: dict[str, Any], others: dict[str, Any], seq: int
) -> None:
    entries = [
        seal(SECRET, seq, KIND, fields).entry,
        seal(SECRET, seq, "event/WorkloadSubmitted", others).entry,
        padding_entry(SECRET, seq),
    ]
    assert {len(entry) for entry in entries} == {751}
    for entry in entries:
        read_entry(entry)


def test_the_letters_of_entries_tell_nothing_of_what_was_sealed() -> None:
    """Two workloads that differ in secret values only, and padding: the same share of letters."""
    counts = []
    for make in (
        lambda seq: seal(SECRET, seq, KIND, FIELDS | {"site": "a", "at_s": 1}).entry,
        lambda seq: seal(SECRET, seq, KIND, FIELDS | {"site": "b" * 500, "at_s": 2**60}).entry,
        lambda seq: padding_entry(SECRET, seq),
    ):
        counts.append(Counter(b"".join(b"".join(read_entry(make(seq))) for seq in range(400))))
    total = sum(counts[0].values())
    for letter in counts[0]:
        shares = [count[letter] / total for count in counts]
        assert max(shares) - min(shares) < 0.003, chr(letter)


def test_nothing_of_one_entry_returns_in_another() -> None:
    """Else two leaves of one workload could be told to belong together."""
    seen: Counter[bytes] = Counter()
    for seq in range(200):
        seen.update(read_entry(seal(SECRET, seq, KIND, FIELDS).entry))
    seen.update(read_entry(seal(bytes(32), 0, KIND, FIELDS).entry))
    assert max(seen.values()) == 1
    salts = [
        item.salt for seq in range(200) for item in seal(SECRET, seq, KIND, FIELDS).disclosures
    ]
    assert len(set(salts)) == len(salts)


def test_without_its_salt_a_value_cannot_be_guessed() -> None:
    [site] = [item for item in SEALED.disclosures if item.name == "site"]
    guessed = Disclosure("A" * 22, "site", "Tromsø")
    assert site.digest in read_entry(SEALED.entry)
    assert guessed.digest not in read_entry(SEALED.entry)


def refused(entry: bytes, disclosures: list[Disclosure]) -> str:
    with pytest.raises(InvalidProof) as caught:
        open_leaf(entry, disclosures)
    return caught.value.reason


@pytest.mark.parametrize("item", SEALED.disclosures, ids=lambda item: item.name)
def test_a_disclosure_with_anything_changed_is_refused(item: Disclosure) -> None:
    other = seal(SECRET, 8, KIND, FIELDS).disclosures[0]
    salt = ("B" if item.salt[0] == "A" else "A") + item.salt[1:]
    for bad in (
        Disclosure(item.salt, item.name, [item.value]),
        Disclosure(item.salt, item.name + "x", item.value),
        Disclosure(salt, item.name, item.value),
        Disclosure(other.salt, item.name, item.value),
        other,
    ):
        assert refused(SEALED.entry, [bad]) == "swapped-disclosure"
    assert refused(SEALED.entry, [item, item]) == "swapped-disclosure"


def test_what_seal_cannot_have_made_is_refused() -> None:
    for name, value in (("_sd", 1), ("...", 1), ("x", 1.5)):
        assert refused(SEALED.entry, [Disclosure("A" * 22, name, value)]) == "swapped-disclosure"
    for salt in ("", "A" * 21, "A" * 21 + "B", "A" * 21 + "+", "é" * 22):
        assert refused(SEALED.entry, [Disclosure(salt, "x", 1)]) == "not-canonical"


DIGESTS = [digest.decode() for digest in read_entry(SEALED.entry)]


def written(digests: list[str], version: object = 1) -> bytes:
    return json.dumps({"_sd": digests, "v": version}, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not-canonical"),
        (written(DIGESTS[1:]), "not-canonical"),
        (written(["A" * 43, *DIGESTS]), "not-canonical"),
        (written(DIGESTS[::-1]), "not-canonical"),
        (written([DIGESTS[0], *DIGESTS[:-1]]), "not-canonical"),
        (written([*DIGESTS[:-1], "z" * 43]), "not-canonical"),
        (written(["+" + DIGESTS[0][1:], *DIGESTS[1:]]), "not-canonical"),
        (written(DIGESTS) + b"\n", "not-canonical"),
        (b" " + written(DIGESTS), "not-canonical"),
        (written(DIGESTS).replace(b":[", b": ["), "not-canonical"),
        (written(DIGESTS, "1"), "not-canonical"),
        (written(DIGESTS, 2), "unknown-version"),
    ],
    ids=range(12),
)
def test_entries_in_another_form_are_refused(data: bytes, reason: str) -> None:
    assert refused(data, []) == reason
    assert read_entry(written(DIGESTS))


@given(st.binary() | st.just(SEALED.entry).map(lambda data: data[:-1]))
def test_no_bytes_make_the_parser_crash(data: bytes) -> None:
    with pytest.raises(InvalidProof):
        read_entry(data)


def test_limits() -> None:
    fifteen = {f"f{number:02}": number for number in range(15)}
    assert len(seal(SECRET, 0, KIND, fifteen).disclosures) == 16
    for fields in (fifteen | {"x": 1}, {"kind": 1}, {"_sd": 1}, {"...": 1}, {"x": [{"y": 1.0}]}):
        with pytest.raises(InvalidInput):
            seal(SECRET, 0, KIND, fields)
    with pytest.raises(InvalidInput, match="31 bytes"):
        seal(bytes(31), 0, KIND, {})
