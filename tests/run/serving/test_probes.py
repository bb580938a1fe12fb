"""Probes against real sockets: what counts as an answer, and how soon one without it is out."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from allod.run.serving import probes
from allod.run.serving.probes import Target, asked


@contextmanager
def listening(answer: bytes | None) -> Iterator[Target]:
    """Somebody who answers one request so; None: who takes the connection and says nothing."""
    heads: list[bytes] = []
    over = threading.Event()

    def meet() -> None:
        met, _ = server.accept()
        with met, suppress(OSError):
            heads.append(met.recv(1 << 16))
            if answer is None:
                over.wait(20)
            else:
                met.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=meet, daemon=True)
        thread.start()
        yield Target("127.0.0.1", server.getsockname()[1], "/up?x=1", "secret")
        over.set()
        thread.join()
    assert heads[0].startswith(b"GET /up?x=1 HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer secret\r\n" in heads[0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
        (b"HTTP/1.0 200\r\n\r\n", ""),
        (b"HTTP/1.1 503 Loading\r\n\r\n", "it answered 'HTTP/1.1 503 Loading'"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "it answered 'HTTP/1.1 2000 OK'"),
        (b"SSH-2.0-server\r\n", "it answered 'SSH-2.0-server'"),
        (b"", "it answered ''"),
        (b"x" * 5000, "no answer: "),
    ],
)
def test_only_200_is_an_answer(answer: bytes, said: str) -> None:
    with listening(answer) as target:
        found = asyncio.run(asked(target))
    assert found == said if not said.endswith(": ") else found.startswith(said)


def test_silence_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "ANSWER_WITHIN_S", 0.1)
    with listening(None) as target:
        found = asyncio.run(asked(target))
    assert found == "no answer within 0.1 s"


def test_nobody_there_is_said_as_such() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert asyncio.run(asked(Target("127.0.0.1", port, "/", ""))).startswith("no answer: ")
