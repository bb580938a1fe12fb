"""Callers who leave, workers that are killed: what was sent by then is counted, once."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from random import Random

from tests.gateway.hot.engines import Engine, Told, live
from tests.gateway.hot.house import House, key, replica, request, said, service, table


async def endless(told: Told) -> None:
    await told.open()
    while True:
        await told.token()
        await asyncio.sleep(0.001)


def test_of_callers_who_leave_at_any_moment_each_token_sent_is_counted(tmp_path: Path) -> None:
    async def run() -> None:
        chance = Random(11)
        engine = await Engine(endless).start()
        entry = service(replica("w1", engine), in_flight=100, engine="vllm")
        async with House(tmp_path, table(entry, keys=(key(in_flight_max=100),))) as house:

            async def visit(n: int) -> None:
                caller = await house.open()
                await caller.send(request(said(f"visit {n}", stream=True)))
                await caller.head()
                for _ in range(chance.randint(1, 40)):
                    await caller.chunk()
                caller.writer.transport.abort() if n % 2 else caller.close()

            await asyncio.gather(*(visit(n) for n in range(30)))
            records = await house.record(30)
            assert {record.outcome for record in records} == {"left"}
            assert {record.counted_by for record in records} == {"engine"}
            await house.until(lambda: all(told.gone.is_set() for told in engine.told))
            sent = sorted(told.sent for told in engine.told)
            assert sorted(record.answer_tokens for record in records) == sent
            await house.until(lambda: not house.in_book())
            assert len({record.id for record in records}) == 30

    live(run)


def test_where_the_engine_says_no_numbers_parts_are_counted(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine(endless).start()
        entry = service(replica("w1", engine), engine="transformers")
        async with House(tmp_path, table(entry)) as house:
            caller = await house.open()
            await caller.send(request(said(stream=True)))
            await caller.head()
            await caller.chunk()
            caller.close()
            (record,) = await house.record()
            await house.until(engine.told[0].gone.is_set)
            assert (record.outcome, record.counted_by) == ("left", "parts")
            assert record.answer_tokens == engine.told[0].sent

    live(run)


def test_llama_cpp_counts_in_each_part(tmp_path: Path) -> None:
    async def with_timings(told: Told) -> None:
        await told.open()
        while True:
            told.sent += 1
            timings = {"cache_n": 2, "prompt_n": 5, "predicted_n": told.sent}
            plain = {"choices": [{"delta": {"content": "x"}}], "timings": timings}
            await told.event(json.dumps(plain, separators=(",", ":")).encode())
            await asyncio.sleep(0.001)

    async def run() -> None:
        engine = await Engine(with_timings).start()
        entry = service(replica("w1", engine), engine="llama-cpp")
        async with House(tmp_path, table(entry)) as house:
            caller = await house.open()
            await caller.send(request(said(stream=True)))
            await caller.head()
            part = await caller.chunk()
            assert json.loads(part[6:]) == {"choices": [{"delta": {"content": "x"}}]}
            caller.close()
            (record,) = await house.record()
            await house.until(engine.told[0].gone.is_set)
            assert (record.prompt_tokens, record.cached_tokens) == (7, 2)
            assert record.answer_tokens == engine.told[0].sent

    live(run)


def test_who_leaves_while_it_waits_or_before_an_answer_is_no_ones_burden(tmp_path: Path) -> None:
    async def run() -> None:
        forever = asyncio.Event()

        async def never(told: Told) -> None:
            await forever.wait()

        engine = await Engine(never).start()
        entry = service(replica("w1", engine), in_flight=1)
        async with House(tmp_path, table(entry, keys=(key(in_flight_max=2),))) as house:
            first, second = await house.open(), await house.open()
            await first.send(request(said("first")))
            await house.until(lambda: engine.told)
            await second.send(request(said("second")))
            await house.until(lambda: house.waiting() == 1)
            second.close()
            first.close()
            records = await house.record(2)
            assert {record.outcome for record in records} == {"left"}
            assert {record.status for record in records} == {499}
            assert len(engine.told) == 1 and engine.told[0].gone.is_set()
            engine.behave = Engine().behave
            given = await asyncio.gather(house.ask(said()), house.ask(said()))
            assert [answer.status for answer in given] == [200, 200]

    live(run)


def test_a_killed_worker_leaves_its_calls_in_the_flight_book_and_no_other(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            for _ in range(5):
                assert (await house.ask(said())).status == 200
            await house.record(5)
            engine.behave = endless
            callers = [await house.open() for _ in range(4)]
            for caller in callers:
                await caller.send(request(said(stream=True)))
                await caller.head()
            await house.until(lambda: all(told.sent > 3 for told in engine.told[5:]))
            house.kill()
            left = house.in_book()
            assert len(left) == 4 and len(house.records()) == 5
            ids = {json.loads(one.head)["id"] for one in left}
            assert len(ids) == 4 and not ids & {record.id for record in house.records()}
            for one in left:
                head = json.loads(one.head)
                assert (head["site"], head["service"], head["key"]) == ("narvik", "chat", "k1")
                assert head["outcome"] == "interrupted"
                assert one.prompt_tokens == 7 and one.answer_tokens > 0
                assert one.answer_tokens <= max(told.sent for told in engine.told)
            for caller in callers:
                caller.close()

    live(run)


def test_a_worker_that_is_to_end_ends_what_it_began_and_takes_no_more(tmp_path: Path) -> None:
    async def run() -> None:
        go = asyncio.Event()

        async def waits(told: Told) -> None:
            await told.open()
            await told.token()
            await go.wait()
            for _ in range(4):
                await told.token()
            await told.close()

        engine = await Engine(waits).start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            idle, busy = await house.open(), await house.open()
            await idle.send(request(b"", path="/v1/models", method="GET"))
            await idle.answer()
            await busy.send(request(said(stream=True)))
            await busy.head()
            house.process.send_signal(signal.SIGTERM)
            assert await idle.ended()
            idle.close()
            go.set()
            body = b""
            while piece := await busy.chunk():
                body += piece
            assert body.endswith(b"data: [DONE]\n\n")
            assert await busy.ended()
            busy.close()
            assert await asyncio.to_thread(house.process.wait) == 0
            (record,) = house.records()
            assert (record.outcome, record.answer_tokens) == ("completed", 5)
            assert not house.in_book()

    live(run)
