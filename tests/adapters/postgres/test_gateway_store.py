"""Records, files and batches of the gateway in a real database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from secrets import token_hex
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allod.adapters.postgres import GatewayStore, Store
from allod.errors import InvalidInput, Unavailable
from allod.run.serving.kept import Batch, By, KeptFile, UsageFilter
from allod.run.serving.tally import Tally
from allod.run.serving.usage import UsageRecord

DAY_MS = 86_400_000


@pytest.fixture
def kept(store: Store, database: str) -> Iterator[GatewayStore]:
    opened = GatewayStore(database)
    yield opened
    opened.close()


def record(number: int = 0, **given: object) -> UsageRecord:
    values = {
        "id": f"req-{number:04}", "key": "k1", "project": "school", "access_class": "research",
        "service": "chat", "model": "tiny", "site": "narvik", "replica": "w1",
        "operation": "chat", "stream": bool(number % 2), "status": 200, "outcome": "completed",
        "prompt_tokens": 10, "cached_tokens": 4, "answer_tokens": 5, "counted_by": "engine",
        "received_at_ms": 1_000 + number, "waited_ms": 1, "first_ms": 20, "took_ms": 50,
        "energy_mj": 7, "co2e_ug": 3, "energy_method": "measured",
    }  # fmt: skip
    return UsageRecord(**(values | given))  # type: ignore[arg-type]


def file(number: int, **given: object) -> KeptFile:
    values = {
        "id": f"file-{number}", "project": "school", "purpose": "batch", "filename": "in.jsonl",
        "bytes": 100, "created_at_s": number,
    }  # fmt: skip
    return KeptFile(**(values | given))  # type: ignore[arg-type]


def batch(number: int, **given: object) -> Batch:
    values = {
        "id": f"batch-{number}", "project": "school", "key": "k1", "status": "validating",
        "endpoint": "/v1/chat/completions", "input_file": "file-1", "window": "24h",
        "metadata": "{}", "created_at_s": number, "expires_at_s": number + 86_400,
    }  # fmt: skip
    return Batch(**(values | given))  # type: ignore[arg-type]


def test_a_record_that_comes_twice_is_there_once_as_it_came_first(kept: GatewayStore) -> None:
    first = [record(n) for n in range(5)]
    assert kept.put_records(first) == 5
    changed = replace(first[4], outcome="interrupted", answer_tokens=99)
    assert kept.put_records([changed, record(5), record(5)]) == 1
    assert kept.records() == [record(5), *reversed(first)]


def test_every_field_comes_back_as_it_was(kept: GatewayStore) -> None:
    bare = record(1, site="", first_ms=None, energy_mj=None, co2e_ug=None, energy_method="none")
    odd = record(2, batch="batch-1", model="a\0b'; -- ø", stream=False, prompt_tokens=2**40)
    kept.put_records([bare, odd])
    assert kept.records() == [replace(odd, model="a�b'; -- ø"), bare]


_NASTY = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ['"', "\\", "\\u0000", "\0", "\\\0", "\\.", "\\N", "NULL", "},{", "]", "\n", "\r\n", ",\n",
     "\x01", "\x02", "\t", "\x7f", "\x85", "\u2028", "$1", "%s", "'; DROP TABLE usage_record; --"]
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.tuples(_NASTY, _NASTY), min_size=1, max_size=20))
def test_whatever_names_are_made_of_they_come_back(
    kept: GatewayStore, names: list[tuple[str, str]]
) -> None:
    some = uuid4().hex
    records = [
        record(number, id=f"{some}-{number:02}", model=model, replica=other, batch=some)
        for number, (model, other) in enumerate(names)
    ]
    assert kept.put_records(records) == len(names)
    found = kept.records(UsageFilter(batch=some))
    wanted = [(model.replace("\0", "�"), other.replace("\0", "�")) for model, other in names]
    assert [(one.model, one.replica) for one in reversed(found)] == wanted


_GOOD = record(1).encode()
_BEGIN, _, _END = record(2, model="half").encode().partition(b"half")


@pytest.mark.parametrize(
    "wrong",
    [
        record(2, outcome="magic").encode(),
        record(2, took_ms="soon").encode(),
        record(2).encode().replace(b'"took_ms":50', b'"took_ms":99999999999999999999'),
        record(2, stream="perhaps").encode(),
        record(2, site=None).encode(),
        b'{"id":"a"}',
        record(2, id=token_hex(20_000)).encode(),
        b"",
        b"7",
        b"\0\0\0",
        b"\xff",
        b'"' + _GOOD,
        _GOOD[:-9],
        b"[" * 20_000,
        # Two lines that would be one record, were they one line.
        _BEGIN + b"\n" + _END,
    ],
)
def test_what_is_no_record_keeps_nothing_and_says_so(kept: GatewayStore, wrong: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"no record"):
        kept.put_lines(_GOOD + b"\n" + wrong)
    assert kept.records() == []
    assert [one.calls for one in kept.put_lines(_GOOD)] == [1]


def test_new_records_are_added_up_by_kind(kept: GatewayStore) -> None:
    kept.put_records([record(1, prompt_tokens=1_000)])
    alike = [
        record(n, first_ms=ms, took_ms=50, energy_mj=n) for n, ms in ((1, 5), (2, 11), (3, 25))
    ]
    others = [
        record(4, first_ms=26, took_ms=51),
        record(5, first_ms=None, took_ms=300_001, outcome="failed", energy_mj=None),
        record(6, first_ms=60_001, site="oslo"),
    ]
    lines = b"\n".join(one.encode() for one in (*alike, *others))
    narvik = Tally(
        "chat", "narvik", "chat", "completed", "measured", 1, 0, 2, 20, 8, 10, 5, 36, 100
    )
    assert set(kept.put_lines(lines)) == {
        narvik,
        replace(
            narvik, first_within=2, took_within=1, calls=1, prompt_tokens=10, cached_tokens=4,
            answer_tokens=5, energy_mj=7, first_ms=26, took_ms=51,
        ),
        replace(
            narvik, outcome="failed", first_within=None, took_within=12, calls=1, prompt_tokens=10,
            cached_tokens=4, answer_tokens=5, energy_mj=None, first_ms=None, took_ms=300_001,
        ),
        replace(
            narvik, site="oslo", first_within=12, calls=1, prompt_tokens=10, cached_tokens=4,
            answer_tokens=5, energy_mj=7, first_ms=60_001, took_ms=50,
        ),
    }  # fmt: skip
    assert kept.put_lines(lines) == []


def test_usage_is_summed_by_what_is_asked_and_of_what_is_meant(kept: GatewayStore) -> None:
    kept.put_records(
        [
            record(1),
            record(2, site="oslo", received_at_ms=DAY_MS),
            record(3, project="ministry", outcome="left", energy_mj=None, energy_method="none"),
            record(4, site="", outcome="refused", energy_mj=None, energy_method="none"),
        ]
    )
    [everything] = kept.usage()
    assert (everything.calls, everything.completed, everything.left) == (4, 2, 1)
    assert (everything.prompt_tokens, everything.cached_tokens) == (40, 16)
    assert (everything.energy_mj, everything.energy_unknown, everything.energy_measured) == (
        14, 1, 2,
    )  # fmt: skip
    # 14 mJ by the 30 tokens of the two calls of which it is known.
    assert (everything.energy_per_1000_tokens_mj, everything.energy_method) == (467, "measured")
    said = {found.project: found for found in kept.usage([By.PROJECT])}
    assert said["ministry"].energy_per_1000_tokens_mj is None
    assert said["ministry"].energy_method == "none"
    by_site = {found.site: found.calls for found in kept.usage([By.SITE])}
    assert by_site == {"": 1, "narvik": 2, "oslo": 1}
    by_day = kept.usage([By.DAY, By.PROJECT], UsageFilter(project="school"))
    assert [(found.day, found.calls) for found in by_day] == [("1970-01-01", 2), ("1970-01-02", 1)]
    assert kept.usage(where=UsageFilter(until_ms=DAY_MS, outcome="left"))[0].calls == 1
    assert kept.usage(where=UsageFilter(since_ms=DAY_MS + 1)) == []
    kept.put_records([record(5, energy_method="estimated", energy_mj=1)])
    mixed = kept.usage()[0]
    assert (mixed.energy_method, mixed.energy_measured, mixed.energy_estimated) == ("mixed", 2, 1)
    # Who left before an engine had the call: there is no energy to be known.
    kept.put_records(
        [record(7, key="k8", site="", outcome="left", energy_mj=None, energy_method="none")]
    )
    [left] = kept.usage([By.KEY], UsageFilter(key="k8"))
    assert (left.energy_measured, left.energy_estimated, left.energy_unknown) == (0, 0, 0)
    kept.put_records([record(6, key="k9", energy_method="provisional", energy_mj=1)])
    assert kept.usage([By.KEY], UsageFilter(key="k9"))[0].energy_method == "estimated"


def test_pages_of_records_have_each_once(kept: GatewayStore) -> None:
    kept.put_records([record(n, received_at_ms=n // 3) for n in range(20)])
    seen, after = [], ""
    while page := kept.records(limit=7, after=after):
        seen += [found.id for found in page]
        after = seen[-1]
    assert seen == [f"req-{n:04}" for n in reversed(range(20))]


def test_files_are_those_of_one_project_within_its_limit(kept: GatewayStore) -> None:
    assert kept.put_file(file(1), 250)
    assert kept.put_file(file(2, purpose="batch_output"), 250)
    assert not kept.put_file(file(3), 250)
    assert kept.put_file(file(4, project="ministry"), 250)
    assert kept.file("file-4", "school") is None
    assert not kept.remove_file("file-4", "school")
    assert [found.id for found in kept.files("school")] == ["file-2", "file-1"]
    assert [found.id for found in kept.files("school", after="file-2")] == ["file-1"]
    assert [found.id for found in kept.files("school", purpose="batch")] == ["file-1"]
    assert kept.files("school", newest_first=False, limit=1) == [file(1)]
    assert kept.remove_file("file-1", "school")
    assert kept.put_file(file(3, expires_at_s=50), 250)
    assert [found.id for found in kept.files_expired(50)] == ["file-3"]
    assert kept.file_ids() == {"file-2", "file-3", "file-4"}


def test_a_batch_goes_its_way_once(kept: GatewayStore) -> None:
    kept.put_batch(batch(1))
    assert kept.begin_batch("batch-1", 10, "tiny", 5)
    assert not kept.begin_batch("batch-1", 11, "tiny", 6)
    kept.count_batch("batch-1", 3, 1)
    assert kept.finalize_batch("batch-1", 7)
    assert not kept.cancel_batch("batch-1", "school", 8)
    ended = batch(1, status="completed", ended_at_s=9, completed=9, failed=1, output_file="o")
    assert kept.end_batch(ended)
    assert not kept.end_batch(ended)
    assert kept.batch("batch-1", "school") == replace(
        ended, total=10, model="tiny", in_progress_at_s=5, finalizing_at_s=7
    )


def test_a_cancelled_batch_does_not_begin(kept: GatewayStore) -> None:
    kept.put_batch(batch(1))
    kept.put_batch(batch(2))
    assert not kept.cancel_batch("batch-1", "ministry", 4)
    assert kept.cancel_batch("batch-1", "school", 4)
    assert not kept.begin_batch("batch-1", 10, "tiny", 5)
    assert [found.status for found in kept.batches_open()] == ["cancelling", "validating"]
    assert [found.id for found in kept.batches("school", after="batch-2")] == ["batch-1"]


def test_before_the_node_made_the_tables_it_says_so(database: str) -> None:
    early = GatewayStore(database)
    with pytest.raises(Unavailable, match="no log"):
        early.put_records([record()])
    Store.open(database).close()
    assert early.put_records([record()]) == 1
    early.close()
