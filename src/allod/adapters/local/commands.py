"""What the local runner checks, writes and reads, as values: no I/O here."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from allod.adapters.local.supervisor import record
from allod.errors import AllodError, RunnerRefused, RunnerUnknown
from allod.run.ports import RunKey, RunReport, StartOrder

_WORKLOAD_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RUN_MAX = 1_000_000
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: Set in the environment of every process of a run, by which its remains are known.
RUN_FOLDER_VARIABLE = "ALLOD_RUN_FOLDER"
#: The system has run out of something that comes back by itself.
_PASSING = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EINTR)
_START_CODE = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from supervisor.main import main_from_arguments; main_from_arguments()"
)


def check_key(key: RunKey) -> None:
    """Raise RunnerRefused unless the key can safely name a folder."""
    workload_id, run = key
    if not _WORKLOAD_ID.fullmatch(workload_id):
        raise _refused("workload_id", workload_id, "use letters, digits and '.', '_', '-'")
    if not 1 <= run <= _RUN_MAX:
        raise _refused("run", run, f"count runs from 1 to {_RUN_MAX}")


def check_order(order: StartOrder) -> None:
    """Raise RunnerRefused unless the order can be carried out as it is written."""
    check_key((order.workload_id, order.run))
    if not order.command or not order.command[0]:
        raise _refused("command", order.command, "name a program; containers need another runner")
    if order.wall_time_s < 1:
        raise _refused("wall_time_s", order.wall_time_s, "give it at least one second")
    if order.grace_s < 0:
        raise _refused("grace_s", order.grace_s, "give 0 or more seconds")
    for name, _ in order.environment:
        if not _ENVIRONMENT_NAME.fullmatch(name):
            raise _refused("environment", name, "name it with letters, digits and '_'")
    texts = (("command", word) for word in order.command)
    for field, text in (*texts, *(("environment", value) for _, value in order.environment)):
        if "\0" in text or not _can_encode(text):
            raise _refused(field, text, "leave out NUL and broken Unicode")


def _can_encode(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _refused(field: str, value: object, mend: str) -> RunnerRefused:
    shown = ascii(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return RunnerRefused(f"local runner: {field} cannot be {shown}", mend=mend)


def run_folder(workloads: Path, key: RunKey) -> Path:
    """The folder of a run whose key has been checked."""
    workload_id, run = key
    return workloads / workload_id / f"run-{run}"


def marker_name(key: RunKey) -> str:
    """The name of the empty file that says that a run has ended."""
    return f"{key[0]}.{key[1]}"


def parse_marker(name: str) -> RunKey | None:
    """The run that a marker stands for, or None if the file is none of ours."""
    workload_id, _, run = name.rpartition(".")
    if not run.isascii() or not run.isdigit() or not _WORKLOAD_ID.fullmatch(workload_id):
        return None
    return workload_id, int(run)


def environment(order: StartOrder, folder: Path) -> dict[str, str]:
    """The command's whole environment: little of ours, then the order's, then who it is."""
    return {
        "HOME": str(folder / record.WORK),
        "LANG": "C.UTF-8",
        "PATH": PATH,
        **dict(order.environment),
        "ALLOD_WORKLOAD_ID": order.workload_id,
        "ALLOD_RUN": str(order.run),
        "ALLOD_SITE": order.site,
        "ALLOD_POOL": order.pool,
        "ALLOD_ACCELERATORS": str(order.accelerators),
        "ALLOD_ACCELERATOR_IDS": ",".join(order.accelerator_ids),
        RUN_FOLDER_VARIABLE: str(folder),
    }


def encode_order(order: StartOrder, folder: Path) -> bytes:
    """The order as the supervisor reads it: fields with a NUL after each, for JSON loads slowly."""
    settings = [f"{name}={value}" for name, value in environment(order, folder).items()]
    numbers = [str(order.wall_time_s), str(order.grace_s), str(len(order.command))]
    fields = (*numbers, *order.command, *settings)
    return "".join(f"{field}\0" for field in fields).encode("utf-8", "surrogateescape")


def encode_stop(grace_s: int, cause: str) -> bytes:
    """A request to end: the grace for the supervisor, the cause for people."""
    return f"{grace_s}\n{cause}\n".encode("utf-8", "backslashreplace")


def parse_stop(content: bytes) -> int:
    """The grace of a request to end. [s]"""
    return int(content.split(b"\n", 1)[0])


def supervisor_argv(python: str, runs: Iterable[tuple[Path, Path]], cap_bytes: int) -> list[str]:
    """Arguments that start supervisors, isolated and without site packages.

    `runs` has the folder and the end marker of each run. The code is imported, not passed as a
    script, because Python keeps only what is imported in its compiled form.
    """
    here = str(Path(__file__).parent)
    paths = (str(path) for run in runs for path in run)
    return [python, "-I", "-S", "-c", _START_CODE, here, str(cap_bytes), *paths]


def answers(output: str, count: int) -> list[str]:
    """What each of `count` supervisors answered; one that did not gets the last line of all."""
    lines = output.splitlines()
    found = dict(line.split(" ", 1) for line in lines if " " in line)
    rest = lines[-1] if lines else ""
    return [found.get(str(number), rest) for number in range(count)]


def error_from_answer(answer: str) -> AllodError | None:
    """What went wrong according to a supervisor's answer, or None if the run is on record."""
    word, _, rest = answer.strip().partition(" ")
    if word in (record.BEGUN, record.KNOWN):
        return None
    if word == record.REFUSED and (number := rest.partition(" ")[0]).isdigit():
        return error_from_errno(int(number), rest.partition(" ")[2])
    shown = answer.strip().splitlines()[-1:] or ["nothing"]
    return RunnerUnknown(f"local runner: the supervisor answered {shown[0]!a}")


