from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator

import pytest

from allod.adapters.page_hasher import PageHasher
from allod.run.pagehash import Item, page_hashes

ITEMS: list[Item] = [
    (bytes([number]) * 32, "event/WorkloadEnded", b'{"at_s":%d,"workload_id":"w1"}' % number)
    for number in range(40)
]
GIVEN = (1_000, ITEMS, b"p" * 32, 8)


@pytest.fixture
def hasher() -> Iterator[PageHasher]:
    made = PageHasher()
    yield made
    made.close()


def test_it_hashes_as_the_function_does(hasher: PageHasher) -> None:
    assert hasher(*GIVEN) == page_hashes(*GIVEN)
    assert hasher(0, ITEMS, b"q" * 32, 0) == page_hashes(0, ITEMS, b"q" * 32, 0)
    assert hasher._process is not None


def test_few_leaves_need_no_process(hasher: PageHasher) -> None:
    assert hasher(0, ITEMS[:8], b"p" * 32, 8) == page_hashes(0, ITEMS[:8], b"p" * 32, 8)
    assert hasher._process is None


def test_one_that_was_killed_is_started_anew(
    hasher: PageHasher, caplog: pytest.LogCaptureFixture
) -> None:
    hasher(*GIVEN)
    assert hasher._process is not None
    first = hasher._process.pid
    os.kill(first, signal.SIGKILL)
    hasher._process.wait()
    with caplog.at_level(logging.WARNING):
        assert hasher(*GIVEN) == page_hashes(*GIVEN)
    assert "is started anew" in caplog.text
    hasher(*GIVEN)
    assert hasher._process is not None and hasher._process.pid != first


def test_it_ends_when_nobody_writes_any_more(hasher: PageHasher) -> None:
    hasher(*GIVEN)
    process = hasher._process
    assert process is not None and process.stdin is not None
    process.stdin.close()  # As when the node is killed.
    assert process.wait(10) == 0
