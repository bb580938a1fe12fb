"""The data folder: one node at a time, and files that only their owner reads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from allod.adapters.address_file import Address
from allod.cli.place import Place
from allod.errors import Conflict, InvalidInput, Unavailable

HOLD = (
    "import sys, pathlib; from allod.cli.place import Place\n"
    "with Place(pathlib.Path(sys.argv[1])).hold(): print('held', flush=True); sys.stdin.read()"
)
ADDRESS = Address(url="http://127.0.0.1:7700", pid=1, version="0.1.0")


def test_an_address_comes_back_and_goes(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.address() is None
    place.write_address(ADDRESS)
    assert place.address() == ADDRESS
    place.remove_address()
    place.remove_address()
    assert place.address() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": "x"}', '{"url":"x","pid":"y"}', "7"])
def test_an_address_that_is_no_longer_whole_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "node.json").write_text(text)
    assert Place(tmp_path).address() is None


def test_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    place = Place(tmp_path / "data")
    place.make()
    place.write_token("s3")
    place.write_address(ADDRESS)
    assert place.token() == "s3"
    assert place.folder.stat().st_mode & 0o077 == 0
    assert place.token_file.stat().st_mode & 0o777 == 0o600
    assert (place.folder / "node.json").stat().st_mode & 0o777 == 0o600


def test_a_token_that_was_readable_by_others_is_not_written_into(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.token_file.write_text("old")
    place.token_file.chmod(0o644)
    place.write_token("new")
    assert place.token_file.stat().st_mode & 0o777 == 0o600


def test_one_node_holds_the_folder_and_its_death_lets_go(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert not place.is_held()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert place.is_held()
        assert place.holder() == holder.pid
        place.write_address(ADDRESS)
        with pytest.raises(Conflict, match="and answers at http://127"), place.hold():
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    assert not place.is_held()
    assert place.holder() is None
    with place.hold():
        assert place.holder() == os.getpid()


def test_a_file_in_place_of_the_folder_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="is not a folder"):
        Place(tmp_path / "file").make()
    assert not Place(tmp_path / "file").is_held()


def test_a_folder_that_has_gone_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot write"):
        Place(tmp_path / "gone").write_token("s3")
