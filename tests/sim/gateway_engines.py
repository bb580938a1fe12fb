"""The engines of the chaos run: some that keep a ledger, some that are llama.cpp."""

from __future__ import annotations

import re
import select
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx

from allod.run.serving.table import Replica, ServiceEntry
from bench import gateway_node

ROOT = Path(__file__).resolve().parents[2]
LLAMA_PYTHON = ROOT / ".engines/llama-cpp/bin/python"
LLAMA_SERVER = ROOT / "examples/services/llama_cpp_server.py"
TINY_MODEL = ROOT / "tests/engines/tiny_model.py"
START_S = 60.0
SITES = ("here", "there")
_COUNTED = re.compile(
    r"^llamacpp:(prompt_tokens|tokens_predicted|prompt_tokens_cached)_total (\d+)", re.MULTILINE
)


def llama_is_here() -> bool:
    """True if `scripts/engines.sh llama-cpp` was run."""
    return LLAMA_PYTHON.exists()


def write_model(file: Path) -> Path:
    """A made-up model for llama.cpp."""
    subprocess.run([str(LLAMA_PYTHON), str(TINY_MODEL), "gguf", str(file)], check=True)
    return file


@dataclass(slots=True)
class Running:
    """One engine that runs, or ran."""

    replica: Replica
    process: subprocess.Popen[bytes]
    ledger: Path | None  #: None of llama.cpp.

    @property
    def lives(self) -> bool:
        """False once it ended."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def counted(self) -> dict[str, int]:
        """What llama.cpp says of itself: prompt_tokens, tokens_predicted, prompt_tokens_cached."""
        said = httpx.get(f"http://127.0.0.1:{self.replica.port}/metrics", timeout=10).text
        return {name: int(value) for name, value in _COUNTED.findall(said)}


class Fleet:
    """All engines, of all services; replaces those that ended."""

    def __init__(
        self,
        folder: Path,
        kinds: dict[str, tuple[str, int]],
        parallel: int = 4,
        sites: Sequence[str] = SITES,
    ) -> None:
        """`kinds`: service -> its engine's kind and how many; `parallel`: slots of llama.cpp."""
        self._folder, self._kinds, self._parallel = folder, kinds, parallel
        self._sites = sites
        self._numbers = count()
        self.all: dict[str, list[Running]] = {name: [] for name in kinds}

    @contextmanager
    def running(self) -> Iterator[Fleet]:
        """All of them, until it is left."""
        with ExitStack() as until:
            until.callback(self._end)
            if any(kind == "llama-cpp" for kind, _ in self._kinds.values()):
                write_model(self._folder / "tiny.gguf")
            for name, (_, wanted) in self._kinds.items():
                for _ in range(wanted):
                    self.start(name)
            yield self

    def _end(self) -> None:
        for one in self.of():
            if one.lives:
                one.kill()
            if one.process.stdout is not None:
                one.process.stdout.close()

    def of(self, *names: str) -> list[Running]:
        """Those of some services, or of all; also those that ended."""
        return [one for name in names or self.all for one in self.all[name]]

    def start(self, name: str) -> Running:
        """One more engine of a service, once it answers."""
        kind, number = self._kinds[name][0], next(self._numbers)
        port, ledger = _free_port(), None
        if kind == "llama-cpp":
            model = ["--model", str(self._folder / "tiny.gguf"), "--alias", name]
            command = [str(LLAMA_PYTHON), str(LLAMA_SERVER), *model, "--port", str(port)]
            command += ["--parallel", str(self._parallel), "--threads", "1"]
        else:
            ledger = self._folder / f"ledger-{number}"
            command = [
                sys.executable,
                "-m",
                "tests.sim.ledger_engine",
                str(port),
                str(ledger),
                kind,
            ]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
        )
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], START_S)[0] or not process.stdout.readline():
            process.kill()
            raise RuntimeError(f"{command} does not start")
        place = self._sites[number % len(self._sites)]
        replica = gateway_node.replica(f"{name}-{number}", place, port)
        self.all[name].append(Running(replica, process, ledger))
        return self.all[name][-1]

    def services(self) -> list[ServiceEntry]:
        """As a table says them now."""
        return [
            gateway_node.service(
                name,
                [one.replica for one in self.all[name] if one.lives],
                engine=kind,
                in_flight=self._parallel if kind == "llama-cpp" else 64,
                hold_s=60,
            )
            for name, (kind, _) in self._kinds.items()
        ]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return int(bound.getsockname()[1])
