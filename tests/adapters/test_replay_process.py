"""Processes beside the node: behind it, without its secrets, and gone when it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from allod.adapters.replay_process import ReplayProcesses
from allod.errors import Unavailable
from allod.run.replays.ports import IllEnd

PRELUDE = "import json, os, signal, sys, time\ntask = json.loads(sys.stdin.readline())\n"


def played(folder: Path, code: str, task: dict[str, Any] | None = None) -> Any:
    command = (sys.executable, "-c", PRELUDE + code)
    return ReplayProcesses(folder, command).start(task or {})


def lived(
    folder: Path, code: str, task: dict[str, Any] | None = None
) -> tuple[IllEnd | None, list[Any]]:
    said: list[Any] = []
    return played(folder, code, task).live(said.append), said


def test_it_is_told_its_task_and_heard(tmp_path: Path) -> None:
    how, said = lived(tmp_path, "print(json.dumps({'back': task}))", {"a": "ø\n"})
    assert (how, said) == (None, [{"back": {"a": "ø\n"}}])


def test_it_stands_behind_and_knows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOD_DATABASE", "postgresql://ada:secret@db/allod")
    code = (
        "print(json.dumps({'nice': os.nice(0), 'threads': os.environ['POLARS_MAX_THREADS'],\n"
        "  'secret': 'ALLOD_DATABASE' in os.environ, 'at': os.getcwd()}))"
    )
    _, said = lived(tmp_path, code)
    assert said[0]["nice"] >= 15 and said[0]["threads"] == "1"
    assert not said[0]["secret"] and said[0]["at"] == str(tmp_path)


@pytest.mark.parametrize(
    ("code", "how"),
    [
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            IllEnd("was ended by signal SIGKILL", killed=True),
        ),
        ("sys.exit(3)", IllEnd("ended with status 3", killed=False)),
        ("print(json.dumps({'error': {}})); sys.exit(1)", None),
        ("print('no json')", None),
    ],
)
def test_how_it_ended_is_told_unless_it_said_so_itself(
    tmp_path: Path, code: str, how: IllEnd | None
) -> None:
    assert lived(tmp_path, code)[0] == how


def test_one_that_ends_before_it_is_told_its_task_is_no_trouble(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import os; os._exit(4)")
    worker = ReplayProcesses(tmp_path, command).start({"large": "x" * (1 << 20)})
    assert worker.live(lambda _: None) == IllEnd("ended with status 4", killed=False)


def test_one_that_does_not_want_to_end_is_killed(tmp_path: Path) -> None:
    code = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('{}', flush=True)\ntime.sleep(60)"
    worker = played(tmp_path, code)
    heard = threading.Event()
    ends: list[IllEnd | None] = []
    thread = threading.Thread(
        target=lambda: ends.append(worker.live(lambda _: heard.set())), daemon=True
    )
    thread.start()
    assert heard.wait(30)
    worker.stop()
    thread.join(30)
    assert ends == [None]
    worker.stop()  # Also when it has ended.


def test_no_program_is_said_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as raised:
        ReplayProcesses(tmp_path, (str(tmp_path / "none"),)).start({})
    assert str(tmp_path) not in str(raised.value)


def test_it_ends_when_its_node_is_killed(tmp_path: Path) -> None:
    # The node: starts the real process with a task that never comes, tells its id, and waits.
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from allod.adapters.replay_process import ReplayProcesses\n"
        f"worker = ReplayProcesses(Path({str(tmp_path)!r})).start({{}})\n"
        "process = worker._process\n"
        'process.stdin.write(b\'{"task": "read", "memory_bytes": 4294967296, "name": "x", '
        f'"format": null, "file": "{tmp_path}/fifo"}}\\n\'); process.stdin.flush()\n'
        "print(process.pid, flush=True)\ntime.sleep(100)"
    )
    os.mkfifo(tmp_path / "fifo")  # Nobody writes there: reading waits for ever.
    node = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert node.stdout is not None
    with node.stdout:
        pid = int(node.stdout.readline())
    assert _lives(pid)
    node.send_signal(signal.SIGKILL)
    node.wait()
    end_s = monotonic() + 60
    while _lives(pid):
        assert monotonic() < end_s
        sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
