"""The local runner: a `run.ports.Runner` whose placements are processes of this machine."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from allod.adapters.local import commands, limits
from allod.adapters.local.folder import RunFolder
from allod.adapters.local.remains import kill_remains
from allod.adapters.local.spawner import Spawner
from allod.adapters.local.supervisor import record
from allod.errors import InvalidInput, NotFound, RunnerUnknown
from allod.run.ports import (
    LimitAnswer,
    OutputPart,
    PowerLimitOrder,
    RunKey,
    RunReport,
    RunState,
    StartOrder,
    StreamName,
)

OUTPUT_CAP_BYTES = 8 * 1024 * 1024
_LOGS_LIMIT_BYTES = 1024 * 1024
_ANSWER_S = 30.0
_REMAINS_S = 5.0


class LocalRunner:
    """Starts and stops processes and knows them again; all it knows is in its folders.

    Safe to use from several threads, and from a second node while the first is being killed. A
    start takes tens of milliseconds, most of them in other processes, and starts from several
    threads at once share much of that.
    """

    def __init__(
        self,
        root: Path,
        *,
        output_cap_bytes: int = OUTPUT_CAP_BYTES,
        python: str = sys.executable,
        answer_s: float = _ANSWER_S,
    ) -> None:
        root = root.resolve()
        self.workloads = root / "workloads"
        self.markers = root / "ended"
        self._spawner = Spawner(python, output_cap_bytes, answer_s)
        for folder in (self.workloads, self.markers):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def start(self, order: StartOrder) -> RunReport:
        """See `Runner.start`; a second order for the same run is not compared with the first."""
        commands.check_order(order)
        folder = self._folder((order.workload_id, order.run))
        known = self._look(folder)
        if known.state in ("running", "ended"):
            return known
        try:
            folder.make()
            folder.write_order(commands.encode_order(order, folder.path))
            answer = self._spawner.spawn(folder.path, self._marker(folder.key))
        except OSError as error:
            folder.withdraw_order()
            raise commands.error_from_errno(error.errno or 0, str(error)) from error
        report = self._look(folder)
        if report.state in ("running", "ended"):
            return report  # On record, whatever the answer was.
        raise commands.error_from_answer(answer) or RunnerUnknown(
            f"local runner: the start of {order.workload_id} is not on record yet"
        )

    def stop(self, workload_id: str, run: int, grace_s: int, cause: str) -> RunReport:
        """See `Runner.stop`."""
        folder = self._folder((workload_id, run))
        known = self._look(folder)
        if known.state == "ended":
            return known
        try:
            folder.make()
            folder.write_stop(max(0, grace_s), cause)
        except OSError as error:
            # Unlike a start, a stop must be asked for again: the run may go on.
            raise RunnerUnknown(f"local runner: cannot record the stop: {error}") from error
        return self._look(folder)

    def observe(self, keys: Iterable[RunKey]) -> dict[RunKey, RunReport]:
        """See `Runner.observe`; a run that lost its supervisor is killed and ended here."""
        return {key: self._look(self._folder(key)) for key in keys}

    def ended(self) -> tuple[RunKey, ...]:
        """See `Runner.ended`; one listing of a folder."""
        keys = (commands.parse_marker(entry.name) for entry in os.scandir(self.markers))
        return tuple(sorted(key for key in keys if key is not None))

    def acknowledge(self, workload_id: str, run: int) -> None:
        """See `Runner.acknowledge`; again does nothing."""
        commands.check_key((workload_id, run))
        self._marker((workload_id, run)).unlink(missing_ok=True)

    def logs(
        self, workload_id: str, run: int, stream: StreamName, offset: int, limit: int
    ) -> OutputPart:
        """See `Runner.logs`; never more than 1 MiB at once."""
        folder = self._folder((workload_id, run))
        if stream not in ("stdout", "stderr"):
            raise InvalidInput(f"stream cannot be {stream!r}", mend="ask for stdout or stderr")
        if offset < 0 or limit < 1:
            raise InvalidInput(
                f"offset {offset} and limit {limit} name no bytes",
                mend="count the offset from 0 and the limit from 1",
            )
        if not folder.path.is_dir():
            raise NotFound(f"local runner: workload {workload_id} has no run {run}")
        return folder.read_output(stream, offset, min(limit, _LOGS_LIMIT_BYTES))

    def set_power_limit(self, order: PowerLimitOrder) -> LimitAnswer:
        """See `PowerLimiter.set_power_limit`."""
        commands.check_key((order.workload_id, order.run))
        return limits.set_power_limit(order)

    def _folder(self, key: RunKey) -> RunFolder:
        commands.check_key(key)
        return RunFolder(commands.run_folder(self.workloads, key), key)

    def _marker(self, key: RunKey) -> Path:
        return self.markers / commands.marker_name(key)

    def _look(self, folder: RunFolder) -> RunReport:
        """How the run stands, after ending what can only be ended from outside."""
        if (status := folder.status()) is not None:
            return status
        if not folder.path.is_dir():
            return self._report(folder.key, "absent")
        with folder.unsupervised() as free:
            if free:
                return self._settle(folder)
        if (started := folder.started()) is not None:
            return self._report(folder.key, "running", started.started_at_s)
        return self._report(folder.key, "starting" if folder.is_ordered() else "absent")

    def _settle(self, folder: RunFolder) -> RunReport:
        """How a run stands that no supervisor looks after; the lock is held."""
        if (status := folder.status()) is not None:
            return status  # It ended between our two looks.
        started = folder.started()
        started_at_s = None if started is None else started.started_at_s
        if folder.has_started():
            if not kill_remains(folder.path, started, _REMAINS_S):
                return self._report(folder.key, "running", started_at_s)
            return self._end(folder, "lost", started_at_s, folder.truncated_bytes())
        if folder.must_stop():
            return self._end(folder, "stopped", None, 0)
        return self._report(folder.key, "starting" if folder.is_ordered() else "absent")

    def _end(
        self, folder: RunFolder, cause: str, started_at_s: int | None, truncated_bytes: int
    ) -> RunReport:
        content = record.status_json(
            cause,
            started_at_s=started_at_s,
            ended_at_s=int(time.time()),
            truncated_bytes=truncated_bytes,
        )
        try:
            folder.write_status(content)
            self._marker(folder.key).touch(mode=0o600)
        except OSError as error:
            raise RunnerUnknown(f"local runner: cannot record an end: {error}") from error
        return commands.parse_status(folder.key, content)

    def _report(self, key: RunKey, state: RunState, started_at_s: int | None = None) -> RunReport:
        return RunReport(workload_id=key[0], run=key[1], state=state, started_at_s=started_at_s)
