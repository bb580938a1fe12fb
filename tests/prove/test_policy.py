"""Policies: how many witnesses under how many legal controls; each mistake with its line."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import InvalidInput
from allod.prove.cosignature import WitnessKey, WitnessSigner
from allod.prove.note import Signer
from allod.prove.policy import Policy

LOG = Signer("example.org/log", b"l" * 32).verifier_key
NAMES = ("cnrs", "inria", "sigma", "um6p")
KEYS = {
    name: WitnessSigner(f"witness.{name}.example", name.encode().ljust(32)).verifier_key
    for name in NAMES
}
WITNESSES = "".join(f"witness {name} {key}\n" for name, key in KEYS.items())
CONTROLS = f"""# Two of three legal controls.
log {LOG} https://example.org/log
{WITNESSES}
group france  any cnrs inria
group norway\tany sigma
  group morocco any um6p
group controls 2 france norway morocco
quorum controls
"""


def policy(text: str) -> Policy:
    return Policy.parse(text.encode())


def lacking(rule: Policy, *names: str) -> list[str]:
    verdict = rule.judge([KEYS[name] for name in names])
    assert verdict.enough == (not verdict.lacks)
    return [str(lack) for lack in verdict.lacks]


def subsets() -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(NAMES, count) for count in range(5)))


@pytest.mark.parametrize("names", subsets(), ids="-".join)
def test_two_of_three_under_different_legal_control(names: tuple[str, ...]) -> None:
    controls = {"cnrs": 1, "inria": 1, "sigma": 2, "um6p": 3}
    enough = len({controls[name] for name in names}) >= 2
    assert policy(CONTROLS).judge([KEYS[name] for name in names]).enough == enough


def test_it_says_which_group_lacks_how_many() -> None:
    assert lacking(policy(CONTROLS), "cnrs", "inria") == [
        "'controls' needs 2 and has 1; missing: norway, morocco",
        "'norway' needs 1 and has 0; missing: sigma",
        "'morocco' needs 1 and has 0; missing: um6p",
    ]
    assert lacking(policy(CONTROLS), "cnrs", "sigma") == []


@pytest.mark.parametrize(
    ("rule", "needed"), [("any", 1), ("all", 4), ("1", 1), ("2", 2), ("3", 3), ("4", 4)]
)
def test_thresholds(rule: str, needed: int) -> None:
    text = f"{WITNESSES}group g {rule} {' '.join(NAMES)}\nquorum g\n"
    for names in subsets():
        enough = policy(text).judge([KEYS[name] for name in names]).enough
        assert enough == (len(names) >= needed)


def test_one_witness_or_none_can_be_enough() -> None:
    one = policy(f"{WITNESSES}quorum um6p\n")
    assert lacking(one, "cnrs") == ["'um6p' needs 1 and has 0; missing: um6p"]
    assert lacking(one, "um6p") == []
    assert lacking(policy("quorum none\n")) == []


def test_the_key_counts_and_not_its_name() -> None:
    namesake = WitnessSigner("witness.um6p.example", b"n" * 32).verifier_key
    assert not policy(f"{WITNESSES}quorum um6p\n").judge([namesake]).enough


def test_keys_and_addresses_are_kept() -> None:
    read = policy(CONTROLS)
    assert read.logs[0].key == LOG
    assert read.logs[0].url == "https://example.org/log"
    assert [item.key for item in read.witnesses] == list(KEYS.values())
    assert all(isinstance(item.key, WitnessKey) for item in read.witnesses)


A, B = f"witness a {KEYS['cnrs']}", f"witness b {KEYS['sigma']}"
SAME = WitnessSigner("witness.other.example", b"cnrs".ljust(32)).verifier_key
LOG_AS_WITNESS = WitnessSigner("witness.example", b"l" * 32).verifier_key


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "policy: no quorum"),
        (f"{A}\n", "policy: no quorum"),
        (f"{A}\nquorum a\nquorum a\n", "line 3: a second quorum"),
        (f"{A}\nquorum b\n", "line 2: no 'b' stands on a line before"),
        (f"quorum a\n{A}\n", "line 1: no 'a' stands on a line before"),
        (f"{A}\ngroup g any a b\n{B}\nquorum g\n", "line 2: no 'b' stands"),
        (f"{A}\ngroup g any g\nquorum g\n", "line 2: no 'g' stands"),
        (f"{A}\ngroup g any none\nquorum g\n", "line 2: no 'none' stands"),
        (f"{A}\n{B}\ngroup g any a\ngroup h any a b\n", "line 4: 'a' is in group 'g' already"),
        (f"{A}\ngroup g any a a\n", "line 2: 'a' is in group 'g' already"),
        (f"{A}\nwitness a {KEYS['sigma']}\n", "line 2: the name 'a' is taken"),
        (f"{A}\ngroup a any a\n", "line 2: the name 'a' is taken"),
        (f"witness none {KEYS['sigma']}\n", "line 1: the name 'none' is taken"),
        (f"{A}\nwitness b {SAME}\n", "line 2: witness 'b' has the key of witness 'a'"),
        (f"log {LOG}\nwitness b {LOG_AS_WITNESS}\n", "line 2: witness 'b' has the key of log"),
        (f"log {LOG}\nlog {LOG}\n", "line 2: log 'example.org/log' has the key of log"),
        (f"{A}\ngroup g 0 a\n", "line 2: '0' of 1 members"),
        (f"{A}\ngroup g 2 a\n", "line 2: '2' of 1 members"),
        (f"{A}\ngroup g 01 a\n", "line 2: '01' of 1 members"),
        (f"{A}\ngroup g -1 a\n", "line 2: '-1' of 1 members"),
        (f"{A}\ngroup g some a\n", "line 2: 'some' of 1 members"),
        (f"{A}\ngroup g any\n", "line 2: 'group g any' is no line of a policy"),
        (f"{A}\nquorum\n", "line 2: 'quorum' is no line"),
        (f"{A}\nquorum a # mine\n", "line 2: 'quorum a # mine' is no line"),
        (f"{A} url more\n", "is no line of a policy"),
        ("Log x\n", "line 1: 'Log x' is no line"),
        (f"witness a {LOG}\n", "line 1: verifier key"),
        (f"log {KEYS['cnrs']}\n", "line 1: verifier key"),
        ("\n\nlog x\n", "line 3: verifier key 'x' is not"),
        ("quorum none\r\n", "line 1: a control character"),
        ("quorum none\x7f\n", "line 1: a control character"),
        ("#" * 1_000_001, "1000001 bytes"),
    ],
    ids=range(32),
)
def test_mistakes_are_told_with_their_line(text: str, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        policy(text)
    assert told in caught.value.message
    assert caught.value.mend


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    text = "".join(f"witness {name} {KEYS[name]} {draw(URLS)}\n" for name in names)
    free, number = list(names), 0
    while len(free) > 1 and draw(st.booleans()):
        members = draw(st.lists(st.sampled_from(free), unique=True, min_size=1))
        rule = draw(st.sampled_from(["any", "all", str(len(members))]))
        text += f"group g{number} {rule} {' '.join(members)}\n"
        free = [name for name in free if name not in members] + [f"g{number}"]
        number += 1
    if draw(st.booleans()):
        text = f"log {LOG}\n" + text
    return policy(text + f"quorum {draw(st.sampled_from([*free, 'none']))}\n")


URLS = st.sampled_from(["", "https://witness.example/", "https://vitne.eksempel.nø/"])


@given(policies())
def test_a_policy_is_read_as_it_was_written(rule: Policy) -> None:
    assert Policy.parse(rule.text()) == rule


@given(st.binary() | st.text().map(str.encode) | st.just(CONTROLS.encode()))
def test_no_bytes_make_the_parser_crash(data: bytes) -> None:
    try:
        Policy.parse(data)
    except InvalidInput as error:
        assert "policy" in error.message


def test_bytes_beyond_ascii_are_kept_as_they_are() -> None:
    data = (
        b"# \xff\xfe\nwitness \xc3\xb8\xff "
        + str(KEYS["cnrs"]).encode()
        + b"\nquorum \xc3\xb8\xff\n"
    )
    rule = Policy.parse(data)
    assert Policy.parse(rule.text()) == rule
    assert not rule.judge([]).enough
    assert str(rule.judge([]).lacks[0]).isprintable()
