# ruff: noqa: TID252, PTH108, PTH123, SIM105
"""One run under supervision: its command, its limits, its end."""

import _signal  # type: ignore[import-not-found]  # typeshed knows it as `signal`
import os
import select
import time

from . import record
from .command import execute
from .output import Output

_SIGKILL, _SIGTERM, _SIGCHLD, _SIGCONT = 9, 15, 17, 18
_POLL_S_MAX = 3600.0
_READ_BYTES = 65536
_PIPE_READS_MAX = 64  #: More than any pipe holds.


class Run:
    """One run, from the fork of its command to the record of its end."""

    def __init__(self, cap_bytes: int) -> None:
        self.control = -1
        self.outputs: dict[int, Output] = {}  #: By the pipe they come from.
        self.cap_bytes = cap_bytes
        self.cause = "exited"
        self.stopping = False
        self.kill_at_s = 0.0  #: On the monotonic clock.
        self.pid = 0
        self.started_at_s = 0
        self.wall_time_s = self.grace_s = 0
        self._go = -1
        self._reaped = False  #: From then on the group's id may come to belong to others.

    def begin(self) -> None:
        """Fork the command, which waits, and record it; OSError if that cannot be made durable."""
        with open(record.ORDER, "rb") as file:
            self.wall_time_s, self.grace_s, command, environment = record.parse_order(file.read())
        record.reserve_status()
        wait, self._go = os.pipe()
        streams = {name: os.pipe() for name in ("stdout", "stderr")}
        self.pid = os.fork()
        if not self.pid:
            os.close(self._go)
            execute(wait, streams["stdout"][1], streams["stderr"][1], command, environment)
        os.close(wait)
        for name, (pipe, far_end) in streams.items():
            os.close(far_end)
            os.set_blocking(pipe, False)
            self.outputs[pipe] = Output(name, self.cap_bytes)
        self._listen()
        self.started_at_s = int(time.time())
        record.write_durably(
            record.STARTED,
            (
                f'{{"boot_id": "{record.boot_id()}", "pid": {self.pid}, '
                f'"start_ticks": {record.start_ticks(self.pid)}, "supervisor_pid": {os.getpid()}, '
                f'"started_at_s": {self.started_at_s}}}\n'
            ).encode(),
        )

    def call_off(self) -> None:
        """Undo `begin`: the command never ran."""
        if self._go >= 0:
            os.close(self._go)
        if self.pid:
            os.waitpid(self.pid, 0)
        for name in (record.STARTED, record.STARTED + ".new", record.STATUS + ".new", record.ORDER):
            try:
                os.unlink(name)
            except OSError:
                continue  # It was not there, or cannot be made or removed; it was not started.

    def release(self) -> None:
        """Let the command run."""
        try:
            os.write(self._go, b"g")
        except BrokenPipeError:
            pass  # Somebody killed it; `watch` will see.
        os.close(self._go)

    def _listen(self) -> None:
        """From here on signals are bytes in `control`."""
        _signal.set_wakeup_fd(self.control, warn_on_full_buffer=False)
        _signal.signal(_SIGCHLD, lambda *_: None)
        _signal.signal(_SIGTERM, lambda *_: None)
        for number in (1, 2):
            _signal.signal(number, _signal.SIG_IGN)

    def watch(self) -> int:
        """Live through the run; the exit code of its command, below zero for a signal."""
        poll = select.poll()
        for pipe in (self.control, *self.outputs):
            poll.register(pipe, select.POLLIN)
        deadline_s = time.monotonic() + self.wall_time_s
        while True:
            others = self._others()
            if self._main_has_ended() and not (self.stopping and others):
                break
            now_s = time.monotonic()
            if self.stopping and now_s >= self.kill_at_s:
                break
            if not self.stopping and now_s >= deadline_s:
                self._ask_to_end("timeout", self.grace_s)
            until_s = self.kill_at_s if self.stopping else deadline_s
            wait_s = max(0.0, min(until_s - time.monotonic(), _POLL_S_MAX))
            for pipe, _ in poll.poll(int(wait_s * 1000) + 1):
                if pipe == self.control:
                    self._wake()
                elif not self._read(pipe):
                    poll.unregister(pipe)
        exit_code = self._kill_all()
        for pipe in self.outputs:
            for _ in range(_PIPE_READS_MAX):  # Somebody may have been handed the other end.
                if not self._read(pipe):
                    break
        return exit_code

    def _wake(self) -> None:
        received = os.read(self.control, 4096)
        if record.POKE in received:
            grace_s = record.stop_grace_s()  # None if a full disk did not take the request.
            self._ask_to_end("stopped", self.grace_s if grace_s is None else grace_s)
        if bytes((_SIGTERM,)) in received:
            self._ask_to_end("lost", self.grace_s)  # The machine goes down; nobody asked us.

    def _read(self, pipe: int) -> bool:
        """Keep what the pipe holds; False if there is nothing, and nothing more to come of it."""
        try:
            content = os.read(pipe, _READ_BYTES)
        except BlockingIOError:
            return False
        self.outputs[pipe].keep(content)
        return bool(content)

    def _ask_to_end(self, cause: str, grace_s: int) -> None:
        kill_at_s = time.monotonic() + grace_s
        if self.stopping:
            self.kill_at_s = min(self.kill_at_s, kill_at_s)
            return
        self.stopping, self.cause, self.kill_at_s = True, cause, kill_at_s
        for number in (_SIGTERM, _SIGCONT):
            self._signal_all(number)

    def _signal_all(self, number: int) -> None:
        """Signal the command's group, and what left the group and came back to us as orphan."""
        if not self._reaped:
            try:
                os.killpg(self.pid, number)
            except OSError:
                pass  # None that we may signal.
        for pid in children():
            try:
                if self._reaped or os.getpgid(pid) != self.pid:
                    os.kill(pid, number)
            except OSError:
                continue

    def _main_has_ended(self) -> bool:
        # Not reaped yet: as long as it is a zombie nobody else can get its process group's id.
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, flags) is not None

    def _others(self) -> bool:
        """True if orphans of the command still live; reaps those that do not."""
        living = False
        for pid in children():
            if pid != self.pid:
                living |= os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG) is None
        return living

    def _kill_all(self) -> int:
        """Kill and reap until no descendant is left; the exit code of the command."""
        exit_code = 0
        while True:
            self._signal_all(_SIGKILL)
            try:
                pid, status = os.waitpid(-1, 0)
            except ChildProcessError:
                return exit_code
            if pid == self.pid:
                exit_code = os.waitstatus_to_exitcode(status)
                self._reaped = True


def children() -> list[int]:
    """Processes whose parent we are; as a subreaper, orphans of the command among them."""
    pid = os.getpid()
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            return [int(child) for child in file.read().split()]
    except FileNotFoundError:
        return []  # A kernel built without it: the process group must do.
