from __future__ import annotations

import pytest

from allod.adapters.slurm.tag import parse_tag, proof, tag
from allod.adapters.slurm.values import instant_s, number, text, words


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (0, 0),
        (7, 7),
        (7.0, 7),
        (None, None),
        (True, None),
        ("7", None),
        ({"set": True, "infinite": False, "number": 7}, 7),
        ({"set": False, "infinite": False, "number": 0}, None),
        ({"set": True, "infinite": True, "number": 0}, None),
        ({"number": 7}, 7),
        ({}, None),
        *((mark, None) for bits in (16, 32, 64) for mark in (2**bits - 1, 2**bits - 2)),
        (2**32 - 3, 2**32 - 3),
        ({"set": True, "infinite": False, "number": 2**32 - 2}, None),
    ],
)
def test_a_number_is_read_however_it_is_wrapped(value: object, meant: int | None) -> None:
    assert number(value) == meant


def test_a_time_of_zero_is_none() -> None:
    assert instant_s(0) is None
    assert instant_s({"set": True, "infinite": False, "number": 0}) is None
    assert instant_s(1) == 1


@pytest.mark.parametrize(
    ("value", "meant"),
    [("idle", ("IDLE",)), ("", ()), (["Idle", "DRAIN"], ("IDLE", "DRAIN")), (None, ()), (3, ())],
)
def test_words_are_one_or_many(value: object, meant: tuple[str, ...]) -> None:
    assert words(value) == meant


def test_a_text_is_a_text() -> None:
    assert (text("a"), text(None), text(3), text(["a"])) == ("a", "", "", "")


# ------------------------------------------------------------ the tag of a run


def test_a_tag_is_read_again_by_the_node_that_wrote_it() -> None:
    key = ("train.big-1_x", 12)
    node = "0a1b2c3d" * 4
    assert tag(node, key) == f"allod:0a1b2c3d:train.big-1_x.12:{proof(node, key)}"
    assert parse_tag(tag(node, key), node) == key
    assert parse_tag(tag(node, key), "0a1b2c3e" * 4) is None
    # One that shows the same digits cannot sign for it.
    assert parse_tag(tag("0a1b2c3d" + "0" * 24, key), node) is None
    assert parse_tag(f"mine; {tag(node, key)}", node) is None


@pytest.mark.parametrize("key", [("w", 1), ("a.b.c", 2), ("w.1", 1), ("W-" + "x" * 126, 9_999_999)])
def test_a_workload_id_with_dots_is_kept_apart_from_its_run(key: tuple[str, int]) -> None:
    assert parse_tag(tag("00000001", key), "00000001") == key


@pytest.mark.parametrize(
    "comment",
    ["", "allod", "allod:00000001:w", "allod:00000001:.", "allod:1:w.1", "allod:0000000G:w.1"],
)
def test_a_comment_of_others_is_no_tag(comment: str) -> None:
    assert parse_tag(comment, "00000001") is None
