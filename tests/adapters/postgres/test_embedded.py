from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from allod.adapters.postgres import EmbeddedServer, Store
from allod.errors import Conflict, Forbidden, InvalidInput, Unavailable
from allod.run.log import ViewChange
from tests.adapters.postgres.rows import leaves

NOTHING = ViewChange()

NODE = """
import sys, time
from pathlib import Path
from allod.adapters.postgres import EmbeddedServer, Store
from allod.run.log import Leaf, ViewChange
server = EmbeddedServer(Path(sys.argv[1]))
server.start()
store = Store.open(server.url())
seq = store.tail()
while True:
    store.append([Leaf(seq, 0, "event/Told", b"")], ViewChange())
    seq += 1
    print(seq, flush=True)
"""


@pytest.fixture(scope="module")
def made_once() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="allod-test-") as made:
        server = EmbeddedServer(Path(made) / "data")
        server.start()
        server.stop()
        yield Path(made) / "data"


@pytest.fixture
def new_folder() -> Iterator[Path]:
    """A data folder that does not exist yet; a server that is left behind is stopped."""
    with tempfile.TemporaryDirectory(prefix="allod-test-") as made:
        home = Path(made) / "data"
        yield home
        if (home / "postgres" / "postmaster.pid").exists():
            server = EmbeddedServer(home)
            server.start()
            server.stop()


@pytest.fixture
def folder(made_once: Path, new_folder: Path) -> Path:
    """A data folder whose database is made and stopped; a copy is faster than making it."""
    subprocess.run(["cp", "-a", made_once, new_folder], check=True)
    return new_folder


