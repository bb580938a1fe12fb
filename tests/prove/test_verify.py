"""Receipts good and bad, each told for what it is; and no bytes lead to a wrong yes."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import InvalidProof
from allod.prove import receipt
from allod.prove import verify as verify_module
from allod.prove.checkpoint import Checkpoint
from allod.prove.leaf import seal
from allod.prove.merkle import Tree, leaf_hash
from allod.prove.note import note_of
from allod.prove.policy import Policy, Witness
from allod.prove.report import Report, _declared_in
from allod.prove.verify import Known, verify
from tests.prove import make_verdicts
from tests.prove.make_bundles import (
    BUNDLES,
    EARLY,
    FOLDER,
    GOOD,
    IMPOSTOR,
    KEYS,
    KNOWN,
    LOG,
    ORIGIN,
    OTHER,
    POLICY,
    START_S,
    WITNESSES,
    Bundle,
    checkpoint,
    files,
    shown,
    text,
)

KEY = LOG.verifier_key
DATA = text(GOOD)
FIELDS = verify(DATA, KEY, POLICY).records[0].fields
CODES = set(re.findall(r"^([a-z-]+)  +\S", verify_module.__doc__ or "", re.MULTILINE))


def known(name: str | None) -> Known | None:
    return None if name is None else Known.parse(KNOWN[name], KEY, POLICY)


def code(report: Report) -> str | None:
    return report.refused.code if report.refused else None


@pytest.mark.parametrize("bundle", BUNDLES.values(), ids=BUNDLES)
def test_each_receipt_is_told_for_what_it_is(bundle: Bundle) -> None:
    report = verify(bundle.data, KEY, POLICY, known(bundle.known))
    assert code(report) == bundle.code
    assert report.verified == (bundle.code is None)
    assert bool(report.records) == bool(report.proved) == report.verified
    if report.refused:
        assert report.refused.sentence
        assert report.refused.mend


def test_there_is_a_bad_receipt_for_each_code() -> None:
    assert {bundle.code for bundle in BUNDLES.values()} - {None} == CODES
    assert len(CODES) == 13


def test_the_files_are_those_that_the_script_makes() -> None:
    there = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert there == files(), "run: python -m tests.prove.make_bundles"


# ------------------------------------------------------------------ no wrong yes


def test_a_receipt_with_any_byte_changed_never_shows_another_record() -> None:
    for at in range(len(DATA)):
        for mask in (1, 0x20, 0x80):
            bad = DATA[:at] + bytes([DATA[at] ^ mask]) + DATA[at + 1 :]
            report = verify(bad, KEY, POLICY)
            if report.verified:  # A third witness may go unheard where two are enough.
                assert report.records[0].fields == FIELDS
                assert len(report.sightings) == 2
            else:
                assert code(report) in CODES


def test_a_receipt_cut_anywhere_never_shows_another_record() -> None:
    for end in range(len(DATA)):
        report = verify(DATA[:end], KEY, POLICY)
        assert code(report) in CODES or report.records[0].fields == FIELDS
        report = verify(DATA[end + 1 :], KEY, POLICY)
        assert code(report) in CODES


PIECES = [piece + b"\n" for name in BUNDLES for piece in BUNDLES[name].data.split(b"\n")[:40]]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=50), max_size=30).map(b"".join))
def test_no_patchwork_of_receipts_makes_it_crash_or_say_yes(data: bytes) -> None:
    report = verify(data, KEY, POLICY)
    assert code(report) in CODES
    assert report.text().startswith("no: ")


@given(st.integers(0, len(DATA)), st.integers(0, len(DATA)), st.binary(max_size=100))
def test_no_part_replaced_leads_to_another_record(start: int, end: int, part: bytes) -> None:
    report = verify(DATA[:start] + part + DATA[end:], KEY, POLICY)
    assert code(report) in CODES or all(item.fields == FIELDS for item in report.records)


def test_a_receipt_of_many_records_takes_no_longer_than_its_length_says() -> None:
    started = time.perf_counter()
    report = verify(DATA * 500, KEY, POLICY)
    assert len(report.records) == 500
    for flood in (
        receipt.HEADER * 100_000,
        b"\n" * 2_000_000,
        DATA + b"\xe2\x80\x94 a AAAAAAA=\n" * 900,
    ):
        assert not verify(flood, KEY, POLICY).verified
    assert time.perf_counter() - started < 20  # A second or so, on a machine of one's own.


# ------------------------------------------------------------------ who is trusted


def test_without_a_policy_the_log_alone_is_believed_and_it_says_so() -> None:
    report = verify(text(shown(note=checkpoint(300, names=()))), KEY)
    assert report.verified
    assert report.attested[0].startswith("No witness was asked for at 300 leaves")
    assert not report.sightings


def test_a_policy_for_another_log_does_not_fit() -> None:
    other = IMPOSTOR.verifier_key
    assert code(verify(text(shown(note=checkpoint(300, signer=IMPOSTOR))), other)) is None
    assert code(verify(text(shown(note=checkpoint(300, signer=IMPOSTOR))), other, POLICY)) == (
        "wrong-key"
    )
    assert code(verify(DATA, other)) == "wrong-key"


def test_a_log_is_not_its_own_witness() -> None:
    own = replace(WITNESSES["cnrs"], seed=LOG.seed)
    key = KEYS["cnrs"].__class__(own.name, KEY.public)
    policy = Policy((), (Witness("own", key),), (), "own")
    assert code(verify(DATA, KEY, policy)) == "same-witness-twice"


def test_a_witness_that_nobody_named_counts_for_nothing() -> None:
    policy = Policy.parse(f"witness a {KEYS['cnrs']}\nquorum a\n".encode())
    report = verify(DATA, KEY, policy)
    assert [item.witness for item in report.sightings] == ["witness.cnrs.example"]
    report = verify(text(shown(note=checkpoint(300, names=("sigma",)))), KEY, policy)
    assert code(report) == "witnesses-missing"


# ------------------------------------------------------------------ what the reader knows


def test_a_known_checkpoint_must_be_one_of_this_log() -> None:
    for data in (
        b"",
        b"old 5\n",
        checkpoint(200, signer=IMPOSTOR),
        b"old 200\n\n",
        KNOWN["known-200"].replace(b"\n200\n", b"\n201\n"),
    ):
        with pytest.raises(InvalidProof):
            Known.parse(data, KEY, POLICY)


@given(st.binary() | st.binary().map(lambda data: b"old 200\n" + data + KNOWN["known-200"][:-1]))
def test_no_bytes_make_the_parser_of_known_checkpoints_crash(data: bytes) -> None:
    with pytest.raises(InvalidProof):
        Known.parse(data, KEY, POLICY)


def test_a_proof_between_other_sizes_shows_nothing() -> None:
    wrong = b"old 199\n\n" + KNOWN["known-300"]
    assert code(verify(text(EARLY), KEY, POLICY, Known.parse(wrong, KEY))) == "older-than-known"
    wrong = b"old 199\n\n" + KNOWN["known-200"]
    assert code(verify(DATA, KEY, POLICY, Known.parse(wrong, KEY))) == "fork"
    wrong = b"old 200\n\n" + KNOWN["known-200"]
    assert code(verify(DATA, KEY, POLICY, Known.parse(wrong, KEY))) == "fork"


def test_every_log_continues_the_empty_one() -> None:
    empty = Checkpoint(ORIGIN, 0, Tree().root()).text()
    kept = Known.parse(note_of(empty, [LOG.sign(empty)]).encode(), KEY)
    assert verify(DATA, KEY, POLICY, kept).verified


def test_a_receipt_at_two_sizes_may_be_of_two_histories() -> None:
    """Nothing in it joins them: a log could sign one for you and the other for somebody else."""
    assert code(verify(text(EARLY, OTHER), KEY, POLICY)) == "fork"
    assert code(verify(text(EARLY), KEY, POLICY)) is None


@pytest.mark.parametrize(("late_s", "fits"), [(0, True), (600, True), (601, False)])
def test_the_clock_of_the_node_may_be_ten_minutes_ahead(late_s: int, fits: bool) -> None:
    seen_s = START_S + 42 - late_s
    report = verify(text(shown(note=checkpoint(300, time_s=seen_s))), KEY, POLICY)
    assert code(report) == (None if fits else "clock-set-back")


# ------------------------------------------------------------------ words


def one_record(**fields: object) -> Report:
    sealed = seal(bytes(32), 0, "event/Test", fields)
    tree = Tree(leaf_hash(sealed.entry))
    names = [item.name for item in sealed.disclosures]
    note = checkpoint(1, tree, time_s=2**63 - 1)
    return verify(text(receipt.make(0, [], note, sealed, names)), KEY, POLICY)


def test_it_says_what_is_proved_attested_and_declared() -> None:
    report = verify(BUNDLES["good-continues"].data, KEY, POLICY, known("known-200-and-on-to-300"))
    said = report.text()
    assert "Entry 42 of the log 'log.tromso.allod.example/fes' is 'decision/Placement'" in said
    assert "workload_id = w-42" in said
    assert "The log had 300 leaves then." in said
    assert "the log that you know at 200 leaves" in said
    assert "3 witnesses saw the log at 300 leaves" in said
    assert "'witness.um6p.example' at 2026-01-01 00:05:05 UTC" in said
    assert "by the operator of 'log.tromso.allod.example/fes' alone" in said
    assert report.declared == (
        "Entry 42 rests on what was only declared: the operator's owner is declared to be under "
        "Norwegian law (party sigma2, declared 2026-01-05)",
    )


def test_what_is_hidden_is_not_said() -> None:
    report = verify(BUNDLES["good-nothing-disclosed"].data, KEY, POLICY)
    assert report.proved[0].startswith(
        "Entry 42 of the log 'log.tromso.allod.example/fes' is a record whose kind is not "
        "disclosed, of which no field is disclosed."
    )
    assert report.records[0].hidden == 16
    assert not report.declared


def test_the_same_as_json() -> None:
    yes = verify(DATA, KEY, POLICY).as_json()
    assert (yes["verified"], yes["code"], yes["log"]) == (True, None, ORIGIN)
    assert yes["records"][0]["fields"]["workload_id"] == "w-42"
    assert {item["time_s"] for item in yes["witnesses"]} == {START_S + 305}
    no = verify(DATA[:-5], KEY, POLICY).as_json()
    assert (no["verified"], no["code"], no["records"], no["proved"]) == (False, "truncated", [], [])
    assert yes.keys() == no.keys()


def test_what_a_record_says_does_nothing_to_a_terminal() -> None:
    report = one_record(**{"a\x1b[2J": "\x1b]0;x\x07\u202e" + "y" * 1_000, "n": 10**100})
    assert report.verified
    assert all(line.isprintable() for line in report.text().splitlines())
    assert len(report.text()) < 2_000
    assert f"{2**63 - 1} s after 1970" in report.text()


@pytest.mark.parametrize("at_s", [10**30, "soon", None, [1], {"a": 1}, True, -(10**30)])
def test_a_record_may_say_any_time(at_s: object) -> None:
    assert code(one_record(at_s=at_s)) == ("clock-set-back" if at_s == 10**30 else None)


@pytest.mark.parametrize(
    ("grounds", "told"),
    [
        (["the owner is declared", "room"], 1),
        ([{"message": "seat NO", "standing": "declared", "origin": "party x"}], 1),
        ([{"facts": [{"standing": "declared", "value": "NO"}]}, {"standing": "proved"}], 1),
        ("declared", 1),
        ([{"message": "no room"}], 0),
        (7, 0),
        (None, 0),
    ],
)
def test_what_was_only_declared_is_found_in_the_grounds(grounds: object, told: int) -> None:
    assert len(one_record(reasons=grounds).declared) == told
    assert len(one_record(why=grounds).declared) == told
    assert not one_record(other=grounds).declared


def test_of_a_conclusion_what_it_rests_on_is_told() -> None:
    reason = {
        "message": "law permits here",
        "actual": "country MA (declared)",
        "origin": "Dataset/d",
    }
    assert list(_declared_in([reason])) == ["country MA (declared) (Dataset/d)"]


def test_the_verdicts_that_the_control_room_must_match_are_fresh() -> None:
    assert make_verdicts.FILE.read_text(encoding="utf-8") == make_verdicts.content()
