"""Engines that die: before their first byte another one answers, after it nobody does."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

from allod.run.serving.link import ReplicaFailed
from tests.gateway.hot.engines import Engine, Told, answers, live
from tests.gateway.hot.house import House, replica, request, said, service, table


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


async def broken(told: Told) -> None:
    told.die()


def status_of(status: int) -> object:
    return lambda told: told.whole(b'{"error":{"message":"mine"}}', status)


def test_a_reused_connection_that_died_is_replaced_and_the_engine_is_not_blamed(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            for _ in range(3):
                assert (await house.ask(said())).status == 200
                # Closed at the very moment at which the next call goes out by it.
                behave, first = engine.behave, engine.connections

                async def once(told: Told) -> None:
                    engine.behave = answers
                    told.die()

                engine.behave = once
                assert (await house.ask(said())).status == 200
                assert engine.connections == first + 1
                engine.behave = behave
            assert not [m for m in house.heard if isinstance(m, ReplicaFailed)]
            records = await house.record(6)
            assert [record.answer_tokens for record in records] == [5] * 6

    live(run)


def test_what_fails_before_its_first_byte_is_done_by_another(tmp_path: Path) -> None:
    async def run() -> None:
        for failure in (broken, status_of(500), status_of(401), status_of(503)):
            bad, good = await Engine(failure).start(), await Engine().start()
            entry = service(replica("bad", bad), replica("good", good))
            folder = tmp_path / str(id(failure))
            folder.mkdir()
            async with House(folder, table(entry)) as house:
                given = [await house.ask(said(str(n), stream=bool(n % 2))) for n in range(8)]
                assert {answer.status for answer in given} == {200}
                assert len(bad.told) >= 1 and len(good.told) == 8
                records = await house.record(8)
                assert {record.replica for record in records} == {"good"}
                assert {record.answer_tokens for record in records} == {5}
                assert not house.in_book()
                failed = [m for m in house.heard if isinstance(m, ReplicaFailed)]
                if failure is broken:
                    # It got no more calls after it had failed, and the node was told once.
                    assert len(bad.told) == 1
                    assert [one.replica for one in failed] == ["bad"]
                else:
                    assert not failed

    live(run)


def test_a_replica_that_failed_gets_calls_again_once_a_later_table_says_it_is_ready(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        port = free_port()
        entry = service(replica("w1", port), hold_s=0)
        async with House(tmp_path, table(entry)) as house:
            answer = await house.ask(said())
            assert (answer.status, answer.code()) == (503, "engine_starting")
            assert answer.headers["retry-after"]
            await house.until(lambda: any(isinstance(m, ReplicaFailed) for m in house.heard))
            engine = await Engine().start()
            assert (await house.ask(said())).status == 503
            await house.renew(table(service(replica("w1", engine), hold_s=0)))
            assert (await house.ask(said())).status == 200

    live(run)


def test_three_engines_are_tried_and_no_more(tmp_path: Path) -> None:
    async def run() -> None:
        engines = [await Engine(status_of(500)).start() for _ in range(5)]
        entry = service(*(replica(f"w{n}", engine) for n, engine in enumerate(engines)))
        async with House(tmp_path, table(entry)) as house:
            answer = await house.ask(said())
            assert (answer.status, answer.code()) == (502, "engine_error")
            assert sum(len(engine.told) for engine in engines) == 3
            (record,) = await house.record()
            assert (record.outcome, record.status, record.answer_tokens) == ("failed", 502, 0)

    live(run)


def test_after_the_first_byte_the_caller_hears_of_the_failure_and_nobody_is_asked_again(
    tmp_path: Path,
) -> None:
    async def midway(told: Told) -> None:
        await told.open()
        for _ in range(3):
            await told.token()
        await asyncio.sleep(0.05)
        told.die()

    async def run() -> None:
        engines = [await Engine(midway).start() for _ in range(2)]
        entry = service(*(replica(f"w{n}", engine) for n, engine in enumerate(engines)))
        async with House(tmp_path, table(entry)) as house:
            caller = await house.open()
            await caller.send(request(said(stream=True)))
            answer = await caller.answer()
            assert answer.status == 200
            *parts, last = answer.events()
            assert len(parts) == 3
            assert json.loads(last)["error"]["code"] == "engine_error"
            assert await caller.ended()
            caller.close()
            assert sum(len(engine.told) for engine in engines) == 1
            (record,) = await house.record()
            assert (record.outcome, record.prompt_tokens, record.answer_tokens) == ("failed", 7, 3)

    live(run)


def test_an_engine_that_talks_no_http_is_passed_over(tmp_path: Path) -> None:
    async def run() -> None:
        bad = await Engine(lambda told: told.send(b"SSH-2.0-x\r\n\r\n")).start()
        good = await Engine().start()
        async with House(
            tmp_path, table(service(replica("bad", bad), replica("good", good)))
        ) as house:
            for n in range(4):
                assert (await house.ask(said(str(n)))).status == 200

    live(run)


def test_what_an_engine_says_out_of_turn_is_nobodys_answer(tmp_path: Path) -> None:
    async def run() -> None:
        async def twice(told: Told) -> None:
            await answers(told)
            await told.whole(b'{"not":"yours"}')

        engine = await Engine(twice).start()
        async with House(tmp_path, table(service(replica("w1", engine)))) as house:
            for n in range(6):
                answer = await house.ask(said(str(n)))
                assert "choices" in answer.plain()

    live(run)