def postmaster(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


def test_what_was_logged_is_there_after_stop_and_start(new_folder: Path) -> None:
    server = EmbeddedServer(new_folder)
    server.start()
    with Store.open(server.url()) as store:
        store.append(leaves(0, 5), NOTHING)
    assert server.stop() is True
    assert not (new_folder / "postgres" / "postmaster.pid").exists()
    with pytest.raises(Unavailable, match="not started"):
        server.url()
    assert server.stop() is True
    server.start()
    with Store.open(server.url()) as store:
        assert list(store.read()) == leaves(0, 5)
    server.stop()


def test_a_server_that_goes_and_comes_back_under_a_store(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    with Store.open(server.url()) as store:
        store.append(leaves(0, 2), NOTHING)
        assert len(list(store.read())) == 2
        server.stop()
        with pytest.raises(Unavailable):
            store.append(leaves(2, 1), NOTHING)
        with pytest.raises(Unavailable):
            store.workload("w-1")
        server.start()
        assert store.workload("w-1") is None
        store._writer._not_before = 0.0  # Do not wait for the backoff.
        assert store.tail() == 2
        store.append(leaves(2, 1), NOTHING)
        assert store.tail() == 3
    server.stop()


def test_a_killed_node_leaves_the_server_to_the_next_one(folder: Path) -> None:
    node = subprocess.Popen([sys.executable, "-c", NODE, folder], stdout=subprocess.PIPE, text=True)
    assert node.stdout is not None
    acknowledged = 0
    for line in node.stdout:
        acknowledged = int(line)
        if acknowledged == 50:
            break
    first = postmaster(folder)
    node.kill()
    rest = node.stdout.read().split("\n")
    node.stdout.close()
    node.wait()
    acknowledged = max([acknowledged, *(int(line) for line in rest[:-1])])
    server = EmbeddedServer(folder)
    server.start()
    assert postmaster(folder) == first
    with Store.open(server.url()) as store:
        assert acknowledged <= store.tail() <= acknowledged + 1
        assert [leaf.seq for leaf in store.read()] == list(range(store.tail()))
    assert server.stop() is True


def test_a_killed_server_is_brought_back_with_all_it_acknowledged(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    with Store.open(server.url()) as store:
        store.append(leaves(0, 300), NOTHING)
        os.kill(postmaster(folder), signal.SIGKILL)
        server.start()
        with pytest.raises(Unavailable):
            store.tail()
        assert store.tail() == 300
    server.stop()


def test_a_pid_file_of_somebody_elses_pid_does_not_hinder(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    file = folder / "postgres" / "postmaster.pid"
    lines = file.read_text().splitlines()
    owner = file.stat()
    server.stop()
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid) as bystander:
        file.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
        os.chown(file, owner.st_uid, owner.st_gid)
        server.start()
        assert postmaster(folder) != bystander.pid
        assert bystander.poll() is None
        bystander.terminate()
    server.stop()


def test_the_last_user_stops_the_server(folder: Path) -> None:
    first, second = EmbeddedServer(folder), EmbeddedServer(folder)
    first.start()
    second.start()
    assert first.url() == second.url()
    assert first.stop() is False
    with psycopg.connect(second.url()) as session:
        assert session.execute("SELECT 1").fetchone() == (1,)
    assert second.stop() is True
    assert not (folder / "postgres" / "postmaster.pid").exists()


def test_a_long_path_gets_its_socket_elsewhere(new_folder: Path) -> None:
    long = new_folder / ("ø" * 60) / ("y" * 60)
    server = EmbeddedServer(long)
    server.start()
    try:
        with psycopg.connect(server.url()) as session:
            (where,) = session.execute("SHOW unix_socket_directories").fetchone() or ("",)
        socket_folder = Path(where)
        assert long not in socket_folder.parents
        assert socket_folder.stat().st_mode & 0o077 == 0
        again = EmbeddedServer(long)
        again.start()
        assert again.url() == server.url()
        again.stop()
    finally:
        server.stop()
        socket_folder.rmdir()


def test_only_the_nodes_user_gets_in(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    try:
        assert (folder / "postgres").stat().st_mode & 0o077 == 0
        with psycopg.connect(server.url()) as session:
            (addresses,) = session.execute("SHOW listen_addresses").fetchone() or ("?",)
            rules = session.execute("SELECT type, auth_method FROM pg_hba_file_rules").fetchall()
        assert addresses == ""
        assert rules == [("local", "peer")]
    finally:
        server.stop()


def test_a_start_that_was_cut_off_while_making_the_folder_is_repeated(new_folder: Path) -> None:
    (new_folder / "postgres.new" / "base").mkdir(parents=True)
    (new_folder / "postgres").mkdir()
    server = EmbeddedServer(new_folder)
    server.start()
    assert not (new_folder / "postgres.new").exists()
    server.stop()


def test_a_folder_of_another_version_is_left_alone(new_folder: Path) -> None:
    (new_folder / "postgres").mkdir(parents=True)
    (new_folder / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(Conflict, match="made by PostgreSQL 16, this Allod brings 18"):
        EmbeddedServer(new_folder).start()
    assert [path.name for path in (new_folder / "postgres").iterdir()] == ["PG_VERSION"]


def test_a_folder_of_something_else_is_left_alone(new_folder: Path) -> None:
    (new_folder / "postgres").mkdir(parents=True)
    (new_folder / "postgres" / "letters.txt").write_text("dear")
    with pytest.raises(Conflict, match="is not a PostgreSQL data folder"):
        EmbeddedServer(new_folder).start()
    assert (new_folder / "postgres" / "letters.txt").read_text() == "dear"


def test_a_file_in_place_of_the_folder_is_bad_input(new_folder: Path) -> None:
    new_folder.write_text("")
    with pytest.raises(InvalidInput, match="is not a folder"):
        EmbeddedServer(new_folder).start()
    new_folder.unlink()


def test_a_broken_server_says_why_in_one_line(folder: Path) -> None:
    server = EmbeddedServer(folder)
    server.start()
    server.stop()
    control = folder / "postgres" / "global" / "pg_control"
    control.write_bytes(bytes(len(control.read_bytes())))
    with pytest.raises(Unavailable, match=r"does not start: .*(FATAL|PANIC):") as caught:
        server.start()
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="skipped: root may write everywhere")
def test_a_folder_without_the_right_to_write(new_folder: Path) -> None:
    new_folder.mkdir(mode=0o500)
    with pytest.raises(Forbidden, match="cannot write"):
        EmbeddedServer(new_folder).start()
