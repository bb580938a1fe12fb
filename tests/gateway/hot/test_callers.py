"""What comes in by a socket: heads and bodies of any size and shape, and those who read slowly."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import psutil
import pytest

from allod.gateway.inside import BATCH_HEADER, KEY_HEADER
from tests.gateway.hot.engines import Engine, Told, live
from tests.gateway.hot.house import (
    CHAT,
    DESK_SECRET,
    SECRET,
    House,
    key,
    replica,
    request,
    said,
    service,
    table,
)

KEY = f"authorization: Bearer {SECRET}\r\n"
POST = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\n{KEY}"


def chunked(body: bytes, size: int) -> bytes:
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"


def test_whatever_could_be_read_in_two_ways_is_refused(tmp_path: Path) -> None:
    body = json.dumps(said()).encode()
    length = f"content-length: {len(body)}\r\n"
    hidden = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\n\r\n".encode()
    heads = [
        f"{POST}{length}transfer-encoding: chunked\r\n",
        f"{POST}transfer-encoding: chunked\r\n{length}",
        f"{POST}{length}content-length: 3\r\n",
        f"{POST}transfer-encoding: chunked, gzip\r\n",
        f"{POST}transfer-encoding : chunked\r\n",
        f"{POST}{length}x: a\rb\r\n",
        f"{POST}content-length: +{len(body)}\r\n",
        f"{POST}content-length: 0x10\r\n",
        f"{POST}{length} x: folded\r\n",
        f"{POST.replace('1.1', '9.9')}{length}",
        f"{POST}upgrade: h2c\r\nconnection: upgrade\r\n{length}",
    ]

    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            for head in heads:
                caller = await house.open()
                await caller.send(head.encode() + b"\r\n" + body + hidden)
                status, headers = await caller.head()
                assert (status, headers.get("connection")) == (400, "close"), head
                assert await caller.ended()
                caller.close()
            assert not engine.told
            # Nothing of a caller's own words gets into the head that an engine sees.
            extra = "content-type: text/x\r\nx-evil: 1\r\nx-allod-key: k9\r\ncookie: c\r\n"
            assert (await house.ask(said(), extra=extra)).status == 200
            head = engine.told[0].head.lower()
            assert not any(word in head for word in (b"evil", b"x-allod", b"cookie", b"text/x"))

    live(run)


def test_requests_come_in_any_pieces_and_one_behind_the_other(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            caller = await house.open()
            head = f"{POST}transfer-encoding: chunked\r\n\r\n".encode()
            whole = head + chunked(json.dumps(said("in pieces")).encode(), 5)
            for at in range(0, len(whole), 11):
                await caller.send(whole[at : at + 11])
                await asyncio.sleep(0)
            assert (await caller.answer()).status == 200
            assert engine.told[0].plain["messages"] == said("in pieces")["messages"]
            # Eight at once, some refused, some streams: answers come in the order of requests.
            sent = b""
            for n in range(8):
                sent += request(said(f"call {n}", stream=n % 3 == 0) if n != 5 else b"{")
            await caller.send(sent)
            given = [await caller.answer() for _ in range(8)]
            assert [answer.status for answer in given] == [200] * 5 + [400] + [200] * 2
            texts = [told.plain["messages"][0]["content"] for told in engine.told[1:]]
            assert texts == [f"call {n}" for n in range(8) if n != 5]
            assert engine.busiest == 1
            await caller.send(f"{POST}expect: 100-continue\r\ncontent-length: 2\r\n\r\n".encode())
            assert (await caller.head())[0] == 100
            await caller.send(b"{}")
            assert (await caller.answer()).status == 400
            caller.close()

    live(run)


@pytest.mark.parametrize("cold", [False, True])
def test_who_waits_for_leave_to_send_hears_it_behind_the_answer_before(
    tmp_path: Path, cold: bool
) -> None:
    async def run() -> None:
        may_end = asyncio.Event()

        async def slow(told: Told) -> None:
            await told.open()
            await told.token("one")
            await may_end.wait()
            await told.token("two")
            await told.close()

        async def desk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(2)
            writer.write(b"HTTP/1.1 400 X\r\ncontent-length: 2\r\n\r\nno")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(desk, "127.0.0.1", 0)
        engine = await Engine(slow).start()
        told, port = table(service(replica("w1", engine))), server.sockets[0].getsockname()[1]
        async with server, House(tmp_path, told, desk_port=port) as house:
            caller = await house.open()
            await caller.send(request(said(stream=True)))
            assert (await caller.head())[0] == 200
            assert b"one" in await caller.chunk()
            following = request(b"{}", path="/v1/batches") if cold else request(b"{}")
            head = following[: -len(b"\r\n{}")]
            await caller.send(head + b"expect: 100-continue\r\n\r\n")
            await asyncio.sleep(0.2)
            may_end.set()
            assert b"two" in await caller.chunk()
            while await caller.chunk():
                pass
            assert (await caller.head())[0] == 100
            await caller.send(b"{}")
            assert (await caller.answer()).status == 400
            caller.close()

    live(run)


def test_callers_of_http_1_0_get_no_chunks(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            for stream in (False, True):
                caller = await house.open()
                body = request(said(stream=stream)).replace(b"HTTP/1.1", b"HTTP/1.0")
                await caller.send(body)
                content = await caller.reader.read()
                head, _, body = content.partition(b"\r\n\r\n")
                assert b"transfer-encoding" not in head and b"connection: close" in head
                assert body.endswith(b"data: [DONE]\n\n" if stream else b"}")
                caller.close()

    live(run)


def test_heads_and_bodies_that_are_too_long_are_refused(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            caller = await house.open()
            await caller.send(f"{POST}x-long: ".encode() + b"a" * 80_000)
            status, headers = await caller.head()
            assert (status, headers["connection"]) == (431, "close")
            caller.close()
            caller = await house.open()
            await caller.send(
                f"{POST}expect: 100-continue\r\ncontent-length: 999999999\r\n\r\n".encode()
            )
            assert (await caller.head())[0] == 413
            caller.close()
            # One that does not say how long it is, and never ends.
            caller = await house.open()
            await caller.send(f"{POST}transfer-encoding: chunked\r\n\r\n".encode())
            reading = asyncio.create_task(caller.head())
            piece = b"100000\r\n" + b"a" * (1 << 20) + b"\r\n"
            try:
                while not reading.done():
                    await caller.send(piece)
            except ConnectionError:
                pass
            assert (await reading)[0] == 413
            caller.close()
            assert psutil.Process(house.process.pid).memory_info().rss < 300 << 20
            # One without a key is not even kept until it is whole.
            caller = await house.open()
            await caller.send(request(b"x" * (8 << 20), secret="sk-wrong"))
            assert (await caller.answer()).status == 401
            caller.close()
            large = await house.ask(said("x" * (4 << 20)))
            assert large.status == 200
            assert len(engine.told[0].plain["messages"][0]["content"]) == 4 << 20

    live(run)


def test_a_slow_reader_slows_the_engine_and_fills_no_memory(tmp_path: Path) -> None:
    total = 200

    async def run() -> None:
        async def torrent(told: Told) -> None:
            await told.open()
            for _ in range(total):
                await told.token("x" * (256 << 10))
            await told.close()

        engine = await Engine(torrent).start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            caller = await house.open()
            await caller.send(request(said(stream=True)))
            caller.writer.transport.pause_reading()
            process = psutil.Process(house.process.pid)
            last = -1
            # Until nothing moves any more: all that lies between is full.
            while engine.told == [] or engine.told[0].sent != last:
                last = engine.told[0].sent if engine.told else -1
                await asyncio.sleep(0.3)
            assert last < total // 2
            assert process.memory_info().rss < 120 << 20
            caller.writer.transport.resume_reading()
            answer = await caller.answer()
            assert len(answer.body) > total * (256 << 10)
            caller.close()
            (record,) = await house.record()
            assert (record.outcome, record.answer_tokens) == ("completed", total)

    live(run)


def test_who_sends_many_requests_at_once_fills_no_memory(tmp_path: Path) -> None:
    async def run() -> None:
        go = asyncio.Event()

        async def held(told: Told) -> None:
            await go.wait()
            await told.whole(b"{}")

        engine = await Engine(held).start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            caller = await house.open()
            one = request(said("x" * (1 << 20)))
            caller.writer.write(one * 100)
            await house.until(lambda: engine.told)
            buffered, last = caller.writer.transport.get_write_buffer_size, -1
            while buffered() != last:
                last = buffered()
                await asyncio.sleep(0.2)
            assert last > 50 * len(one)
            assert psutil.Process(house.process.pid).memory_info().rss < 80 << 20
            go.set()
            assert {(await caller.answer()).status for _ in range(100)} == {200}
            caller.close()

    live(run)


def test_cold_paths_go_to_the_desk_which_is_told_whose_they_are(tmp_path: Path) -> None:
    heads: list[bytes] = []
    bodies: list[bytes] = []

    async def desk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        body = b""
        if b"transfer-encoding: chunked" in head:
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
        elif b"content-length: " in head:
            body = await reader.readexactly(int(head.split(b"content-length: ")[1].split()[0]))
        bodies.append(body)
        answer = b'{"bytes":%d}' % len(body)
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-allod-inner: 1\r\n"
            b"transfer-encoding: chunked\r\n\r\n%b" % chunked(answer, 3)
        )
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(desk, "127.0.0.1", 0, limit=1 << 26)
        port = server.sockets[0].getsockname()[1]
        engine = await Engine().start()
        keys = (key(), key("k2", "sk-2"))
        told = table(service(replica("w1", engine)), keys=keys)
        async with House(tmp_path, told, desk_port=port) as house:
            caller = await house.open()
            large = b"line\n" * (1 << 20)
            extra = f"{KEY_HEADER}: k2\r\n{BATCH_HEADER}: b\r\ncontent-type: multipart/x\r\n"
            await caller.send(request(large, path="/v1/files?purpose=batch", extra=extra))
            answer = await caller.answer()
            assert answer.plain() == {"bytes": len(large)} and "x-allod-inner" not in answer.headers
            head = heads[0].decode().lower()
            assert head.startswith("post /v1/files?purpose=batch http/1.1")
            assert f"authorization: bearer {DESK_SECRET}" in head and SECRET not in head
            assert f"{KEY_HEADER}: k1\r\n" in head and "k2" not in head and BATCH_HEADER not in head
            assert "content-type: multipart/x" in head and bodies[0] == large
            # The same connection goes on, with chunks too, and with what engines answer.
            start = f"POST /v1/batches HTTP/1.1\r\nhost: x\r\n{KEY}transfer-encoding: chunked\r\n"
            await caller.send(start.encode() + b"\r\n" + chunked(b"abc" * 1000, 100))
            await caller.send(request(said()))
            assert (await caller.answer()).plain() == {"bytes": 3000}
            assert "choices" in (await caller.answer()).plain()
            caller.close()
            assert (await house.ask(b"", path="/v1/files", method="GET", secret="")).status == 401
            assert len(heads) == 2
            server.close()
            gone = await house.ask(b"", path="/v1/files/x", method="DELETE")
            assert (gone.status, gone.code()) == (503, "no_desk")

    live(run)
