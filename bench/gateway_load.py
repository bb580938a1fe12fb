"""One window of load through a proxy: what it did, what it cost, and who else was at work.

Proxy at one core, client and upstream at another. CPU time is the kernel's; wall-clock times count
only where others left the machine alone meanwhile.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.cpu_of_tree import Machine, cpu_s
from bench.gateway_peers import CACHE, NotHere

TOOLS: Final = Path(__file__).resolve().parents[2] / "shared/tools/gateway"
PROXY_CORE, CLIENT_CORE = 0, 1
#: More than this of the machine in other hands, and wall-clock times say nothing. [cores]
FOREIGN_MAX: Final = 0.2
CHUNKS, CHUNK_EVERY_US = 50, 20_000
START_S = 240.0


@dataclass(frozen=True, slots=True)
class Shape:
    """How callers call."""

    name: str
    clients: int
    stream: bool
    model: str = "fake"  #: 'paced': a part every 20 ms; else an answer comes at once.


JSON_1 = Shape("json1", 1, stream=False)
JSON_32 = Shape("json32", 32, stream=False)
STREAM_32 = Shape("stream32", 32, stream=True)
PACED_256 = Shape("paced256", 256, stream=True, model="paced")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What one window of load came to."""

    answers: int
    errors: int
    parts: int
    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_s: float  #: Of the proxy, until its last record was kept.
    foreign_cores: float

    @property
    def us_per_answer(self) -> float:
        """CPU of the proxy for each answer. [us]"""
        return 1e6 * self.cpu_s / max(1, self.answers)

    @property
    def us_per_part(self) -> float:
        """CPU of the proxy for each part of a stream. [us]"""
        return 1e6 * self.cpu_s / max(1, self.parts)

    @property
    def calm(self) -> bool:
        """True if wall-clock times of it say something."""
        return self.foreign_cores <= FOREIGN_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A proxy that runs."""

    name: str
    port: int
    processes: tuple[int, ...]  #: Those whose trees are counted.
    beside: tuple[int, ...] = ()  #: Those that work for it and are told apart, as its database.
    key: str = "sk-test"
    headers: str = ""
    settle: Callable[[int], None] = lambda answers: None
    """Waits until all work for so many answers is done."""


def tools() -> tuple[Path, Path] | None:
    """The client and the upstream, built; None if their sources or a compiler are not here."""
    if shutil.which("gcc") is None or not (TOOLS / "load.c").exists():
        return None
    CACHE.mkdir(exist_ok=True)
    for name in ("load", "fakeup"):
        command = ["gcc", "-O2", "-w", "-o", str(CACHE / name), str(TOOLS / f"{name}.c")]
        subprocess.run(command, check=True)
    return CACHE / "load", CACHE / "fakeup"


def measure(load: Path, target: Target, upstream: int, shape: Shape, seconds: float) -> Window:
    """Load `target` for so long; `upstream` is the upstream's process."""
    before, used_s = Machine.now(), cpu_s(*target.processes)
    others_s = cpu_s(upstream, *target.beside)
    asked = (target.port, shape.clients, seconds, int(shape.stream), 0, target.key, shape.model)
    words = [str(word) for word in (load, *asked, "/v1/chat/completions", target.headers)]
    done = subprocess.run(
        ["taskset", "-c", str(CLIENT_CORE), *words], capture_output=True, text=True, check=True
    )
    said: dict[str, Any] = json.loads(done.stdout)
    client_s = said["client_cpu"] * said["secs"]
    around = Machine.now()
    in_window_s = cpu_s(*target.processes) - used_s
    ours_s = in_window_s + cpu_s(upstream, *target.beside) - others_s + client_s
    target.settle(said["reqs"])
    return Window(
        answers=said["reqs"],
        errors=said["errs"],
        parts=said["chunks"],
        per_s=said["rps"],
        p50_ms=said["lat_p50"],
        p99_ms=said["lat_p99"],
        cpu_s=cpu_s(*target.processes) - used_s,
        foreign_cores=around.foreign_cores(before, ours_s),
    )


@contextmanager
def process(
    command: list[str], core: int, port: int, folder: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """`command` at a core, from when it answers at `port` until it is no longer wanted."""
    with (folder / f"{Path(command[0]).name}-{port}.log").open("wb") as log:
        started = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        await_port(port, started)
        yield started
    finally:
        started.terminate()
        with suppress(subprocess.TimeoutExpired):
            started.wait(10)
        started.kill()
        started.wait()


def await_port(port: int, started: subprocess.Popen[bytes]) -> None:
    """Return once somebody answers at `port`."""
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        if started.poll() is not None:
            raise NotHere(f"{_name(started)} ended by itself")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise NotHere(f"{_name(started)} does not answer")


def _name(started: subprocess.Popen[bytes]) -> str:
    return " ".join(Path(word).name for word in list(started.args)[3:6])  # type: ignore[arg-type]
