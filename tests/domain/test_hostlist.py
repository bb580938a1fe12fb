from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.hostlist import expand
from allod.errors import InvalidInput


@pytest.mark.parametrize(
    ("hostlist", "names"),
    [
        ("", ()),
        ("n1", ("n1",)),
        ("n[1-4]", ("n1", "n2", "n3", "n4")),
        ("gpu01,gpu[03-05]", ("gpu01", "gpu03", "gpu04", "gpu05")),
        ("b2,a[9-10,3]", ("b2", "a9", "a10", "a3")),
        ("r[1-2]n[08-10]", ("r1n08", "r1n09", "r1n10", "r2n08", "r2n09", "r2n10")),
        ("r[1-2]-gpu", ("r1-gpu", "r2-gpu")),
        ("n[007]", ("n007",)),
    ],
)
def test_a_list_names_nodes_in_its_order(hostlist: str, names: tuple[str, ...]) -> None:
    assert expand(hostlist) == names


def compressed(numbers: list[int], width: int) -> str:
    """As Slurm writes it: runs of numbers as ranges."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    shown = [f"{p[0]:0{width}d}" + (f"-{p[-1]:0{width}d}" if len(p) > 1 else "") for p in parts]
    return f"n[{','.join(shown)}]"


@given(st.sets(st.integers(0, 300), min_size=1), st.integers(1, 5))
def test_what_slurm_compressed_comes_out_again(numbers: set[int], width: int) -> None:
    ordered = sorted(numbers)
    assert expand(compressed(ordered, width)) == tuple(f"n{i:0{width}d}" for i in ordered)


@given(st.text(alphabet="n01-9[],.x", max_size=12))
def test_any_text_is_a_list_or_no_list(text: str) -> None:
    try:
        names = expand(text)
    except InvalidInput:
        return
    assert all(name and not set(name) & set("[],") for name in names) or not re.search("[][]", text)


@pytest.mark.parametrize(
    "wrong",
    [
        "n[1-4",
        "n1-4]",
        "n[[1]]",
        "n[]",
        "n[a-b]",
        "n[4-1]",
        "n[4-3]",
        "a,,b",
        ",a",
        "a,",
        "n[1-]",
        "n[1-2-3]",
    ],
)
def test_what_is_no_list_is_said_to_be_none(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="is no list of nodes"):
        expand(wrong)


def test_a_list_of_too_many_nodes_is_refused_before_it_is_made() -> None:
    assert len(expand("n[1-100000]")) == 100_000
    for long in ("n[1-100001]", "n[1-60000],m[1-60000]", "r[1-9999]n[1-9999]", "n[0-9999999999]"):
        with pytest.raises(InvalidInput):
            expand(long)
