"""Signed notes: published vectors, keys mangled letter by letter, and notes spoiled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import InvalidInput, InvalidProof
from allod.prove.canonical import base64
from allod.prove.note import (
    Signer,
    VerifierKey,
    note_of,
    open_note,
    read_note,
    signature_line,
)

# The example of C2SP signed-note 1.0.0.
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""  # noqa: E501
# Those of Go's golang.org/x/mod/sumdb/note, with the private half.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.
"""
GO_LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"  # noqa: E501
# The signed head of Go's checksum database, whose text begins with a name that has spaces.
SUM_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SUM_NOTE = """go.sum database tree
13485
/ZWur4obeiqK+ASdnPK+/Rmz6LPQMUeSmHh0+UkL54Y=

— sum.golang.org Az3grnQReYTvpCrRxT+w50vixbqBlB/aPS8bL8f8KW4HHP+UjLSXOJgCh4f54n8hO6lrESglzyRXMXnhaWzaeY3zqw8=
"""  # noqa: E501

SIGNER = Signer("example.org/log", bytes(range(32)))
OTHER = Signer("example.org/other", bytes(32))
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="+"), min_size=1).filter(
    lambda name: not any(letter.isspace() or letter < " " for letter in name)
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.just("\n")).map(
    lambda text: text + "\n"
)


@pytest.mark.parametrize(
    ("key", "note"),
    [(SPEC_KEY, SPEC_NOTE), (GO_KEY, GO_TEXT + "\n" + GO_LINE), (SUM_KEY, SUM_NOTE)],
)
def test_the_published_notes_open(key: str, note: str) -> None:
    known = VerifierKey.parse(key)
    assert str(known) == key
    opened = open_note(note.encode(), [known])
    assert opened.text == note[: note.rindex("\n\n") + 1]
    assert [key for key, _ in opened.signatures] == [known]


def test_the_published_signature_is_made_again() -> None:
    signer = Signer.parse(GO_PRIVATE)
    assert str(signer.verifier_key) == GO_KEY
    assert signer.private_text() == GO_PRIVATE
    assert signer.sign(GO_TEXT) == GO_LINE


def test_a_key_with_any_letter_changed_or_left_out_is_refused() -> None:
    for at in range(len(GO_KEY)):
        for bad in (
            GO_KEY[:at] + chr(ord(GO_KEY[at]) + 1) + GO_KEY[at + 1 :],
            GO_KEY[:at] + GO_KEY[at + 1 :],
            GO_KEY[:at],
            GO_KEY[at + 1 :],
        ):
            with pytest.raises(InvalidInput):
                VerifierKey.parse(bad)
    for bad in (GO_KEY + "\n", " " + GO_KEY, GO_KEY.replace("c74f20a3", "C74F20A3")):
        with pytest.raises(InvalidInput):
            VerifierKey.parse(bad)


