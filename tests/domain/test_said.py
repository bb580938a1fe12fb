"""Codes of what the node says: each is said somewhere, and with the values that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from allod.domain import said as module
from allod.domain.said import NEEDS, SAYINGS, Said, said

SOURCES = Path(module.__file__).resolve().parents[1]


def test_each_code_is_said_somewhere() -> None:
    here = Path(module.__file__).resolve()
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py") if path != here
    )
    assert not [one for one in SAYINGS if f'"{one}"' not in code]


def test_it_is_said_with_the_values_that_it_names() -> None:
    assert said("larger-grant", amount="8 accelerator-hours", project="a") == Said(
        "larger-grant", {"amount": "8 accelerator-hours", "project": "a"}
    )
    with pytest.raises(AssertionError, match="is said with"):
        said("larger-grant", project="a")
    with pytest.raises(KeyError):
        said("made-later")


def test_what_needs_a_person_is_among_all() -> None:
    assert NEEDS.items() <= SAYINGS.items()
