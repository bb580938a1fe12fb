"""Who goes when there is not room for all: classes, shares, waiting, waking, limits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from allod.gateway.inside import BATCH_HEADER, KEY_HEADER, LeaseGiven, LeaseReturned, LeaseWanted
from allod.run.serving.table import Access, Replica, Table
from tests.gateway.hot.engines import Engine, Told, answers, live
from tests.gateway.hot.house import (
    DESK_SECRET,
    House,
    key,
    replica,
    request,
    said,
    service,
    share,
    table,
)

BATCH = f"{KEY_HEADER}: k1\r\n{BATCH_HEADER}: b1\r\n"


class Gate:
    """Engines whose calls end when the test says so."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self._open = asyncio.Semaphore(0)

    async def behave(self, told: Told) -> None:
        self.order.append(told.plain["messages"][0]["content"])
        await self._open.acquire()
        await answers(told)

    def let(self, count: int) -> None:
        for _ in range(count):
            self._open.release()


def of_classes(names: Iterable[str]) -> dict[str, dict[str, dict[str, Access]]]:
    """A rule for each class, whose calls have it at narvik; none goes before the other."""
    return {name: {"chat": {"narvik": Access(access_class=name, priority=1)}} for name in names}


def test_the_best_class_goes_first_batches_last_and_no_engine_gets_too_much(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        gate = Gate()
        engine = await Engine(gate.behave).start()
        entry = service(replica("w1", engine), in_flight=2)
        rules = {
            rule: {"chat": {"narvik": Access(access_class=rule, priority=priority)}}
            for rule, priority in (("floor", 9), ("surplus", 1))
        }
        keys = (key("k1", rule="surplus"), key("k2", "sk-2", rule="floor"))
        async with House(tmp_path, table(entry, keys=keys, rules=rules)) as house:
            tasks = [asyncio.create_task(house.ask(said("first"))) for _ in range(2)]
            await house.until(lambda: len(gate.order) == 2)
            waiting = [
                (said("batch"), {"secret": DESK_SECRET, "extra": BATCH}),
                (said("surplus 1"), {}),
                (said("surplus 2"), {}),
                (said("floor"), {"secret": "sk-2"}),
            ]
            for count, (body, given) in enumerate(waiting, 1):
                tasks.append(asyncio.create_task(house.ask(body, **given)))
                await house.until(lambda wanted=count: house.waiting() == wanted)
            for done in range(1, 5):
                gate.let(1)
                await house.until(lambda wanted=done: len(gate.order) == 2 + wanted)
            gate.let(2)
            assert {answer.status for answer in await asyncio.gather(*tasks)} == {200}
            assert gate.order[2:] == ["floor", "surplus 1", "surplus 2", "batch"]
            assert engine.busiest == 2
            batches = [record.batch for record in await house.record(6)]
            assert sorted(batches) == ["", "", "", "", "", "b1"]

    live(run)


def test_a_class_has_no_more_than_its_share_and_the_rest_is_for_others(tmp_path: Path) -> None:
    async def run() -> None:
        gate = Gate()
        engine = await Engine(gate.behave).start()
        classes = {"floor": share(), "surplus": share(5_000, waiting_max=1)}
        entry = service(replica("w1", engine), in_flight=4, classes=classes)
        keys = (key("k1", rule="surplus"), key("k2", "sk-2", rule="floor"))
        told = table(entry, keys=keys, rules=of_classes(classes))
        async with House(tmp_path, told) as house:
            tasks = [asyncio.create_task(house.ask(said("surplus"))) for _ in range(3)]
            await house.until(lambda: house.waiting() == 1)
            assert len(gate.order) == 2
            full = await house.ask(said("surplus"))
            assert (full.status, full.code()) == (429, "queue_full")
            tasks += [asyncio.create_task(house.ask(said("f"), secret="sk-2")) for _ in range(2)]
            await house.until(lambda: len(gate.order) == 4)
            gate.let(5)
            assert {answer.status for answer in await asyncio.gather(*tasks)} == {200}

    live(run)


def test_places_that_a_class_leaves_free_are_for_others_whoever_has_the_rest(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        gate = Gate()
        engine = await Engine(gate.behave).start()
        classes = {"floor": share(), "surplus": share(free_min=1)}
        async with House(
            tmp_path,
            table(
                service(replica("w1", engine), in_flight=3, classes=classes),
                keys=(key("k1", rule="surplus"), key("k2", "sk-2", rule="floor")),
                rules=of_classes(classes),
            ),
        ) as house:
            floor = {"secret": "sk-2"}
            tasks = [asyncio.create_task(house.ask(said("floor"), **floor))]
            await house.until(lambda: len(gate.order) == 1)
            # One place beside the floor's, though two are free: the last one stays so.
            tasks += [asyncio.create_task(house.ask(said("surplus"))) for _ in range(2)]
            await house.until(lambda: house.waiting() == 1)
            assert gate.order == ["floor", "surplus"]
            tasks.append(asyncio.create_task(house.ask(said("floor"), **floor)))
            await house.until(lambda: len(gate.order) == 3)
            assert gate.order == ["floor", "surplus", "floor"]
            gate.let(4)
            assert {answer.status for answer in await asyncio.gather(*tasks)} == {200}

    live(run)


def test_a_class_spares_the_same_replica_and_has_one_where_there_is_only_one(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        gate = Gate()
        engines = [await Engine(gate.behave).start() for _ in range(2)]
        both = [replica(f"w{n}", engine) for n, engine in enumerate(engines)]
        classes = {"floor": share(), "surplus": share(replicas_spared=1)}
        rules = of_classes(classes)
        keys = (key("k1", rule="surplus"), key("k2", "sk-2", rule="floor"))

        def told(*replicas: Replica) -> Table:
            entry = service(*replicas, in_flight=2, classes=classes)
            return table(entry, keys=keys, rules=rules)

        async with House(tmp_path, told(*both)) as house:
            # However their beginnings draw lots, none goes to the second.
            tasks = [asyncio.create_task(house.ask(said(f"surplus {n}"))) for n in range(6)]
            await house.until(lambda: house.waiting() == 4)
            assert [engine.busiest for engine in engines] == [2, 0]
            floor = [asyncio.create_task(house.ask(said("floor"), secret="sk-2")) for _ in range(2)]
            await house.until(lambda: engines[1].busiest == 2)
            gate.let(8)
            given = await asyncio.gather(*tasks, *floor)
            assert {answer.status for answer in given} == {200}
            # The one that is left is not spared, or the class would have none.
            await house.renew(told(both[1]))
            gate.let(1)
            assert (await house.ask(said("surplus"))).status == 200

    live(run)


def test_who_waited_too_long_is_told_to_come_again(tmp_path: Path) -> None:
    async def run() -> None:
        gate = Gate()
        engine = await Engine(gate.behave).start()
        classes = {"research": share(wait_max_s=1)}
        entry = service(replica("w1", engine), in_flight=1, classes=classes)
        async with House(tmp_path, table(entry)) as house:
            first = asyncio.create_task(house.ask(said()))
            await house.until(lambda: gate.order)
            late = await house.ask(said())
            assert (late.status, late.code()) == (503, "overloaded")
            gate.let(1)
            assert (await first).status == 200

    live(run)


def test_a_cold_service_is_woken_and_its_callers_are_kept(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        cold = service(hold_s=60)
        async with House(tmp_path, table(cold)) as house:
            plain = asyncio.create_task(house.ask(said()))
            await house.until(lambda: house.waiting() == 1)
            stream = await house.open()
            await stream.send(request(said(stream=True)))
            status, headers = await stream.head()
            assert status == 200 and headers["content-type"].startswith("text/event-stream")
            assert (await stream.chunk()).startswith(b": waiting for a replica of tiny")
            await house.renew(table(service(replica("w1", engine), hold_s=60)))
            assert (await plain).status == 200
            rest = b""
            while piece := await stream.chunk():
                rest += piece
            assert rest.count(b"data: {") == 5 and rest.endswith(b"data: [DONE]\n\n")
            stream.close()
            (load,) = house.loads()[0].loads
            assert (load.service, load.site, load.waiting, load.arrived) == ("chat", "narvik", 1, 1)

    live(run)


def test_a_cold_service_that_refuses_is_woken_too(tmp_path: Path) -> None:
    async def run() -> None:
        async with House(tmp_path, table(service(hold_s=0))) as house:
            answer = await house.ask(said(stream=True))
            assert (answer.status, answer.code()) == (503, "engine_starting")
            assert int(answer.headers["retry-after"]) > 0
            await house.until(lambda: house.loads() and house.loads()[0].loads)
            assert house.loads()[0].loads[0].arrived == 1

    live(run)


def test_a_stream_that_was_kept_in_vain_ends_with_an_error_event(tmp_path: Path) -> None:
    async def run() -> None:
        async with House(tmp_path, table(service(hold_s=2))) as house:
            answer = await house.ask(said(stream=True))
            assert answer.status == 200
            assert '"engine_starting"' in answer.events()[-1]

    live(run)


def test_calls_that_come_together_cannot_pass_a_limit(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        keys = (
            key("k1", requests_per_min=10),
            # A prompt of 24 tokens as it is taken to be, and 26 more that are allowed for.
            key("k2", "sk-2", tokens_per_min=500),
            key("k3", "sk-3", in_flight_max=3),
        )
        entry = service(replica("w1", engine), in_flight=1000)
        async with House(tmp_path, table(entry, keys=keys)) as house:
            given = await asyncio.gather(*(house.ask(said()) for _ in range(40)))
            assert sorted(answer.status for answer in given) == [200] * 10 + [429] * 30
            (refused, *_) = (answer for answer in given if answer.status == 429)
            assert refused.code() == "rate_limit_exceeded"
            assert int(refused.headers["retry-after"]) > 0
            assert refused.headers["x-ratelimit-limit-requests"] == "10"
            assert refused.headers["x-ratelimit-remaining-requests"] == "0"

            gate = Gate()
            engine.behave = gate.behave
            body = said(max_tokens=100)
            tasks = [asyncio.create_task(house.ask(body, secret="sk-2")) for _ in range(20)]
            gate.let(100)
            given = await asyncio.gather(*tasks)
            # Each call came to 12 tokens in the end, but might have come to over 100.
            assert engine.busiest <= 10
            used = sum(answer.status == 200 for answer in given)
            assert 0 < used < 20

            gate = Gate()
            engine.behave = gate.behave
            tasks = [asyncio.create_task(house.ask(body, secret="sk-3")) for _ in range(9)]
            await house.until(lambda: len(gate.order) == 3)
            await house.until(lambda: sum(task.done() for task in tasks) == 6)
            gate.let(3)
            given = await asyncio.gather(*tasks)
            assert sorted(answer.status for answer in given) == [200] * 3 + [429] * 6

    live(run)


def test_what_was_reserved_and_not_used_is_there_again(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        # One call may come to over 400 tokens and comes to 12.
        keys = (key("k1", tokens_per_min=600),)
        async with House(tmp_path, table(service(replica("w1", engine)), keys=keys)) as house:
            for count in range(1, 16):
                answer = await house.ask(said(max_tokens=400))
                assert answer.status == 200, count
            # 15 calls at 12 tokens: 420 are left, and a call that may need more is refused.
            assert (await house.ask(said(max_tokens=450))).status == 429
            large = await house.ask(said(max_tokens=900))
            assert large.status == 429 and "Request too large" in large.body.decode()

    live(run)


def test_one_of_several_workers_asks_the_desk_for_what_it_lacks(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        keys = (key("k1", requests_per_min=600, tokens_per_min=100_000),)
        told = table(service(replica("w1", engine)), keys=keys)
        async with House(tmp_path, told, workers=2) as house:

            def wanted() -> list[LeaseWanted]:
                return [m for m in house.heard if isinstance(m, LeaseWanted)]

            asked = asyncio.create_task(house.ask(said(max_tokens=50)))
            await house.until(wanted)
            assert wanted()[0].requests == 1 and wanted()[0].tokens > 50
            assert not engine.told
            given = LeaseGiven(key="k1", requests=2, tokens=500, good_for_ms=60_000)
            house.tell(given)
            assert (await asked).status == 200
            # The second is within what was given; the third asks again, and the desk says no.
            assert (await house.ask(said(max_tokens=50))).status == 200
            assert len(wanted()) == 1
            third = asyncio.create_task(house.ask(said(max_tokens=50)))
            await house.until(lambda: len(wanted()) == 2)
            house.tell(replace(given, requests=0, tokens=0, retry_after_ms=2500))
            answer = await third
            assert (answer.status, answer.headers["retry-after"]) == (429, "3")
            # What the desk says of its leases may be over the minute of the limit.
            fourth = asyncio.create_task(house.ask(said(max_tokens=50)))
            await house.until(lambda: len(wanted()) == 3)
            house.tell(replace(given, requests=0, tokens=0, retry_after_ms=62_500))
            assert (await fourth).headers["retry-after"] == "60"

            def returned() -> int:
                return sum(m.tokens for m in house.heard if isinstance(m, LeaseReturned))

            # Two calls took over 50 each and came to 12 each.
            await house.until(lambda: returned() >= 2 * (50 - 12))

    live(run)


def test_calls_that_begin_alike_go_to_one_replica_unless_it_is_busier(tmp_path: Path) -> None:
    async def run() -> None:
        engines = [await Engine().start() for _ in range(4)]
        entry = service(
            *(replica(f"w{n}", engine) for n, engine in enumerate(engines)), in_flight=100
        )
        async with House(tmp_path, table(entry)) as house:
            system = {"role": "system", "content": "You are the clerk of Narvik."}
            user = {"role": "user", "content": "Where do I register a boat?"}
            for turn in range(8):
                more = [{"role": "user", "content": f"turn {n}"} for n in range(turn)]
                await house.ask({"model": "tiny", "messages": [system, user, *more]})
            assert sorted(len(engine.told) for engine in engines) == [0, 0, 0, 8]
            for n in range(40):
                await house.ask(said(f"another beginning {n}"))
            assert all(len(engine.told) for engine in engines)
            gate = Gate()
            for engine in engines:
                engine.behave = gate.behave
            tasks = [asyncio.create_task(house.ask(said("the same"))) for _ in range(40)]
            await house.until(lambda: len(gate.order) == 40)
            assert max(engine.busiest for engine in engines) <= 40 // 4 + 4
            gate.let(40)
            await asyncio.gather(*tasks)

    live(run)