@pytest.mark.parametrize(
    "key",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_gos_keys_of_wrong_length_or_type_are_refused(key: str) -> None:
    with pytest.raises(InvalidInput):
        VerifierKey.parse(key)


def test_a_second_spelling_of_a_key_is_refused() -> None:
    spelled = (2**255 - 19 + 3).to_bytes(32, "little")
    with pytest.raises(InvalidInput, match="is no Ed25519 key"):
        VerifierKey("k", spelled)


@given(NAMES, st.binary(min_size=32, max_size=32))
def test_keys_are_read_as_they_were_written(name: str, seed: bytes) -> None:
    signer = Signer(name, seed)
    assert Signer.parse(signer.private_text()) == signer
    assert VerifierKey.parse(str(signer.verifier_key)) == signer.verifier_key


@given(st.text() | st.from_regex(r"[a-z]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{0,50}"))
def test_no_text_makes_the_key_parsers_crash(text: str) -> None:
    for parse in (VerifierKey.parse, Signer.parse, lambda t: Signer.parse("PRIVATE+KEY+" + t)):
        with pytest.raises(InvalidInput):
            parse(text)


def test_a_private_key_is_shown_nowhere() -> None:
    secret = GO_PRIVATE[-40:]
    assert secret not in repr(Signer.parse(GO_PRIVATE))
    assert repr(SIGNER) == "Signer(name='example.org/log')"
    for bad in (GO_PRIVATE + "A", GO_PRIVATE.replace("c74f20a3", "c74f20a4"), GO_PRIVATE[12:]):
        with pytest.raises(InvalidInput) as caught:
            Signer.parse(bad)
        assert secret not in str(caught.value)
        assert caught.value.__cause__ is None


@given(TEXTS)
def test_a_signed_note_opens(text: str) -> None:
    note = note_of(text, [OTHER.sign(text), SIGNER.sign(text)]).encode()
    opened = open_note(note, [SIGNER.verifier_key])
    assert opened.text == text
    assert [key for key, _ in opened.signatures] == [SIGNER.verifier_key]
    read, lines = read_note(note)
    assert read == text
    assert [name for name, *_ in lines] == ["example.org/other", "example.org/log"]


@given(st.binary() | st.text().map(lambda text: f"{text}\n\n— a b\n".encode()))
def test_no_bytes_make_the_note_parser_crash(note: bytes) -> None:
    with pytest.raises(InvalidProof):
        open_note(note, [SIGNER.verifier_key])


def test_any_bit_turned_in_a_note_is_found() -> None:
    note = note_of("a\nb\n", [SIGNER.sign("a\nb\n")]).encode()
    for at in range(8 * len(note)):
        bad = bytearray(note)
        bad[at // 8] ^= 1 << at % 8
        with pytest.raises(InvalidProof):
            open_note(bytes(bad), [SIGNER.verifier_key])
    for end in range(len(note)):
        with pytest.raises(InvalidProof):
            open_note(note[:end], [SIGNER.verifier_key])


def refused(note: str | bytes, *keys: VerifierKey) -> str:
    data = note.encode() if isinstance(note, str) else note
    with pytest.raises(InvalidProof) as caught:
        open_note(data, keys or [SIGNER.verifier_key])
    assert caught.value.mend
    return caught.value.reason


def test_a_bad_signature_by_a_known_key_spoils_the_note_though_another_is_good() -> None:
    bad = signature_line(OTHER.verifier_key, bytes(64))
    note = note_of("a\n", [SIGNER.sign("a\n"), bad])
    assert open_note(note.encode(), [SIGNER.verifier_key]).text == "a\n"
    assert refused(note, SIGNER.verifier_key, OTHER.verifier_key) == "bad-signature"
    short = signature_line(SIGNER.verifier_key, bytes(63))
    assert refused(note_of("a\n", [short])) == "bad-signature"


def test_a_key_of_the_same_name_or_id_is_another_key() -> None:
    namesake = Signer("example.org/log", b"n" * 32)
    note = note_of("a\n", [namesake.sign("a\n")])
    assert refused(note) == "wrong-key"
    same_id = f"— elsewhere {base64(SIGNER.verifier_key.key_id + bytes(64))}\n"
    assert refused(note_of("a\n", [same_id])) == "wrong-key"


def test_a_second_line_by_the_same_key_is_named() -> None:
    note = note_of("a\n", [SIGNER.sign("a\n")] * 2)
    opened = open_note(note.encode(), [SIGNER.verifier_key])
    assert opened.repeated == (SIGNER.verifier_key,)
    assert len(opened.signatures) == 1


def test_limits() -> None:
    line = OTHER.sign("a\n")
    assert open_note(note_of("a\n", [line] * 99 + [SIGNER.sign("a\n")]).encode(), [KEY])
    assert refused(note_of("a\n", [line] * 100 + [SIGNER.sign("a\n")])) == "bloated"
    text = "a" * 999_000 + "\n"
    assert open_note(note_of(text, [SIGNER.sign(text)]).encode(), [KEY])
    assert refused("a" * 1_000_000 + "\n") == "bloated"


KEY = SIGNER.verifier_key
LINE = SIGNER.sign("a\n")


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        ("", "truncated"),
        ("a\n", "truncated"),
        ("a\n\n", "truncated"),
        (f"a\n\n{LINE[:-1]}", "truncated"),
        (f"a\n{LINE}", "truncated"),
        (f"a\n\n{LINE}\n", "truncated"),
        (f"a\n\n{LINE}a\n", "not-canonical"),
        (f"a\r\n\n{LINE}", "not-canonical"),
        (f"a\t\n\n{LINE}", "not-canonical"),
        (f"a\0\n\n{LINE}", "not-canonical"),
        (b"\xff\n\n" + LINE.encode(), "not-canonical"),
        (f"a\n\n{LINE.replace('—', '-')}", "not-canonical"),
        (f"a\n\n{LINE.replace(' example', '  example')}", "not-canonical"),
        ("a\n\n" + LINE.replace("example.org/log", "exa\u2003mple"), "not-canonical"),
        (f"a\n\n{LINE.replace('example.org/log', 'exa+mple')}", "not-canonical"),
        (f"a\n\n{LINE[:-1]} \n", "not-canonical"),
        ("a\n\n— example.org/log AAAA\n", "not-canonical"),
        ("a\n\n— example.org/log AAAAAB==\n", "not-canonical"),
    ],
    ids=range(18),
)
def test_notes_in_another_form_are_refused(note: str | bytes, reason: str) -> None:
    assert refused(note) == reason


@pytest.mark.parametrize("text", ["", "a", "a\r\n", "\ud800\n"])
def test_only_text_that_a_note_can_have_is_signed(text: str) -> None:
    with pytest.raises(InvalidProof):
        SIGNER.sign(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b", "a\x01", "\ud800"])
def test_names_that_no_key_can_have(name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be the name of a key"):
        Signer(name, bytes(32))
    with pytest.raises(InvalidInput, match="has 31 bytes"):
        Signer("a", bytes(31))
