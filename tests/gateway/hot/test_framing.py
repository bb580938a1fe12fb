"""Answers of engines that are framed oddly: none reaches into the next one on its connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.hot.engines import Behaviour, Engine, Told, chat, live
from tests.gateway.hot.house import House, replica, said, service, table


async def ask_twice(folder: Path, behave: Behaviour, stream: bool) -> tuple[list[bytes], Engine]:
    """What two callers on one connection got, until it was clear what is whose."""
    engine = await Engine(behave).start()
    async with House(folder, table(service(replica("w1", engine)))) as house:
        bodies = [(await house.ask(said(stream=stream))).body for _ in range(2)]
        assert house.process.poll() is None
    return bodies, engine


def test_what_may_have_no_body_has_none_also_where_its_head_is_known(tmp_path: Path) -> None:
    async def run() -> None:
        async def nothing(told: Told) -> None:
            await told.whole(b"no content", 204)

        assert (await ask_twice(tmp_path, nothing, False))[0] == [b"", b""]

    live(run)


def test_heads_that_say_that_more_is_to_come_are_no_answers(tmp_path: Path) -> None:
    async def run() -> None:
        async def hesitates(told: Told) -> None:
            # So many in one piece that a look at the rest for each would take hundreds of MB.
            await told.send(b"HTTP/1.1 100\r\n\r\n" * 5000 + b"HTTP/1.1 103 Early\r\nlink")
            await told.send(b": x\r\n\r\n")
            await told.whole(chat())

        bodies, engine = await ask_twice(tmp_path, hesitates, False)
        assert bodies == [chat(), chat()]
        assert engine.connections == 1

    live(run)


def test_what_follows_the_last_chunk_ends_the_connection(tmp_path: Path) -> None:
    async def run() -> None:
        async def talks_on(told: Told) -> None:
            await told.open()
            await told.event(b"[DONE]")
            await told.send(b"0\r\n\r\nHTTP/1.1 200 OK\r\n")

        bodies, engine = await ask_twice(tmp_path, talks_on, True)
        assert bodies == [b"data: [DONE]\n\n"] * 2
        assert engine.connections == 2

    live(run)


def test_a_test_of_a_worker_is_run_as_its_name_says(request: pytest.FixtureRequest) -> None:
    assert request.node.name.endswith("[plain]" if "plain" in House.words else "[compiled]")
