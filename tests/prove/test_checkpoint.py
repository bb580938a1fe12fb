"""Checkpoints: one form, and signed by the log whose name they bear."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import InvalidProof
from allod.prove.canonical import base64
from allod.prove.checkpoint import Checkpoint, open_checkpoint
from allod.prove.merkle import EMPTY_ROOT
from allod.prove.note import Signer, note_of

ROOT = bytes(range(32))
LOG = Signer("example.org/log", b"l" * 32)
OTHER = Signer("example.org/other", b"o" * 32)
LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1)


@given(
    LINES,
    st.integers(1, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(LINES, max_size=3),
)
def test_a_checkpoint_is_read_as_it_was_written(
    origin: str, size: int, root: bytes, extensions: list[str]
) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


def test_the_specifications_example() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    found = Checkpoint.parse(text)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert found.text() == text


@given(st.text() | st.from_regex(r"[a-z]+\n[0-9]+\n[A-Za-z0-9+/]{43}=\n"))
def test_no_text_makes_the_parser_crash(text: str) -> None:
    try:
        assert Checkpoint.parse(text).text() == text
    except InvalidProof as error:
        assert error.reason in ("truncated", "not-canonical")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not-canonical"),
        ("o\n1\n", "truncated"),
        (f"o\n1\n{base64(ROOT)}", "not-canonical"),
        (f"\n1\n{base64(ROOT)}\n", "not-canonical"),
        (f"o\n01\n{base64(ROOT)}\n", "not-canonical"),
        (f"o\n-1\n{base64(ROOT)}\n", "not-canonical"),
        (f"o\n{2**63}\n{base64(ROOT)}\n", "not-canonical"),
        (f"o\n1\n{base64(ROOT)[:-2]}9=\n", "not-canonical"),
        (f"o\n1\n{base64(ROOT[:31])}\n", "not-canonical"),
        (f"o\n1\n{base64(ROOT)}\n\n", "not-canonical"),
        (f"o\n0\n{base64(ROOT)}\n", "not-canonical"),
    ],
    ids=range(11),
)
def test_checkpoints_in_another_form_are_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidProof) as caught:
        Checkpoint.parse(text)
    assert caught.value.reason == reason


def test_an_empty_log_has_a_checkpoint() -> None:
    assert Checkpoint.parse(Checkpoint("o", 0, EMPTY_ROOT).text()).size == 0


def test_a_checkpoint_opens_with_the_key_of_its_log_alone() -> None:
    checkpoint = Checkpoint("example.org/log", 5, ROOT)
    text = checkpoint.text()
    note = note_of(text, [LOG.sign(text), OTHER.sign(text)]).encode()
    found, opened = open_checkpoint(note, LOG.verifier_key, [OTHER.verifier_key])
    assert found == checkpoint
    assert len(opened.signatures) == 2
    for signers, key, others in (
        ([OTHER], LOG, []),
        ([OTHER], LOG, [OTHER.verifier_key]),
        ([OTHER], OTHER, []),
    ):
        note = note_of(text, [signer.sign(text) for signer in signers]).encode()
        with pytest.raises(InvalidProof) as caught:
            open_checkpoint(note, key.verifier_key, others)
        assert caught.value.reason == "wrong-key"
