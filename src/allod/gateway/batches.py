"""Batches: worked off one after the other line, whatever restarts come between.

What stands in the answers' files is done; everything else is asked. The database holds where a
batch stands, and each step there is taken only from the one before it, so that it is taken once.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from allod.adapters.postgres import GatewayStore
from allod.errors import AllodError
from allod.gateway.batch.answers import Answers
from allod.gateway.batch.caller import Caller, is_final, pause
from allod.gateway.batch.lines import Call, calls_of, check
from allod.gateway.batch.window import Window
from allod.gateway.kept_files import KeptFiles
from allod.run.serving.kept import Batch, KeptFile

_log = logging.getLogger("allod.gateway.batches")
_EVERY_S = 1.0
_SWEEP_EVERY_S = 600.0
#: Files that a batch makes are kept, whatever room the project has left. [bytes]
_NO_LIMIT = 1 << 62

Ended = Literal["completed", "expired", "cancelled"]
#: What is said of calls that were not made.
_NOT_DONE = {
    "expired": ("batch_expired", "The batch's time was over before this call was made."),
    "cancelled": ("batch_cancelled", "The batch was cancelled before this call was made."),
}


class Batches:
    """All open batches of one gateway."""

    def __init__(
        self,
        store: Callable[[], GatewayStore],
        files: KeptFiles,
        caller: Caller,
        window: Window,
    ) -> None:
        self._store, self._files, self._caller, self._window = store, files, caller, window
        self._working: dict[str, asyncio.Task[None]] = {}
        #: Batches as they stood when they were last looked at.
        self._open: dict[str, Batch] = {}

    async def run(self) -> None:
        """Work batches off until cancelled."""
        swept_at_s = 0.0
        try:
            while True:
                try:
                    if time.monotonic() - swept_at_s > _SWEEP_EVERY_S:
                        await asyncio.to_thread(self._files.sweep, int(time.time()))
                        swept_at_s = time.monotonic()
                    found = await asyncio.to_thread(self._store().batches_open)
                except (AllodError, OSError):
                    found = []  # The database is away; shipping says so.
                except Exception:  # noqa: BLE001  (the edge: a mistake of ours must be seen)
                    # Without this the desk would end by it, and all calls with it.
                    _log.exception("batches were not looked after")
                    found = []
                self._open = {batch.id: batch for batch in found}
                for batch in found:
                    if batch.id not in self._working:
                        task = asyncio.create_task(self._work(batch))
                        self._working[batch.id] = task
                await asyncio.sleep(_EVERY_S)
        finally:
            for task in self._working.values():
                task.cancel()
            await asyncio.gather(*self._working.values(), return_exceptions=True)
            await self._caller.close()

    async def _work(self, batch: Batch) -> None:
        """Take a batch as far as it goes now; an error leaves it where it stands."""
        try:
            if batch.status == "validating":
                await self._validate(batch)
            elif batch.status == "finalizing":
                await asyncio.to_thread(self._end, batch, "completed")
            else:
                await self._drain(batch)
        except (AllodError, OSError, ExceptionGroup) as error:
            _log.warning("batch %s waits: %s", batch.id, error)
            await asyncio.sleep(_EVERY_S)
        finally:
            del self._working[batch.id]

    async def _validate(self, batch: Batch) -> None:
        path = self._files.path(batch.input_file)
        store, now_s = self._store(), int(time.time())
        try:
            checked = await asyncio.to_thread(check, path, batch.endpoint)
            faults = checked.faults
        except FileNotFoundError:
            faults = [
                {"code": "invalid_file", "message": "The input file is gone.",
                 "param": "input_file_id", "line": None}
            ]  # fmt: skip
        if faults:
            ended = replace(batch, status="failed", ended_at_s=now_s, errors=json.dumps(faults))
            await asyncio.to_thread(store.end_batch, ended)
        else:
            await asyncio.to_thread(
                store.begin_batch, batch.id, checked.total, checked.model, now_s
            )

    # ------------------------------------------------------------ the calls

    async def _drain(self, batch: Batch) -> None:
        """Make the calls that are not done, then end the batch."""
        answers = await asyncio.to_thread(
            Answers, self._part(batch, "output"), self._part(batch, "error")
        )
        try:
            why = self._over(batch) or await self._call_all(batch, answers)
            if why != "completed":
                await asyncio.to_thread(self._refuse_rest, batch, answers, why)
        finally:
            await asyncio.to_thread(answers.close)
            await self._count(batch, answers)
        if why == "completed":
            await asyncio.to_thread(self._store().finalize_batch, batch.id, int(time.time()))
        counted = replace(batch, completed=answers.completed, failed=answers.failed)
        await asyncio.to_thread(self._end, counted, why)

    async def _call_all(self, batch: Batch, answers: Answers) -> Ended:
        """Make calls until all are done or the batch is to end before that; says which."""
        feeding = asyncio.create_task(self._feed(batch, answers))
        try:
            while not feeding.done():
                await asyncio.wait([feeding], timeout=_EVERY_S)
                await self._count(batch, answers)
                if not feeding.done() and (why := self._over(batch)) is not None:
                    return why
            await feeding
            return "completed"
        finally:
            feeding.cancel()
            await asyncio.wait([feeding])

    async def _feed(self, batch: Batch, answers: Answers) -> None:
        async with asyncio.TaskGroup() as calls:
            for call in calls_of(self._files.path(batch.input_file), batch.endpoint):
                if call.custom_id not in answers.done:
                    await self._window.enter()
                    calls.create_task(self._call(batch, call, answers))

    async def _call(self, batch: Batch, call: Call, answers: Answers) -> None:
        """Make one call, again and again until there is an answer that stands."""
        try:
            attempt = 0
            while True:
                answer = await self._caller.once(batch, call)
                if answer is not None and is_final(answer, attempt):
                    break
                self._window.narrow()
                await pause(attempt)
                attempt += 1
        finally:
            await self._window.leave()
        answers.answered(batch.id, call, answer.status, answer.request_id, answer.body)

    def _over(self, batch: Batch) -> Ended | None:
        """Why a batch is to end before all is done; None if it is not."""
        now = self._open.get(batch.id, batch)
        if now.status == "cancelling":
            return "cancelled"
        return "expired" if time.time() >= now.expires_at_s else None

    async def _count(self, batch: Batch, answers: Answers) -> None:
        with suppress(AllodError):  # The count is told again.
            await asyncio.to_thread(
                self._store().count_batch, batch.id, answers.completed, answers.failed
            )

    def _refuse_rest(self, batch: Batch, answers: Answers, why: Ended) -> None:
        code, message = _NOT_DONE[why]
        for call in calls_of(self._files.path(batch.input_file), batch.endpoint):
            if call.custom_id not in answers.done:
                answers.unanswered(batch.id, call, code, message)

    # ------------------------------------------------------------ the end

    def _end(self, batch: Batch, why: Ended) -> None:
        """Make files of the answers and say the last word; doing it twice changes nothing.

        Raises:
            Unavailable: The database cannot take it now.
        """
        now_s = int(time.time())
        ended = replace(
            batch,
            status=why,
            ended_at_s=now_s,
            output_file=self._made(batch, "output", now_s),
            error_file=self._made(batch, "error", now_s),
        )
        self._store().end_batch(ended)

    def _part(self, batch: Batch, kind: str) -> Path:
        return self._files.folder / f"{batch.id}.{kind}.part"

    def _made(self, batch: Batch, kind: str, now_s: int) -> str:
        """The file that the answers of one kind become; '' if there are none."""
        name = f"file-{batch.id.removeprefix('batch_')}-{kind}"
        part, path = self._part(batch, kind), self._files.path(name)
        if part.exists():
            part.replace(path)
        size = path.stat().st_size if path.exists() else 0
        if not size:
            path.unlink(missing_ok=True)
            return ""
        file = KeptFile(
            id=name,
            project=batch.project,
            purpose="batch_output",
            filename=f"{batch.id}_{kind}.jsonl",
            bytes=size,
            created_at_s=now_s,
            expires_at_s=None if batch.output_kept_s is None else now_s + batch.output_kept_s,
        )
        self._files.keep(file, _NO_LIMIT)
        return name
