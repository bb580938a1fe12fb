"""The law stands before everything: no byte of a call reaches a site that it excludes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

from allod.run.serving.table import Access, Table
from tests.gateway.hot.engines import Engine, Told, answers, live
from tests.gateway.hot.house import SECRET, House, key, replica, said, service, share, table

SITES = ("agadir", "lille", "narvik")


def ruled(told: Table, *permitted: str) -> Table:
    """The table with a rule that permits these sites and says something against the others."""
    said_of = {
        site: Access(access_class="research", priority=1)
        if site in permitted
        else Access(against=(f"{site} lies elsewhere",))
        for site in SITES
    }
    return replace(told, rules={"school": {"chat": said_of}})


async def broken(told: Told) -> None:
    told.die()


async def failing(told: Told) -> None:
    await told.whole(b"{}", 500)


def test_a_call_with_no_site_left_hears_why_of_each(tmp_path: Path) -> None:
    async def run() -> None:
        engines = [await Engine().start() for _ in SITES]
        entry = service(*(replica(f"w-{s}", e, s) for s, e in zip(SITES, engines, strict=True)))
        async with House(tmp_path, ruled(table(entry))) as house:
            answer = await house.ask(said())
            assert (answer.status, answer.code()) == (403, "no_site_permitted")
            for site in SITES:
                assert f"{site} lies elsewhere" in answer.plain()["error"]["message"]
            # Three reasons in words, and where there are more, all of them beside.
            both = Access(against=("storage is elsewhere", "so is management"))
            said_of = dict.fromkeys(SITES, both)
            await house.renew(replace(table(entry), rules={"school": {"chat": said_of}}))
            error = (await house.ask(said())).plain()["error"]
            assert error["why"] == [f"{s}: {r}" for s in sorted(SITES) for r in both.against]
            assert error["message"].endswith("; and 3 more, see 'why'.")
            assert sum(reason in error["message"] for reason in error["why"]) == 3
            # A rule or a site that the table does not name is a no as well.
            await house.renew(replace(table(entry), rules={}))
            assert (await house.ask(said())).status == 403
            await house.renew(replace(table(entry), rules={"school": {"chat": {}}}))
            assert (await house.ask(said())).status == 403
            classes = {"other": share()}
            await house.renew(ruled(table(replace(entry, classes=classes)), "narvik"))
            answer = await house.ask(said())
            assert answer.status == 403 and "research" in answer.plain()["error"]["message"]
            assert [engine.connections for engine in engines] == [0, 0, 0]

    live(run)


def test_over_random_rules_and_failures_no_byte_reaches_an_excluded_site(tmp_path: Path) -> None:
    async def run() -> None:
        chance = Random(7)
        engines = {site: await Engine().start() for site in SITES}
        entry = service(*(replica(f"w-{s}-{n}", engines[s], s) for s in SITES for n in "ab"))
        entry = replace(entry, hold_s=0)
        outcomes = set()
        async with House(tmp_path, table(entry)) as house:
            for _ in range(20):
                permitted = chance.sample(SITES, chance.randint(0, 2))
                for engine in engines.values():
                    engine.behave = chance.choice((answers, answers, broken, failing))
                await house.renew(ruled(house.table, *permitted))
                before = {site: engine.bytes_in for site, engine in engines.items()}
                connections = {site: engine.connections for site, engine in engines.items()}
                asked = (
                    house.ask(said(f"{n}", stream=bool(n % 2)), secret=SECRET) for n in range(6)
                )
                given = await asyncio.gather(*asked)
                for site in set(SITES) - set(permitted):
                    assert engines[site].bytes_in == before[site]
                    assert engines[site].connections == connections[site]
                for answer in given:
                    outcomes.add(answer.status)
                    if answer.status == 200:
                        assert answer.headers["x-allod-site"] in permitted
        assert {200, 403} <= outcomes and outcomes & {502, 503}

    live(run)


def test_a_call_that_waits_goes_by_the_law_of_the_moment_at_which_it_goes(tmp_path: Path) -> None:
    async def run() -> None:
        narvik, lille = await Engine().start(), await Engine().start()
        cold = service(replica("w1", narvik, "narvik", "starting"), hold_s=30)
        async with House(tmp_path, ruled(table(cold), "narvik")) as house:
            asked = asyncio.create_task(house.ask(said()))
            await house.until(lambda: house.waiting() == 1)
            # Before its replica is ready the law changes; then the replica is.
            both = service(replica("w1", narvik, "narvik"), replica("w2", lille, "lille"))
            await house.renew(ruled(table(both), "lille"))
            answer = await asked
            assert answer.headers["x-allod-site"] == "lille"
            assert narvik.connections == 0

    live(run)


def test_without_a_table_that_holds_nothing_is_answered(tmp_path: Path) -> None:
    async def run() -> None:
        engine = await Engine().start()
        async with House(tmp_path, table(service(replica("w1", engine)), good_for_s=0)) as house:
            answer = await house.ask(said())
            assert (answer.status, answer.code()) == (503, "gateway_without_node")
            assert engine.connections == 0
            await house.renew(table(service(replica("w1", engine)), keys=(key(),)))
            assert (await house.ask(said())).status == 200

    live(run)
