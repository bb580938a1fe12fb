"""A service that is removed while calls of it are on their way, and may be there again by then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from allod.gateway.inside import LeaseGiven, LeaseWanted
from tests.gateway.hot.engines import Engine, Told, answers, live
from tests.gateway.hot.house import House, key, replica, said, service, table


async def _dies(told: Told) -> None:
    told.die()


async def _fails(told: Told) -> None:
    await told.whole(b"{}", 500)


@pytest.mark.parametrize("end", [_dies, _fails])
@pytest.mark.parametrize("back", [True, False])
def test_a_call_goes_to_no_replica_of_a_service_that_was_removed(
    tmp_path: Path, end: Callable[[Told], Awaitable[None]], back: bool
) -> None:
    async def run() -> None:
        ends = asyncio.Event()

        async def waits(told: Told) -> None:
            await ends.wait()
            await end(told)

        old = [await Engine(waits).start() for _ in range(2)]
        new = await Engine().start()
        entry = service(*(replica(f"w{n}", engine) for n, engine in enumerate(old)))
        async with House(tmp_path, table(entry)) as house:
            asked = asyncio.create_task(house.ask(said()))
            await house.until(lambda: sum(len(engine.told) for engine in old) == 1)
            other = old[0] if old[1].told else old[1]
            other.behave = answers
            await house.renew(table())
            if back:
                await house.renew(table(service(replica("w9", new))))
            ends.set()
            async with asyncio.timeout(5):
                answer = await asked
            assert (answer.status, answer.code()) == (503, "engine_error")
            assert other.told == []
            if back:
                assert (await house.ask(said())).status == 200

    live(run)


def test_nor_does_one_that_waited_for_a_limit(tmp_path: Path) -> None:
    async def run() -> None:
        old, new = await Engine().start(), await Engine().start()
        keys = (key(requests_per_min=5),)
        before = table(service(replica("w1", old)), keys=keys)
        async with House(tmp_path, before, workers=2) as house:
            asked = asyncio.create_task(house.ask(said()))
            wanted = await house.until(
                lambda: [one for one in house.heard if isinstance(one, LeaseWanted)]
            )
            await house.renew(table(keys=keys))
            await house.renew(table(service(replica("w9", new)), keys=keys))
            house.tell(LeaseGiven(key=wanted[0].key, requests=1, tokens=0, good_for_ms=2_000))
            answer = await asked
            assert (answer.status, answer.code()) == (503, "engine_error")
            assert old.told == []

    live(run)


def test_who_waits_for_an_engine_that_has_gone_hears_so_at_once_where_none_is_kept(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        ends = asyncio.Event()

        async def waits(told: Told) -> None:
            await ends.wait()
            await answers(told)

        engine = await Engine(waits).start()
        entry = service(replica("w1", engine), in_flight=1, hold_s=0)
        full = table(entry)
        async with House(tmp_path, full) as house:
            first = asyncio.create_task(house.ask(said()))
            await house.until(lambda: engine.told)
            second = asyncio.create_task(house.ask(said()))
            await house.until(lambda: house.waiting() == 1)
            # It ends the call that it has, and takes no other.
            await house.renew(
                table(service(replica("w1", engine, state="draining"), in_flight=1, hold_s=0))
            )
            async with asyncio.timeout(5):
                answer = await second
            assert (answer.status, answer.code()) == (503, "engine_starting")
            ends.set()
            assert (await first).status == 200

    live(run)
