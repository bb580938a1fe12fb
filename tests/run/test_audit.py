"""An audit says what the log says of an instant, each line with its leaf."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from allod.decide.engine import Engine
from allod.domain.decision import Hold, Placement, Reason, Reclaim, Refusal, Step
from allod.domain.event import (
    DocumentsApplied,
    Event,
    NodeStarted,
    Outcome,
    TimePassed,
    WorkloadEnded,
    WorkloadSubmitted,
)
from allod.errors import InvalidInput, NotFound
from allod.prove.encoding import decode
from allod.run.audit import DAY_S, audit, instant_of
from allod.run.log import Leaf
from allod.run.records import Record, canonical_fast, erased, leaf_of, record_of

HISTORIES = Path(__file__).parents[1] / "histories"

PARTIES = [
    {
        "kind": "Party",
        "name": "op",
        "spec": {
            "title": "Op",
            "seat": "NO",
            "owners": [{"party": "half", "share_bp": 6000}, {"party": "rest", "share_bp": 4000}],
        },
    },
    {"kind": "Party", "name": "half", "spec": {"title": "Half", "seat": "GB", "dispersed": True}},
    {"kind": "Party", "name": "rest", "spec": {"title": "Rest", "seat": "NO", "dispersed": True}},
]
SITE: dict[str, Any] = {
    "title": "Fjord",
    "country": "NO",
    "operator": "op",
    "management": ["NO"],
    "metadata": ["NO"],
    "runner": "none",
    "stop_time_s": 5,
    "pools": [{"name": "gpu", "accelerator": "unit", "power_per_accelerator_w": 100}],
    "phases": [{"name": "p0", "state": "live", "starts": 0, "accelerators": {"gpu": 8}}],
    "parties": [{"party": "half", "role": "owner", "ends": 5000}],
}
CHARTER = {"site": "fjord", "classes": [
    {"name": "own", "floor": 4, "reclaim_notice_s": 60, "eligible": {"countries": ["NO"]}},
    {"name": "lent"},
]}  # fmt: skip


def documents(*items: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "apiVersion": "allod/v1",
            "kind": item["kind"],
            "metadata": {"name": item["name"]},
            "spec": item["spec"],
        }
        for item in items
    )


WORLD = documents(
    *PARTIES,
    {"kind": "Site", "name": "fjord", "spec": SITE},
    {"kind": "Charter", "name": "fjord", "spec": CHARTER},
    {"kind": "Project", "name": "school", "spec": {"title": "School", "country": "NO"}},
)
SPEC = {"project": "school", "accelerators": 2, "wall_time_s": 600, "command": ["true"]}


def told(*records: Record) -> list[Leaf]:
    return [leaf_of(record, seq) for seq, record in enumerate(records)]


def begun(*records: Record) -> list[Leaf]:
    return told(NodeStarted(at_s=0), DocumentsApplied(at_s=10, documents=WORLD), *records)


def asked(at_s: int, workload_id: str = "w1", **more: Any) -> WorkloadSubmitted:
    spec = {**SPEC, **more}
    return WorkloadSubmitted(at_s=at_s, workload_id=workload_id, name="x", workload=spec)


def held(at_s: int, workload_id: str = "w1", step: Step = Step.ROOM) -> Hold:
    reason = Reason(site="fjord", step=step, code="no-room", message="it is full")
    return Hold(at_s=at_s, workload_id=workload_id, reasons=(reason,))


def placed(at_s: int, workload_id: str = "w1", **more: Any) -> Placement:
    fields = {"run": 1, "site": "fjord", "pool": "gpu", "access_class": "own", "accelerators": 2}
    fields |= {"nodes": (), "power_w": 200, "ends_at_s": at_s + 600, "lent": False, "notice_s": 60}
    return Placement(at_s=at_s, workload_id=workload_id, **{**fields, **more})


def lived(name: str) -> list[Leaf]:
    engine, leaves = Engine(), list[Leaf]()
    for line in (HISTORIES / f"{name}.jsonl").read_text().splitlines():
        item = json.loads(line)["event"]
        event = decode(f"event/{item.pop('type')}", canonical_fast(item))
        assert isinstance(event, Event)
        for record in (event, *engine.step(event)):
            leaves.append(leaf_of(record, len(leaves)))
    return leaves


def holding(leaves: Iterable[Leaf], at_s: int) -> dict[tuple[str, str], int]:
    """Who held room where, counted by hand: the leaf of the placement by site and workload."""
    found: dict[str, tuple[str, int]] = {}
    for leaf in leaves:
        record = record_of(leaf)
        if leaf.at_s > at_s:
            break
        if isinstance(record, Placement):
            found[record.workload_id] = (record.site, leaf.seq)
        elif isinstance(record, WorkloadEnded):
            found.pop(record.workload_id, None)
    return {(site, name): seq for name, (site, seq) in found.items()}


@pytest.mark.parametrize("name", ["one-day", "long-queue"])
def test_what_ran_is_what_was_placed_and_had_not_ended(name: str) -> None:
    leaves = lived(name)
    times = sorted({leaf.at_s for leaf in leaves})
    sites = {item["metadata"]["name"] for item in _applied(leaves) if item["kind"] == "Site"}
    for at_s in times[:: max(1, len(times) // 8)]:
        for site in sites:
            found = audit(leaves, site, at_s)
            mine = {(site, one.workload_id): one.seq for one in found.ran}
            true = holding(leaves, at_s)
            assert mine == {key: seq for key, seq in true.items() if key[0] == site}
            assert found.seq == max(leaf.seq for leaf in leaves if leaf.at_s <= at_s)
            assert found.site.in_use == sum(one.accelerators for one in found.ran)
            assert all(floor.held for floor in found.floors)
            assert found.reclaimed_count == sum(
                leaf.kind == "decision/Reclaim"
                and json.loads(leaf.body)["site"] == site
                and at_s - DAY_S < leaf.at_s <= at_s
                for leaf in leaves
            )


def _applied(leaves: Iterable[Leaf]) -> list[dict[str, Any]]:
    first = next(leaf for leaf in leaves if leaf.kind == "event/DocumentsApplied")
    found: list[dict[str, Any]] = json.loads(first.body)["documents"]
    return found


def test_under_whose_control_it_was_is_told_by_the_documents_of_then() -> None:
    sold = {**SITE, "operator": "rest"}
    later = DocumentsApplied(
        at_s=900, documents=documents({"kind": "Site", "name": "fjord", "spec": sold})
    )
    leaves = begun(TimePassed(at_s=500), later, TimePassed(at_s=6000))
    before, after = audit(leaves, "fjord", 899), audit(leaves, "fjord", 900)
    assert (before.site_seq, before.site.operator.value) == (1, "op")
    assert (after.site_seq, after.site.operator.value) == (3, "rest")
    assert [(one.party, one.roles, one.controls) for one in before.parties] == [
        ("op", ("operator",), True),
        ("half", ("owner",), True),
        ("rest", (), False),
    ]
    assert [(one.party, one.share_bp) for one in before.parties[0].owners] == [
        ("half", 6000),
        ("rest", 4000),
    ]
    assert [one.party for one in after.parties] == ["rest", "half"]
    assert [one.party for one in audit(leaves, "fjord", 6000).parties] == ["rest"]


def test_a_floor_is_not_held_once_somebody_within_it_waits_past_notice_and_stop_time() -> None:
    leaves = begun(asked(100), held(100), TimePassed(at_s=1000))
    for at_s, kept in ((165, True), (166, False)):
        (floor,) = audit(leaves, "fjord", at_s).floors
        assert (floor.access_class, floor.promise_s, floor.held) == ("own", 65, kept)
        (one,) = floor.within
        assert (one.workload_id, one.since_s, one.seq) == ("w1", 100, 3)
        assert [reason.code for reason in one.reasons] == ["no-room"]


def test_what_the_floor_does_not_promise_is_no_breach_of_it() -> None:
    for records in (
        [asked(100, accelerators=6), held(100)],  # More than the floor.
        [asked(100), held(100, step=Step.CLASS)],  # Its grant is used up.
        [asked(100, flexibility={"not_before": 5000}), held(100)],
        [asked(50, "w2", accelerators=4), placed(50, "w2", accelerators=4), asked(100), held(100)],
    ):
        (floor,) = audit(begun(*records, TimePassed(at_s=1000)), "fjord", 1000).floors
        assert floor.held and not floor.within


def test_the_wait_counts_from_when_the_floor_was_free() -> None:
    end = WorkloadEnded(at_s=990, workload_id="w2", run=1, outcome=Outcome.COMPLETED)
    full = [asked(50, "w2", accelerators=4), placed(50, "w2", accelerators=4)]
    leaves = begun(*full, asked(100), held(100), end, TimePassed(at_s=1100))
    for at_s, kept in ((1055, True), (1056, False)):
        (floor,) = audit(leaves, "fjord", at_s).floors
        assert (floor.within[0].since_s, floor.held) == (990, kept)


def test_refusals_and_reclaims_of_the_day_before_are_told_with_their_leaves() -> None:
    why = Reason(site="fjord", step=Step.LAW, code="no", message="not here", forever=True)
    other = Reason(site="elsewhere", step=Step.LAW, code="no", message="nor here", forever=True)
    leaves = begun(
        asked(100),
        Refusal(at_s=100, workload_id="w1", reasons=(other, why)),
        asked(200, "w2"),
        placed(200, "w2", lent=True),
        Reclaim(at_s=300, workload_id="w2", run=1, site="fjord", pool="gpu",
                for_workload_id="w9", stop_at_s=360),
        TimePassed(at_s=DAY_S + 299),
    )  # fmt: skip
    found = audit(leaves, "fjord", 300)
    (refused,), (reclaimed,) = found.refused, found.reclaimed
    assert (refused.seq, refused.workload_id, refused.project) == (3, "w1", "school")
    assert refused.reasons == (why,)
    assert (reclaimed.seq, reclaimed.project, reclaimed.for_workload_id) == (6, "school", "w9")
    late = audit(leaves, "fjord", DAY_S + 299)
    assert (late.refused_count, late.reclaimed_count) == (0, 1)
    assert audit(leaves, "fjord", 299).reclaimed == ()


def test_leaves_that_were_erased_since_are_counted() -> None:
    leaves = begun(asked(100), placed(100), TimePassed(at_s=200))
    found = audit([erased(leaf) if leaf.seq in (2, 3) else leaf for leaf in leaves], "fjord", 200)
    assert (found.erased, found.ran) == (2, ())


def test_a_site_that_was_not_there_then_is_not_found() -> None:
    with pytest.raises(NotFound, match="no site 'fjord' at 1970"):
        audit(begun(), "fjord", 9)
    with pytest.raises(NotFound) as error:
        audit(begun(), "fiord", 50)
    assert "fjord" in error.value.mend


def test_a_day_means_its_end_and_nonsense_is_refused() -> None:
    assert instant_of("1970-01-02") == 2 * DAY_S - 1
    assert instant_of("1970-01-02T00:00:00Z") == instant_of("1970-01-02T01:00+01:00") == DAY_S
    for text in ("", "yesterday", "1970-13-01", "1969-01-01T00:00Z", "9" * 30, "2026-1-1-11"):
        with pytest.raises(InvalidInput, match="is no date"):
            instant_of(text)
