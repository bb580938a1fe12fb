"""A witness: each answer of the specification, and no history leads it to sign a fork."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import InvalidInput, InvalidProof, Unavailable
from allod.prove.checkpoint import Checkpoint
from allod.prove.cosignature import WitnessKey, WitnessSigner
from allod.prove.merkle import Tree, leaf_hash, verify_consistency
from allod.prove.note import Signer, note_of, open_note, signature_line
from allod.prove.witness import AddCheckpoint, Answer, Behind, Cosigned, Seen, decide, read_answer

ORIGIN = "example.org/log"
LOG = Signer(ORIGIN, b"l" * 32)
OTHER = Signer(ORIGIN, b"o" * 32)
WITNESS = WitnessSigner("witness.example/w1", b"w" * 32)
KEY = WITNESS.verifier_key
assert isinstance(KEY, WitnessKey)
NOW_S = 1_767_225_600
LEAVES = [leaf_hash(b"%d" % index) for index in range(30)]
TREE = Tree(b"".join(LEAVES))
FORK = Tree(b"".join([*LEAVES[:10], leaf_hash(b"forged"), *LEAVES[11:]]))


def a_request(
    old: int, new: int, tree: Tree = TREE, signer: Signer = LOG, proof: list[bytes] | None = None
) -> AddCheckpoint:
    text = Checkpoint(ORIGIN, new, tree.root(new)).text()
    made = tree.consistency(old, new) if proof is None else proof
    return AddCheckpoint(old, tuple(made), note_of(text, [signer.sign(text)]).encode())


def answer(request: AddCheckpoint, seen: int | None = None) -> Answer:
    kept = None if seen is None else Seen(seen, TREE.root(seen))
    return decide(request, {ORIGIN: [LOG.verifier_key]}, kept, WITNESS, NOW_S)


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [(0, 5, None), (0, 0, None), (5, 9, 5), (9, 9, 9), (8, 30, 8), (0, 3, 0)],
)
def test_what_continues_is_cosigned_and_kept(old: int, new: int, seen: int | None) -> None:
    request = a_request(old, new)
    given = answer(request, seen)
    assert (given.status, given.seen) == (200, Seen(new, TREE.root(new)))
    text = Checkpoint(ORIGIN, new, TREE.root(new)).text()
    cosigned = read_answer(given.status, given.body, text, KEY)
    assert cosigned == Cosigned(given.body.decode(), NOW_S)
    both = open_note(request.note + given.body, [LOG.verifier_key, KEY])
    assert len(both.signatures) == 2


@pytest.mark.parametrize(
    ("request_", "seen", "status"),
    [
        (a_request(0, 5, signer=OTHER), None, 403),
        (a_request(9, 5, proof=[]), 9, 400),
        (a_request(4, 9), 5, 409),
        (a_request(0, 9), 5, 409),
        (a_request(4, 9), None, 409),
        (a_request(20, 20, FORK), 20, 409),
        (a_request(5, 20, FORK, proof=TREE.consistency(5, 20)), 5, 422),
        (a_request(15, 20, FORK), 15, 422),
        (a_request(5, 9, proof=[]), 5, 422),
        (a_request(0, 9, proof=[bytes(32)]), None, 422),
        (a_request(9, 9, proof=[bytes(32)]), 9, 422),
    ],
    ids=range(11),
)
def test_the_refusals_of_the_specification(
    request_: AddCheckpoint, seen: int | None, status: int
) -> None:
    given = answer(request_, seen)
    assert (given.status, given.seen) == (status, None)
    assert given.content_type == ("text/x.tlog.size" if status == 409 else given.content_type)
    if status == 409:
        assert given.body == b"%d\n" % (seen or 0)


def test_a_log_that_is_not_known_is_not_found() -> None:
    given = decide(a_request(0, 5), {"another": [LOG.verifier_key]}, None, WITNESS, NOW_S)
    assert (given.status, given.seen) == (404, None)


def test_a_signature_of_a_known_key_that_does_not_fit_is_forbidden() -> None:
    text = Checkpoint(ORIGIN, 5, TREE.root(5)).text()
    bad = signature_line(LOG.verifier_key, bytes(64))
    request = AddCheckpoint(0, (), note_of(text, [bad]).encode())
    assert answer(request).status == 403


def test_a_signed_text_that_is_no_checkpoint_is_a_bad_request() -> None:
    text = f"{ORIGIN}\n05\nAAAA\n"
    assert answer(AddCheckpoint(0, (), note_of(text, [LOG.sign(text)]).encode())).status == 400


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.booleans(), st.booleans()),
        max_size=30,
    )
)
def test_whatever_is_asked_all_that_is_cosigned_is_one_history(
    asked: list[tuple[int, int, bool, bool]],
) -> None:
    seen: Seen | None = None
    signed = [Seen(0, TREE.root(0))]
    for anywhere, new, forked, honest in asked:
        tree = FORK if forked else TREE
        old = seen.size if honest and seen else anywhere
        proof = tree.consistency(old, new) if old <= new else []
        given = decide(
            a_request(old, new, tree, proof=proof),
            {ORIGIN: [LOG.verifier_key]},
            seen,
            WITNESS,
            NOW_S,
        )
        if given.status == 200:
            assert given.seen is not None
            seen = given.seen
            signed.append(seen)
    for before, after in pairwise(signed):
        assert any(
            verify_consistency(
                before.size,
                after.size,
                tree.consistency(before.size, after.size),
                before.root,
                after.root,
            )
            for tree in (TREE, FORK)
        )


# ------------------------------------------------------------------ text


@given(st.integers(0, 30), st.integers(0, 30))
def test_a_request_is_read_as_it_was_written(old: int, new: int) -> None:
    old, new = min(old, new), max(old, new)
    request = a_request(old, new)
    assert AddCheckpoint.parse(request.body()) == request
    assert request.origin == ORIGIN


BODY = a_request(5, 9).body()


@given(st.binary() | st.integers(0, len(BODY) - 1).map(lambda end: BODY[:end]))
def test_no_body_makes_the_parser_crash(body: bytes) -> None:
    with pytest.raises(InvalidProof):
        AddCheckpoint.parse(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (BODY.replace(b"old 5", b"old 05"), "not-canonical"),
        (BODY.replace(b"old 5", b"new 5"), "not-canonical"),
        (BODY.replace(b"old 5\n", b"old 5\r\n"), "not-canonical"),
        (BODY.replace(b"=\n", b"\n", 1), "not-canonical"),
        (b"old 5\n\xff\n\n" + BODY, "not-canonical"),
        (BODY.replace(b"old 5\n", b"old 5\n" + b"A" * 43 + b"=\n"), None),
        (b"old 5\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + a_request(5, 9).note, "bloated"),
        (b"old 5\n\n" + b"a" * 1_100_000, "bloated"),
    ],
    ids=range(8),
)
def test_requests_in_another_form(body: bytes, reason: str | None) -> None:
    if reason is None:
        assert len(AddCheckpoint.parse(body).proof) == len(a_request(5, 9).proof) + 1
        return
    with pytest.raises(InvalidProof) as caught:
        AddCheckpoint.parse(body)
    assert caught.value.reason == reason


TEXT = Checkpoint(ORIGIN, 5, TREE.root(5)).text()


def test_a_witness_that_knows_another_size_says_so() -> None:
    assert read_answer(409, b"17\n", TEXT, KEY) == Behind(17)
    for body in (b"17", b"017\n", b"", b"x\n", b"\xff\n", b"17\n17\n"):
        with pytest.raises(InvalidProof):
            read_answer(409, body, TEXT, KEY)


def test_a_log_keeps_only_the_signature_of_the_witness_it_asked() -> None:
    other = WitnessSigner("witness.example/w2", b"2" * 32)
    body = (other.cosign(TEXT, NOW_S) + WITNESS.cosign(TEXT, NOW_S)).encode()
    assert read_answer(200, body, TEXT, KEY) == Cosigned(WITNESS.cosign(TEXT, NOW_S), NOW_S)
    for bad in (other.cosign(TEXT, NOW_S), "", WITNESS.cosign(TEXT + "x\n", NOW_S), "hello\n"):
        with pytest.raises(InvalidProof):
            read_answer(200, bad.encode(), TEXT, KEY)


@pytest.mark.parametrize("status", [400, 403, 404, 422, 302])
def test_a_refusal_is_not_asked_again(status: int) -> None:
    with pytest.raises(InvalidProof, match=f"answered {status}: no"):
        read_answer(status, b"no\n", TEXT, KEY)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_witness_in_trouble_is_asked_again(status: int) -> None:
    with pytest.raises(Unavailable):
        read_answer(status, b"", TEXT, KEY)
    assert not issubclass(Unavailable, InvalidInput)


@given(st.sampled_from([200, 302, 400, 409, 503]), st.binary() | st.just(b"5\n"))
def test_no_answer_makes_a_log_crash(status: int, body: bytes) -> None:
    try:
        assert read_answer(status, body, TEXT, KEY) == Behind(5)
    except (InvalidProof, Unavailable) as error:
        assert error.message.isprintable()
