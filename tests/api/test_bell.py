from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import Any

import pytest

from allod.api.bell import answer
from allod.errors import Unavailable


def _from_a_thread(futures: list[Future[int]]) -> None:
    def answering() -> None:
        for value, future in enumerate(futures):
            future.set_result(value)

    thread = threading.Thread(target=answering)
    thread.start()
    thread.join()


def test_many_answers_reach_their_callers_with_one_wake(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> tuple[list[int], int]:
        loop = asyncio.get_running_loop()
        wakes = []
        threadsafe = loop.call_soon_threadsafe

        def counted(*args: Any, **rest: Any) -> Any:
            wakes.append(args)
            return threadsafe(*args, **rest)

        monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
        futures: list[Future[int]] = [Future() for _ in range(50)]
        callers = [asyncio.create_task(answer(future)) for future in futures]
        await asyncio.sleep(0)
        _from_a_thread(futures)  # While it answers, the loop cannot run.
        return await asyncio.gather(*callers), len(wakes)

    assert asyncio.run(main()) == (list(range(50)), 1)


def test_answers_while_the_loop_is_awake_are_not_lost() -> None:
    async def main() -> int:
        total = 0
        for _ in range(200):
            futures: list[Future[int]] = [Future() for _ in range(8)]
            thread = threading.Thread(target=_from_a_thread, args=(futures,))
            thread.start()
            async with asyncio.timeout(20):
                total += sum(await asyncio.gather(*map(answer, futures)))
            thread.join()
        return total

    assert asyncio.run(main()) == 200 * sum(range(8))


def test_a_caller_who_goes_away_cancels_nothing_and_disturbs_nobody() -> None:
    async def main() -> tuple[int, bool]:
        futures: list[Future[int]] = [Future(), Future()]
        gone, stays = (asyncio.create_task(answer(future)) for future in futures)
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        _from_a_thread(futures)
        return await stays, futures[0].result() == 0

    assert asyncio.run(main()) == (1, True)


def test_errors_of_the_node_are_the_callers() -> None:
    async def main() -> None:
        future: Future[int] = Future()
        future.set_exception(Unavailable("gone"))
        await answer(future)

    with pytest.raises(Unavailable, match="gone"):
        asyncio.run(main())


def test_an_answer_after_the_loop_has_closed_is_dropped() -> None:
    future: Future[int] = Future()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer(future), 0.01)

    asyncio.run(main())
    future.set_result(1)
    assert future.result() == 1
