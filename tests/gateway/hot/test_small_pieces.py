"""What comes in very small pieces fills no more memory than what comes in large ones."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.gateway.hot.engines import Engine, Told, answers, live
from tests.gateway.hot.house import PATIENCE_S, House, replica, request, said, service, table

MANY = b"".join(b"x%d:\r\n" % number for number in range(300))
FEW = b"".join(b"x%d:\r\n" % number for number in range(200))


def in_chunks(whole: bytes, size: int) -> bytes:
    """A request whose body comes in chunks of so many bytes."""
    head, _, body = whole.partition(b"\r\n\r\n")
    length = b"content-length: %d" % len(body)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return head.replace(length, b"transfer-encoding: chunked") + b"\r\n\r\n" + chunks


def test_a_body_of_small_pieces_has_the_room_that_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(House, "bodies_bytes_max", 16 << 20)
    whole = request(said("x" * (1 << 20)))

    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            for size, status in ((1 << 16, 200), (2, 503), (1 << 16, 200)):
                caller = await house.open()
                sending = asyncio.create_task(caller.send(in_chunks(whole, size) + b"0\r\n\r\n"))
                assert (await caller.answer()).status == status
                caller.close()
                await asyncio.gather(sending, return_exceptions=True)

    live(run)


def test_a_head_of_very_many_headers_is_refused_before_it_is_whole(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            # Nobody knows yet whose it is.
            caller = await house.open()
            await caller.send(b"POST /v1/chat/completions HTTP/1.1\r\n" + MANY)
            assert (await caller.answer()).code() == "head_too_large"
            assert await caller.ended()
            caller.close()
            assert (await house.ask(said(), extra=FEW.decode())).status == 200

    live(run)


def test_nor_is_it_taken_whole(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            for extra in (MANY, b"x: " + b"y" * (65 << 10) + b"\r\n"):
                answer = await house.ask(said(), extra=extra.decode())
                assert (answer.status, answer.code()) == (431, "head_too_large")
            assert not engine.told
            # A body that comes along is not counted.
            assert (await house.ask(said("x" * (65 << 10)), extra=FEW.decode())).status == 200

    live(run)


def test_nor_are_they_kept_while_another_request_is_answered(tmp_path: Path) -> None:
    async def run() -> None:
        ends = asyncio.Event()

        async def streams(told: Told) -> None:
            await told.open()
            await told.token()
            await ends.wait()
            await told.token()
            await told.close()

        engine = await Engine(streams).start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            for head in (MANY, b"x: " + b"y" * (65 << 10)):
                ends.clear()
                caller = await house.open()
                await caller.send(request(said(stream=True)))
                assert (await caller.head())[0] == 200
                assert await caller.chunk()
                await caller.send(b"POST /v1/chat/completions HTTP/1.1\r\n" + head)
                engine.behave = answers
                assert (await house.ask(said())).status == 200  # By now it was read.
                engine.behave = streams
                await caller.send(b"\r\n\r\n")
                ends.set()
                # The answer that is under way comes whole, and nothing behind it.
                async with asyncio.timeout(PATIENCE_S):
                    got = await caller.reader.read()
                caller.close()
                assert got.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n"), got
                assert b"HTTP/1.1" not in got

    live(run)
