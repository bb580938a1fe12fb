"""Requests to witnesses: a server that answers, refuses, drips or lies about its length."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from allod.adapters import witness_http
from allod.adapters.witness_http import HttpWitnessClient
from allod.errors import Unavailable

Serve = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"


@pytest.fixture
def serving() -> Iterator[Callable[[Serve], str]]:
    """Starts a server that does this with each connection; its address."""
    listeners: list[socket.socket] = []

    def start(serve: Serve) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        asked = b""
                        while not asked.endswith(b"\r\n\r\nx"):  # Unread, it would cut the answer.
                            asked += connection.recv(65_536)
                        serve(connection)
                    except OSError:
                        continue

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/add-checkpoint"

    yield start
    for listener in listeners:
        listener.close()


def test_status_and_body_are_handed_on(serving: Callable[[Serve], str]) -> None:
    client = HttpWitnessClient()
    assert client.post(serving(lambda c: c.sendall(OK)), b"x") == (200, b"abcde")
    refused = OK.replace(b"200 OK", b"409 Conflict")
    assert client.post(serving(lambda c: c.sendall(refused)), b"x") == (409, b"abcde")
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n"
    assert client.post(serving(lambda c: c.sendall(moved)), b"x") == (302, b"")


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX: ", OK[:-5]])
def test_a_witness_that_drips_is_late_as_a_whole(
    serving: Callable[[Serve], str], monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    """Each byte comes in time, and the answer never ends."""
    monkeypatch.setattr(witness_http, "_ANSWER_S", 0.5)

    def drip(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(200):
            connection.sendall(b"a" if head != OK[:-5] else b"")
            time.sleep(0.05)

    with pytest.raises(Unavailable, match="has not answered in"):
        HttpWitnessClient().post(serving(drip), b"x")


def test_a_body_without_end_is_cut(serving: Callable[[Serve], str]) -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"a" * 10_000)

    status, body = HttpWitnessClient().post(serving(flood), b"x")
    assert (status, len(body)) == (200, 100_000)


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", OK[:-2]])
def test_no_whole_answer_is_none(serving: Callable[[Serve], str], answer: bytes) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        HttpWitnessClient().post(serving(lambda c: c.sendall(answer)), b"x")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/w", "nonsense", "ftp://x/w", "http://[::1"])
def test_an_address_where_nobody_is_is_unavailable(url: str) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        HttpWitnessClient().post(url, b"x")
