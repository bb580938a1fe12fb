"""Proofs as text: the specification's form, and every other form refused with its reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import InvalidProof
from allod.prove.canonical import base64
from allod.prove.proof import Proof

HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=63)
NOTES = st.binary(min_size=1, max_size=300)
H1, H2 = bytes(range(32)), bytes(32)


def test_the_form_of_the_specification() -> None:
    proof = Proof(5, (H1, H2), b"a checkpoint\n", b"extra information")
    assert proof.text() == (
        b"c2sp.org/tlog-proof@v1\n"
        b"extra ZXh0cmEgaW5mb3JtYXRpb24=\n"
        b"index 5\n"
        b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
        b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
        b"\n"
        b"a checkpoint\n"
    )
    assert Proof(0, (), b"c\n").text() == b"c2sp.org/tlog-proof@v1\nindex 0\n\nc\n"


@given(st.integers(0, 2**63 - 1), HASHES, NOTES, st.none() | st.binary(max_size=300))
def test_a_proof_is_read_as_it_was_written(
    index: int, hashes: list[bytes], note: bytes, extra: bytes | None
) -> None:
    proof = Proof(index, tuple(hashes), note, extra)
    assert Proof.parse(proof.text()) == proof


@given(st.binary() | st.binary().map(lambda data: b"c2sp.org/tlog-proof@v1\n" + data))
def test_no_bytes_make_the_parser_crash(data: bytes) -> None:
    try:
        assert Proof.parse(data).text() == data
    except InvalidProof as error:
        assert error.reason in ("truncated", "bloated", "not-canonical", "unknown-version")


HEAD = b"c2sp.org/tlog-proof@v1\n"
LINE = base64(H1).encode() + b"\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (HEAD[:10], "truncated"),
        (HEAD, "truncated"),
        (HEAD + b"index 0", "truncated"),
        (HEAD + b"index 0\n", "truncated"),
        (HEAD + b"index 0\n\n", "truncated"),
        (HEAD + b"index 0\n" + LINE, "truncated"),
        (b"c2sp.org/tlog-proof@v2\nindex 0\n\nc\n", "unknown-version"),
        (b"hello\n", "not-canonical"),
        (HEAD.replace(b"\n", b"\r\n") + b"index 0\n\nc\n", "unknown-version"),
        (HEAD + b"\nindex 0\n\nc\n", "not-canonical"),
        (HEAD + b"index 00\n\nc\n", "not-canonical"),
        (HEAD + b"index -1\n\nc\n", "not-canonical"),
        (HEAD + b"Index 0\n\nc\n", "not-canonical"),
        (HEAD + b"extra AA\nindex 0\n\nc\n", "not-canonical"),
        (HEAD + b"extra AAAA\n\nc\n", "not-canonical"),
        (HEAD + b"extra AAAA\nextra AAAA\nindex 0\n\nc\n", "not-canonical"),
        (HEAD + b"index 0\nextra AAAA\n\nc\n", "not-canonical"),
        (HEAD + b"index 0\n" + LINE[:-2] + b"\n\nc\n", "not-canonical"),
        (HEAD + b"index 0\n" + LINE[1:] + b"\nc\n", "not-canonical"),
        (HEAD + b"index 0\n\xff\n\nc\n", "not-canonical"),
        (HEAD + b"index 0\n" + LINE * 64 + b"\nc\n", "bloated"),
        (HEAD + b"index 0\n\n" + b"c" * 2_000_000, "bloated"),
    ],
    ids=range(23),
)
def test_proofs_in_another_form_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidProof) as caught:
        Proof.parse(data)
    assert caught.value.reason == reason
    assert caught.value.mend
