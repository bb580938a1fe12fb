"""The process of a worker: it begins when its desk says so, and ends its calls before it ends."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import cast

import uvloop

from allod.gateway.hot.link import DeskLink
from allod.gateway.hot.server import Caller
from allod.gateway.hot.state import State
from allod.gateway.inside import Begin

#: Answers under way when the worker is to end have so long. [s]
DRAIN_S = 30.0
_BACKLOG = 4096


class Worker:
    """The process."""

    def __init__(self, listen: int, desk: int) -> None:
        self._listen = socket.socket(fileno=listen)
        self._desk = socket.socket(fileno=desk)
        self._loop: asyncio.AbstractEventLoop
        self._link = DeskLink(self._began, self._end)
        self._state: State | None = None
        self._server: asyncio.Task[asyncio.Server] | None = None
        self._ending: asyncio.Event
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Answer calls until told to end."""
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._end)
        self._desk.setblocking(False)
        await cast(
            Awaitable[object],
            self._loop.create_unix_connection(lambda: self._link, sock=self._desk),
        )
        await self._ending.wait()
        if self._state is not None:
            await self._drain(self._state)

    def _began(self, begin: Begin) -> State:
        state = self._state = State(begin, self._loop, self._link.send)
        self._listen.setblocking(False)
        made = cast(Callable[[], asyncio.Protocol], lambda: Caller(state))
        self._server = self._loop.create_task(
            self._loop.create_server(made, sock=self._listen, backlog=_BACKLOG)
        )
        ticking = self._loop.create_task(self._seconds(state))
        # It never ends by itself; a worker that told no loads any more is of no use.
        ticking.add_done_callback(lambda _: self._end())
        self._tasks.append(ticking)
        # What is there now stays; collections need not look at it, nor often for the rest.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)
        return state

    def _end(self) -> None:
        self._ending.set()

    async def _seconds(self, state: State) -> None:
        while True:
            await asyncio.sleep(1)
            state.second()

    async def _drain(self, state: State) -> None:
        if self._server is not None:
            (await self._server).close()
        state.draining = True
        for caller in list(state.callers):
            caller.stop()
        until_s = monotonic() + DRAIN_S
        while state.callers and monotonic() < until_s:
            await asyncio.sleep(0.05)
        for caller in list(state.callers):
            caller.transport.abort()
        # Callers that were cut are counted out as any that leave.
        until_s = monotonic() + 2
        while state.active and monotonic() < until_s:
            await asyncio.sleep(0.05)
        state.spool.close()
        state.book.close()


def run(listen: int, desk: int) -> None:
    """Answer calls that come to one descriptor, for the desk at the other."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Worker(listen, desk).run())
