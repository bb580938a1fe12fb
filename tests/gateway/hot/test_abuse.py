"""Callers who mean harm, and disks that are full: nobody else's calls suffer, and none is lost."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from allod.gateway.hot.server import Caller as Connection
from allod.gateway.hot.state import State
from allod.gateway.inside import Begin, LeaseGiven, LeaseWanted
from tests.gateway.hot.engines import Engine, Told, answers, chat, live, usage
from tests.gateway.hot.house import (
    CHAT,
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
POST = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\n"


def nested(depth: int) -> bytes:
    body = json.dumps(said("DEEP")).encode()
    return body.replace(b'"DEEP"', b"[" * depth + b"]" * depth)


def test_a_call_that_is_nested_deep_harms_no_other(tmp_path: Path) -> None:
    """It waits for engines to start, and two are there at once: it is asked how it begins."""

    async def run() -> None:
        engines = [await Engine(answers).start() for _ in range(2)]
        async with House(tmp_path, table(service())) as house:
            waiting = [asyncio.create_task(house.ask(nested(depth))) for depth in (260, 300)]
            await house.until(lambda: house.waiting() == 2)
            both = [replica(f"w{n}", engine) for n, engine in enumerate(engines)]
            await house.renew(table(service(*both)))
            assert [(await call).status for call in waiting] == [200, 200]
            assert (await house.ask(said())).status == 200

    live(run)


def test_long_bodies_share_a_room_that_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(House, "bodies_bytes_max", 8 << 20)
    long, longer = request(said("x" * (4 << 20))), request(said("x" * (6 << 20)))

    async def run() -> None:
        engine = await Engine(answers).start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:

            async def status(sent: bytes) -> tuple[int, str | None]:
                caller = await house.open()
                await caller.send(sent)
                answer = await caller.answer()
                caller.close()
                return answer.status, answer.headers.get("retry-after")

            first = await house.open()
            await first.send(longer[: 5 << 20])
            while await status(long) != (503, "1"):  # The first one's is still being read.
                pass
            await first.send(longer[5 << 20 :])
            assert (await first.answer()).status == 200
            first.close()
            # What was held for it is free again, also where a caller leaves in the middle.
            second = await house.open()
            await second.send(longer[: 5 << 20])
            while (await status(long))[0] != 503:
                pass
            second.close()
            while (await status(long))[0] != 200:
                pass
            for _ in range(3):
                assert (await status(longer))[0] == 200

    live(run)


def test_who_begins_the_next_request_early_holds_no_room_for_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(House, "bodies_bytes_max", 4 << 20)
    long = request(said("x" * (2 << 20)))

    async def run() -> None:
        async def waits(told: Told) -> None:
            await held.wait()
            await answers(told)

        held = asyncio.Event()
        engine = await Engine(waits).start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            caller = await house.open()
            sent = 0
            for _ in range(4):
                held.clear()
                asked = len(engine.told)
                await caller.send(long[sent:])
                await house.until(lambda asked=asked: len(engine.told) > asked)
                sent = len(b"POST ")
                await caller.send(long[:sent])
                await asyncio.sleep(0.05)  # So that it comes by itself, before the answer.
                held.set()
                assert (await caller.answer()).status == 200
                assert (await house.ask(said("x" * (1 << 20)))).status == 200
            caller.close()

    live(run)


def test_records_wait_while_the_disk_is_full_and_come_whole(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine(answers).start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            pid = house.process.pid
            await house.ask(said())
            await house.record()
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            size = sum(path.stat().st_size for path in tmp_path.glob("spool-*"))
            # A write comes to half of a line, and the next one to nothing.
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size + 50, hard))
            for _ in range(3):
                assert (await house.ask(said())).status == 200
            await house.until(
                lambda: sum(path.stat().st_size for path in tmp_path.glob("spool-*")) > size
            )
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
            await house.ask(said())
            await house.until(lambda: not house.in_book())
            assert len({record.id for record in house.records()}) == 5

    live(run)


def test_content_that_cannot_be_kept_keeps_no_engine(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine(answers).start()
        (tmp_path / "content").write_text("no folder")
        told = table(service(replica("w1", engine), in_flight=1), keys=(key(content=True),))
        async with House(tmp_path, told) as house:
            for _ in range(3):
                assert (await house.ask(said())).status == 200
            assert len(await house.record(3)) == 3

    live(run)


def test_numbers_too_great_to_tell_the_desk_harm_no_later_call(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine(answers).start()
        told = table(service(replica("w1", engine)), keys=(key(tokens_per_min=1000),))
        async with House(tmp_path, told, workers=2) as house:
            huge = await house.ask(said(max_tokens=2**62, n=1000))
            assert (huge.status, huge.code()) == (429, "rate_limit_exceeded")
            asked = asyncio.create_task(house.ask(said()))
            wanted = await house.until(
                lambda: [one for one in house.heard if isinstance(one, LeaseWanted)]
            )
            house.tell(
                LeaseGiven(key=wanted[0].key, requests=0, tokens=wanted[0].tokens, good_for_ms=2000)
            )
            assert (await asked).status == 200

    live(run)


def test_trailers_are_no_headers_of_the_next_request(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine(answers).start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            caller = await house.open()
            body = json.dumps(said()).encode()
            head = f"{POST}{KEY}transfer-encoding: chunked\r\n\r\n".encode()
            await caller.send(head + b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(body), body, KEY.encode()))
            assert (await caller.answer()).status == 200
            await caller.send(request(said(), secret=""))
            assert (await caller.answer()).status == 401
            caller.close()

    live(run)


def test_a_cold_request_behind_a_call_has_its_body(tmp_path: Path) -> None:
    async def run() -> None:
        got: list[bytes] = []

        async def desk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            got.append(await reader.readexactly(9))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            await writer.drain()
            writer.close()

        cold = await asyncio.start_server(desk, "127.0.0.1", 0)
        engine = await Engine(answers).start()
        told = table(service(replica("w1", engine)))
        port = cold.sockets[0].getsockname()[1]
        async with cold, House(tmp_path, told, desk_port=port) as house:
            caller = await house.open()
            await caller.send(request(said()) + request(b'{"a": 12}', path="/v1/batches"))
            assert (await caller.answer()).status == 200
            assert (await caller.answer()).body == b"ok"
            assert got == [b'{"a": 12}']
            caller.close()

    live(run)


async def two_choices(told: Told) -> None:
    """As vLLM: each part says the tokens of its own choice, only the last part those of all."""
    await told.open()
    for sent in range(1, 4):
        for index in range(2):
            plain: dict[str, Any] = {"choices": [{"index": index, "delta": {"content": "la"}}]}
            plain["usage"] = usage(sent)
            await told.event(json.dumps(plain, separators=(",", ":")).encode())
    await told.gone.wait()


def test_a_caller_who_leaves_is_billed_all_choices(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine(two_choices).start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            caller = await house.open()
            await caller.send(request(said(stream=True, n=2)))
            await caller.head()
            seen = b""
            while seen.count(b"la") < 6:
                seen += await caller.chunk()
            assert b"usage" not in seen
            caller.close()
            (record,) = await house.record()
            assert (record.outcome, record.prompt_tokens, record.answer_tokens) == ("left", 7, 6)

    live(run)


def test_what_a_call_may_come_to_is_taken_whole(tmp_path: Path) -> None:
    """However many answers, by whatever name the limit goes, and pictures by the context."""

    async def run() -> None:
        engine = await Engine(answers).start()
        told = table(service(replica("w1", engine)), keys=(key(tokens_per_min=2000),))
        async with House(tmp_path, told) as house:
            for body in (
                said(n=30),
                said(max_tokens=1, n_predict=4000),
                said(max_completion_tokens=0, max_tokens=4000),
                said(max_completion_tokens=70, n=30),
            ):
                refused = await house.ask(body)
                assert (refused.status, refused.plain()["error"]["type"]) == (429, "tokens")
            assert (await house.ask(said("x" * 50_000, max_tokens=50))).status == 200

    live(run)


def test_no_caller_sets_its_own_priority_or_works_unseen(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine(answers).start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            for path, given in (
                (CHAT, said()),
                ("/v1/completions", {"prompt": "hello"}),
                ("/v1/responses", {"input": "hello"}),
                ("/v1/embeddings", {"input": "hello"}),
            ):
                asked = {"model": "tiny", "priority": -1_000_000} | given
                assert (await house.ask(asked, path=path)).status == 200
                assert engine.told[-1].plain["priority"] == -5
            unseen = {"model": "tiny", "input": "hello", "background": True}
            refused = await house.ask(unseen, path="/v1/responses")
            assert (refused.status, refused.plain()["error"]["param"]) == (400, "background")

    live(run)


def test_who_leaves_before_the_answer_has_used_what_it_took(tmp_path: Path) -> None:
    async def run() -> None:
        async def works_long(told: Told) -> None:
            await told.gone.wait()

        engine = await Engine(works_long).start()
        told = table(service(replica("w1", engine)), keys=(key(tokens_per_min=1000),))
        async with House(tmp_path, told) as house:
            caller = await house.open()
            await caller.send(request(said(max_tokens=800)))
            await house.until(lambda: engine.told)
            caller.close()
            await house.record()
            assert (await house.ask(said(max_tokens=800))).status == 429

    live(run)


def test_a_connection_that_opens_late_gets_nothing_if_its_replica_has_gone(tmp_path: Path) -> None:
    """The port was another's when it was called; by now it may be anybody's."""

    async def run() -> None:
        engine = await Engine(answers).start()
        with socket.create_server(("127.0.0.1", 0), backlog=0) as slow:
            port = slow.getsockname()[1]
            # They fill the queue of those who wait to be accepted; the next one waits outside.
            filling = [socket.socket() for _ in range(3)]
            for one in filling:
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", port))
            async with House(tmp_path, table(service(replica("w1", port)))) as house:
                asked = asyncio.create_task(house.ask(said()))
                await house.until(house.in_book)
                await house.renew(table(service(replica("w2", engine))))
                for one in filling:
                    one.close()
                slow.settimeout(2.5)
                heard = b""
                with suppress(OSError):
                    while True:
                        came, _ = await asyncio.to_thread(slow.accept)
                        came.settimeout(0.5)
                        with came, suppress(OSError):
                            heard += await asyncio.to_thread(came.recv, 1000)
                assert (await asked).status == 200
                assert heard == b""

    live(run)


def test_an_engine_that_counts_nonsense_spoils_no_record(tmp_path: Path) -> None:
    async def run() -> None:
        async def boasts(told: Told) -> None:
            told.sent = 10**12
            if not told.plain.get("stream"):
                return await told.whole(chat(told.sent))
            await told.open()
            await told.close()

        engine = await Engine(boasts).start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            for stream in (False, True):
                assert (await house.ask(said(stream=stream))).status == 200
            records = await house.record(2)
            assert {record.outcome for record in records} == {"completed"}
            assert {record.answer_tokens for record in records} == {0}

    live(run)


def test_who_waits_is_refused_too_once_the_table_is_too_old(tmp_path: Path) -> None:
    async def run() -> None:
        async with House(tmp_path, table(service(hold_s=600), good_for_s=2)) as house:
            waited = await house.ask(said())
            assert (waited.status, waited.code()) == (503, "gateway_without_node")

    live(run)


def test_a_head_that_comes_byte_by_byte_has_its_time_as_a_whole(tmp_path: Path) -> None:
    async def run() -> None:
        begin = Begin(
            number=0, workers=1, folder=str(tmp_path), desk_host="", desk_port=1, secret="s",
            bodies_bytes_max=1 << 20,
        )  # fmt: skip
        loop = asyncio.get_running_loop()
        state = State(begin, loop, lambda message: None)
        server = await loop.create_server(lambda: Connection(state), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /v1/chat/completions HTTP/1.1\r\n")
            for _ in range(62):
                writer.write(b"a")
                await asyncio.sleep(0.001)
                for connection in list(state.callers):
                    connection.tick()  # As if a second had passed.
            async with asyncio.timeout(10):
                assert (await reader.readline()).startswith(b"HTTP/1.1 408")
            writer.close()

    live(run)
