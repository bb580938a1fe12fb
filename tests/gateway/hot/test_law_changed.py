"""Law and keys that change while a call is on its way: it goes by what holds when it goes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from allod.gateway.inside import LeaseGiven, LeaseWanted
from allod.run.serving.table import Access, Table
from tests.gateway.hot.engines import Engine, Told, live
from tests.gateway.hot.house import PATIENCE_S, House, key, replica, request, said, service, table

#: Two keys of one project that are bound alike share a rule; one of them is revoked.
KEYS = (key(), key("k2", "sk-2"))


def revoked(told: Table) -> Table:
    """The table without the first key, whose rule is there for the other one still."""
    return replace(told, keys=KEYS[1:])


def test_who_waits_goes_by_the_new_law_though_another_is_refused_by_it(tmp_path: Path) -> None:
    async def run() -> None:
        narvik, lille = await Engine().start(), await Engine().start()
        keys = (key("k1", "sk-1", rule="a"), key("k2", "sk-2", rule="b"))
        here = Access(access_class="research", priority=1)
        no = Access(against=("it lies elsewhere",))

        def told(state: str, a: dict[str, Access], b: dict[str, Access]) -> Table:
            entry = service(
                replica("w1", narvik, "narvik", state), replica("w2", lille, "lille"), hold_s=30
            )
            return table(entry, keys=keys, rules={"a": {"chat": a}, "b": {"chat": b}})

        before = {"narvik": here, "lille": no}
        async with House(tmp_path, told("ready", before, before)) as house:
            # A connection to it stays open.
            assert (await house.ask(said(), secret="sk-1")).status == 200
            await house.renew(told("starting", before, before))
            asked = []
            for number, secret in enumerate(("sk-1", "sk-2"), 1):
                asked.append(asyncio.create_task(house.ask(said(), secret=secret)))
                await house.until(lambda wanted=number: house.waiting() == wanted)
            got = narvik.bytes_in
            # The replica is ready again, and now neither may go there.
            await house.renew(told("ready", {"narvik": no}, {"narvik": no, "lille": here}))
            first, second = await asyncio.gather(*asked)
            assert (first.status, first.code()) == (403, "no_site_permitted")
            assert (second.status, second.headers["x-allod-site"]) == (200, "lille")
            assert narvik.bytes_in == got

    live(run)


def test_a_call_of_a_key_that_was_revoked_goes_to_no_other_engine(tmp_path: Path) -> None:
    async def run() -> None:
        dies = asyncio.Event()

        async def dying(told: Told) -> None:
            await dies.wait()
            told.die()

        engines = [await Engine(dying).start() for _ in range(2)]
        entry = service(*(replica(f"w{n}", engine) for n, engine in enumerate(engines)))
        async with House(tmp_path, table(entry, keys=KEYS)) as house:
            asked = asyncio.create_task(house.ask(said()))
            await house.until(lambda: sum(len(engine.told) for engine in engines) == 1)
            await house.renew(revoked(house.table))
            dies.set()
            answer = await asked
            assert (answer.status, answer.code()) == (401, "invalid_api_key")
            assert sum(len(engine.told) for engine in engines) == 1
            # It was at an engine, so there is a record of it.
            assert [record.outcome for record in await house.record()] == ["failed"]

    live(run)


def test_a_request_that_comes_slowly_is_refused_if_its_key_was_revoked(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        entry = service(replica("w1", engine))
        async with House(tmp_path, table(entry, keys=KEYS)) as house:
            caller = await house.open()
            whole = request(said())
            await caller.send(whole[:-5])
            # A second one, of the other key, says that the head of the first was read.
            assert (await house.ask(said(), secret="sk-2")).status == 200
            await house.renew(revoked(house.table))
            await caller.send(whole[-5:])
            answer = await caller.answer()
            assert (answer.status, answer.code()) == (401, "invalid_api_key")
            assert len(engine.told) == 1
            caller.close()

    live(run)


def test_who_waits_for_a_limit_hears_that_its_key_was_revoked(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        limited = (key(requests_per_min=5), KEYS[1])
        entry = service(replica("w1", engine))
        async with House(tmp_path, table(entry, keys=limited), workers=2) as house:
            asked = asyncio.create_task(house.ask(said()))
            wanted = await house.until(
                lambda: [one for one in house.heard if isinstance(one, LeaseWanted)]
            )
            await house.renew(revoked(house.table))
            # The desk's answer was on its way.
            house.tell(LeaseGiven(key=wanted[0].key, requests=1, tokens=0, good_for_ms=2_000))
            async with asyncio.timeout(5):
                answer = await asked
            assert (answer.status, answer.code()) == (401, "invalid_api_key")
            assert engine.told == []

    live(run)


def test_of_a_long_request_no_more_goes_where_the_new_law_excludes_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The engine takes hardly any of it before the law changes, and then all that still comes."""

    async def run() -> None:
        came, reads, taken = (
            asyncio.Event(),
            asyncio.Event(),
            asyncio.get_running_loop().create_future(),
        )

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            got = len(await reader.readexactly(1))
            came.set()
            await reads.wait()
            try:
                while data := await reader.read(1 << 16):
                    got += len(data)
            except ConnectionError:
                pass
            taken.set_result(got)
            writer.close()

        lille = await Engine().start()
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as slow:
            port = slow.sockets[0].getsockname()[1]
            entry = service(replica("w1", port, "narvik"), replica("w2", lille, "lille"))
            here, no = Access(access_class="research", priority=1), Access(against=("elsewhere",))
            for also, status in ((here, 200), (no, 403)):
                came.clear()
                reads.clear()
                taken = asyncio.get_running_loop().create_future()
                before = {"narvik": here, "lille": no}
                folder = tmp_path / str(status)
                folder.mkdir()
                told = table(entry, rules={"school": {"chat": before}})
                async with House(folder, told) as house:
                    long = "x" * (32 << 20)
                    asked = asyncio.create_task(house.ask(said(long)))
                    await came.wait()
                    after = {"narvik": no, "lille": also}
                    await house.renew(replace(house.table, rules={"school": {"chat": after}}))
                    reads.set()
                    assert (await asked).status == status
                    async with asyncio.timeout(PATIENCE_S):
                        assert await taken < len(long)

    live(run)
    # That an engine takes a request slowly is nothing to complain of.
    assert "failed" not in capfd.readouterr().err
