"""Leaves: the same bytes as the canonical encoding, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.decision import DECISIONS, Footprint, Reason, Step
from allod.domain.event import EVENTS, CapState, Outcome, WorkloadEnded
from allod.errors import InvalidInput
from allod.prove.encoding import encode, kind_of
from allod.run.log import Leaf
from allod.run.records import TokenMade, leaf_of, record_of, workloads_of

WHOLE = st.integers(0, 1 << 53)
TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=4)
REASON = st.builds(
    Reason,
    site=TEXT,
    step=st.sampled_from(Step),
    code=TEXT,
    message=TEXT,
    forever=st.booleans(),
    pool=TEXT,
    needed=TEXT,
    actual=TEXT,
    origin=TEXT,
)
FIELDS: dict[str, Any] = {
    "Footprint | None": st.none()
    | st.builds(Footprint, carbon_g=st.none() | WHOLE, energy_wh=WHOLE, water_l=st.none() | WHOLE),
    "str": TEXT,
    "int": WHOLE,
    "bool": st.booleans(),
    "int | None": st.none() | WHOLE,
    "Json": OBJECT,
    "tuple[Json, ...]": st.lists(OBJECT, max_size=2).map(tuple),
    "tuple[Reason, ...]": st.lists(REASON, max_size=3).map(tuple),
    "tuple[str, ...]": st.lists(TEXT, max_size=3).map(tuple),
    "tuple[int, ...]": st.lists(WHOLE, max_size=3).map(tuple),
    "tuple[tuple[str, int], ...]": st.lists(st.tuples(TEXT, WHOLE), max_size=3).map(tuple),
    "tuple[tuple[int, int], ...]": st.lists(st.tuples(WHOLE, WHOLE), max_size=3).map(tuple),
    "Outcome": st.sampled_from(Outcome),
    "CapState": st.sampled_from(CapState),
}


def records() -> st.SearchStrategy[Any]:
    return st.one_of(
        [
            st.builds(
                cls,
                **{name: FIELDS[field.type] for name, field in cls.__dataclass_fields__.items()},
            )
            for cls in (*EVENTS.values(), *DECISIONS.values())
        ]
    )


@given(records(), WHOLE)
def test_every_leaf_has_the_canonical_bytes_and_reads_back(record: Any, seq: int) -> None:
    leaf = leaf_of(record, seq)
    assert (leaf.seq, leaf.at_s, leaf.kind) == (seq, record.at_s, kind_of(record))
    assert leaf.body == encode(record)
    assert record_of(leaf) == record


def test_an_end_that_nobody_counted_has_the_bytes_of_before_there_were_counts() -> None:
    ended = WorkloadEnded(at_s=3, workload_id="w1", run=1, outcome=Outcome.COMPLETED)
    assert leaf_of(ended, 0).body == (
        b'{"at_s":3,"began_at_s":null,"detail":"","exit_status":null,"finished_at_s":null,'
        b'"job":"","node_names":[],"outcome":"completed","restarts":0,"run":1,"workload_id":"w1"}'
    )
    counted = replace(ended, energy_j=0, energy_shared=True)
    assert b'"energy_j":0,"energy_shared":true,' in leaf_of(counted, 0).body


def test_administrative_records_read_back_and_are_about_no_workload() -> None:
    made = TokenMade(at_s=5, name="ci", role="read", sha256="00", actor="op")
    leaf = leaf_of(made, 3)
    assert leaf.kind == "admin/TokenMade" and record_of(leaf) == made
    assert workloads_of(made) == ()


@pytest.mark.parametrize("kind", ["admin/Other", "event/Other", "other/TokenMade"])
def test_a_record_of_a_later_version_is_not_guessed_at(kind: str) -> None:
    with pytest.raises(InvalidInput, match="newer version"):
        record_of(Leaf(0, 0, kind, b"{}"))