def error_from_errno(number: int, message: str) -> AllodError:
    """Refused, or unknown where asking again helps; either way nothing has been started."""
    if number in record.DISK_FULL:
        mend = "free space on the disk of the data folder, then submit again"
        return RunnerRefused(
            f"local runner: the disk is full, nothing was started: {message}", mend=mend
        )
    if number in _PASSING:
        return RunnerUnknown(f"local runner: the machine is short of resources now: {message}")
    return RunnerRefused(f"local runner: nothing was started: {message}")


@dataclass(frozen=True, slots=True)
class Started:
    """The record that a run began: which process, of which boot."""

    boot_id: str
    pid: int
    start_ticks: int
    started_at_s: int


def parse_started(content: bytes) -> Started | None:
    """The record of a start, or None if a power cut left it unreadable."""
    try:
        body = json.loads(content)
        return Started(
            boot_id=str(body["boot_id"]),
            pid=int(body["pid"]),
            start_ticks=int(body["start_ticks"]),
            started_at_s=int(body["started_at_s"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def parse_status(key: RunKey, content: bytes) -> RunReport:
    """The report of a run that has ended."""
    return RunReport(workload_id=key[0], run=key[1], state="ended", **json.loads(content))


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """What /proc/<pid>/stat says about one process, as far as we ask."""

    pid: int
    state: str
    session: int
    start_ticks: int

    @property
    def lives(self) -> bool:
        """False for what has ended and only waits to be reaped."""
        return self.state not in ("Z", "X", "x")


def parse_stat(content: bytes) -> ProcessStat:
    """One line of /proc/<pid>/stat; the command's name in it may hold anything, ')' included."""
    before, _, after = content.rpartition(b")")
    fields = after.split()
    return ProcessStat(
        pid=int(before.split(b" ", 1)[0]),
        state=fields[0].decode("ascii"),
        session=int(fields[3]),
        start_ticks=int(fields[19]),
    )


def output_files(names: Iterable[str], stream: str) -> list[tuple[int, str]]:
    """The files of one output with the position at which each begins, in order."""
    found = []
    for name in names:
        base, _, position = name.partition(".")
        if base == stream and (not position or position.isdigit()):
            found.append((int(position or 0), name))
    return sorted(found)
