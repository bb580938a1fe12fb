"""What waits for the end of a turn of the loop goes whole, in order, whoever has left meanwhile."""

from __future__ import annotations

import asyncio
from functools import partial

from allod.gateway.hot.outbox import Outbox


def test_what_was_added_goes_in_order_once_the_turn_is_over() -> None:
    async def run() -> None:
        outbox, gone = Outbox(asyncio.get_running_loop()), list[bytes]()
        for number in range(5):
            outbox.add(gone.append, b"%d" % number)
        assert gone == []
        await asyncio.sleep(0)
        assert gone == [b"0", b"1", b"2", b"3", b"4"]
        outbox.add(gone.append, b"5")
        outbox.flush()
        assert gone[-1] == b"5"
        # What was scheduled for it finds nothing, and writes nothing twice.
        await asyncio.sleep(0)
        assert len(gone) == 6

    asyncio.run(run())


def test_a_caller_who_left_in_the_same_turn_holds_up_nobody() -> None:
    def closed(data: bytes) -> None:
        raise RuntimeError("the handler is closed")

    async def run() -> None:
        outbox, gone = Outbox(asyncio.get_running_loop()), list[bytes]()
        give = partial(outbox.add, gone.append)
        give(b"a")
        outbox.add(closed, b"b")
        give(b"c")
        await asyncio.sleep(0)
        give(b"d")
        await asyncio.sleep(0)
        assert gone == [b"a", b"c", b"d"]

    asyncio.run(run())


def test_of_a_long_turn_the_first_do_not_wait_for_the_last() -> None:
    async def run() -> None:
        outbox, gone = Outbox(asyncio.get_running_loop()), list[bytes]()
        for _ in range(100):
            outbox.add(gone.append, b"x")
        assert 0 < len(gone) < 100
        await asyncio.sleep(0)
        assert len(gone) == 100

    asyncio.run(run())
