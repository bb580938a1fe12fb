"""Where a node listens, and what it says when it cannot."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from allod.adapters.listening import url_of
from allod.cli import listening
from allod.cli.listening import Wanted, listen
from allod.errors import Conflict, InvalidInput


def test_the_next_free_port_is_taken_when_none_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(listening, "PORT_DEFAULT", port)
        with listen(Wanted(data=tmp_path).config()) as bound:
            assert bound.getsockname()[1] != port
        with pytest.raises(Conflict, match=f"port {port} is taken"):
            listen(Wanted(data=tmp_path, port=port).config())


def test_port_0_is_any(tmp_path: Path) -> None:
    with listen(Wanted(data=tmp_path, port=0).config()) as bound:
        host, port = bound.getsockname()
        assert (host, url_of(bound)) == ("127.0.0.1", f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("host", "url"), [("0.0.0.0", "http://127.0.0.1:"), ("localhost", "http://127.0.0.1:")]
)
def test_an_address_for_all_is_reached_from_here(tmp_path: Path, host: str, url: str) -> None:
    with listen(Wanted(data=tmp_path, host=host, port=0).config()) as bound:
        assert url_of(bound).startswith((url, "http://[::1]:"))


@pytest.mark.parametrize("host", ["203.0.113.7", "not an address"])
def test_an_address_that_is_not_ours_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(InvalidInput, match=r"host|listen"):
        listen(Wanted(data=tmp_path, host=host, port=0).config())


def test_a_host_in_the_file_must_be_meant_and_one_that_is_given_is(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("host: 0.0.0.0\n")
    with pytest.raises(InvalidInput, match="lets others in"):
        Wanted(data=tmp_path).config()
    assert not Wanted(data=tmp_path, host="0.0.0.0").config().loopback
    assert Wanted(data=tmp_path, host="127.0.0.1").config().loopback


def test_what_is_not_given_is_read_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("port: 7001\nrunner_threads: 2\n")
    assert Wanted(data=tmp_path).config().port == 7001
    assert Wanted(data=tmp_path, port=7002).config().port == 7002
    assert Wanted(data=tmp_path, port=7002).config().runner_threads == 2
