from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from allod.adapters.postgres import EmbeddedServer, Store
from allod.errors import Unavailable
from allod.run.log import ViewChange
from tests.adapters.postgres.rows import leaves


def mount(*arguments: str | Path) -> bool:
    done = subprocess.run(["mount", *arguments], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 120 MB in memory: room for an empty database and a little log."""
    # Not in pytest's own folder, see conftest.py.
    with tempfile.TemporaryDirectory(prefix="allod-test-") as place:
        if os.geteuid() != 0 or not mount("-t", "tmpfs", "-o", "size=120m", "tmpfs", place):
            pytest.skip("skipped: mounting a small disk needs root")
        yield Path(place)
        subprocess.run(["umount", "--lazy", place], check=True)


def test_no_room_for_a_database_says_so_and_leaves_nothing(small_disk: Path) -> None:
    assert mount("-o", "remount,size=12m", small_disk)
    with pytest.raises(Unavailable, match="No space left on device") as caught:
        EmbeddedServer(small_disk / "data").start()
    assert "free space" in caught.value.mend
    assert not (small_disk / "data" / "postgres").exists()
    assert not (small_disk / "data" / "postgres.new").exists()


def test_a_full_disk_loses_nothing_and_work_goes_on_when_there_is_room(small_disk: Path) -> None:
    server = EmbeddedServer(small_disk / "data")
    server.start()
    with Store.open(server.url()) as store:
        acknowledged = 0
        with pytest.raises(Unavailable):
            while True:
                store.append(leaves(acknowledged, 64, os.urandom(16_000)), ViewChange())
                acknowledged += 64
        assert acknowledged > 0
        assert mount("-o", "remount,size=600m", small_disk)
        tail = tail_once_back(server, store)
        assert tail in (acknowledged, acknowledged + 64)
        store.append(leaves(tail, 64, os.urandom(16_000)), ViewChange())
        assert [leaf.seq for leaf in store.read()] == list(range(tail + 64))
    server.stop()


def tail_once_back(server: EmbeddedServer, store: Store) -> int:
    until = time.monotonic() + 60
    while True:
        try:
            server.start()
            return store.tail()
        except Unavailable:
            assert time.monotonic() < until
            time.sleep(0.1)
