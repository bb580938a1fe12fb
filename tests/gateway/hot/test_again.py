"""Heads that are repeated on a connection, and are not read a second time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tests.gateway.hot.engines import Engine, Told, chat, live
from tests.gateway.hot.house import House, key, replica, request, said, service, table


def texts(engine: Engine) -> list[str]:
    return [told.plain["messages"][0]["content"] for told in engine.told]


def test_the_same_head_brings_another_body_each_time(tmp_path: Path) -> None:
    sent = ["one", "two", "a longer one" * 20, "x", "", "two"]

    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            caller = await house.open()
            for text in sent:
                await caller.send(request(said(text), extra="connection: keep-alive\r\n"))
                assert (await caller.answer()).status == 200
            whole = request(said("in two"))
            await caller.send(request(said("before")))
            assert (await caller.answer()).status == 200
            for piece in (whole[:-9], whole[-9:]):
                await caller.send(piece)
            assert (await caller.answer()).status == 200
            # A body that is shorter or longer than the head says is not taken for it.
            await caller.send(request(said("behind")) + b"GET /nowhere HTTP/1.1\r\n\r\n")
            assert [(await caller.answer()).status for _ in range(2)] == [200, 404]
            caller.close()
            assert texts(engine) == [*sent, "before", "in two", "behind"]
            ids = {record.id for record in await house.record(len(engine.told))}
            assert len(ids) == len(engine.told)

    live(run)


def test_what_lies_in_a_body_is_never_taken_for_a_request(tmp_path: Path) -> None:
    inner = request(said("hidden"))
    outer = inner[: inner.index(b"content-length")] + b"content-length: %d\r\n" % len(inner)
    outer += inner[inner.index(b"authorization") : inner.index(b"\r\n\r\n") + 4]

    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            for before in (b"", inner):
                caller = await house.open()
                await caller.send(inner)
                assert (await caller.answer()).status == 200
                await caller.send(before + outer)
                if before:
                    assert (await caller.answer()).status == 200
                # Once this is answered, what was sent before it was read, by itself.
                await house.ask(b"", path="/v1/models", method="GET")
                await caller.send(inner)
                assert (await caller.answer()).status == 400
                await caller.send(inner)
                assert (await caller.answer()).status == 200
                caller.close()
            assert len(engine.told) == 5

    live(run)


def test_a_key_that_is_taken_away_is_refused_though_its_head_is_known(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        told = table(service(replica("w1", engine)))
        async with House(tmp_path, told) as house:
            caller = await house.open()
            for _ in range(3):
                await caller.send(request(said()))
                assert (await caller.answer()).status == 200
            await house.renew(replace(told, keys=(key(secret="sk-allod-another"),)))
            await caller.send(request(said()))
            assert (await caller.answer()).status == 401
            assert len(engine.told) == 3
            await house.renew(replace(told, rules={"school": {}}))
            await caller.send(request(said()))
            assert (await caller.answer()).status == 403
            caller.close()

    live(run)


def test_an_engine_that_repeats_its_head_is_read_to_the_end_of_each_answer(tmp_path: Path) -> None:
    async def split(told: Told) -> None:
        body = chat(len(texts(engine)))
        head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\ncontent-type: application/json\r\n\r\n"
        whole = head % len(body) + body
        at = (len(whole), 60, len(whole) - 3, len(whole))[len(engine.told) % 4]
        for piece in (whole[:at], whole[at:]):
            await told.send(piece)

    engine = Engine(split)

    async def run() -> None:
        await engine.start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            caller = await house.open()
            for n in range(1, 13):
                await caller.send(request(said()))
                plain = json.loads((await caller.answer()).body)
                assert plain["usage"]["completion_tokens"] == n
            caller.close()
            counts = [record.answer_tokens for record in await house.record(12)]
            assert sorted(counts) == list(range(1, 13))

    live(run)
