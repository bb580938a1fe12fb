"""Engines as processes, each in its own environment of .engines."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "examples/services"
CLIENTS = Path(__file__).with_name("clients")
TINY_MODEL = Path(__file__).with_name("tiny_model.py")
KEY = "engine-key"
#: Nothing is timed; this only ends what would hang. [s]
PATIENCE_S = 600
#: A processor has few cores, and no engine is to look for models elsewhere.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def need(name: str) -> Path:
    """The folder of an environment; without it the test is skipped."""
    folder = ROOT / ".engines" / name
    if not (folder / ".allod").exists():
        pytest.skip(f"skipped: no .engines/{name}; scripts/engines.sh {name} makes it")
    return folder


def python_of(name: str) -> str:
    """The Python of an environment; without it the test is skipped."""
    return str(need(name) / "bin/python")


def write_tiny(name: str, what: str, path: Path) -> Path:
    """Have the made-up model written by the environment `name`; `what` as in tiny_model.py."""
    subprocess.run([python_of(name), TINY_MODEL, what, path], check=True, timeout=PATIENCE_S)
    return path


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def llama_command(model: str, alias: str, *more: str) -> list[str]:
    """The command of a Service, as a document has it."""
    return [
        python_of("llama-cpp"),
        str(SERVICES / "llama_cpp_server.py"),
        *("--model", model, "--alias", alias, "--host", "{host}", "--port", "{port}"),
        *("--threads", "1", *more),
    ]


@contextmanager
def running(command: list[str], log: Path, cwd: Path | None = None) -> Iterator[str]:
    """`command` with a free port and the key filled in, until it is ready; gives its URL."""
    port = free_port()
    filled = [
        word.format(host="127.0.0.1", port=port, engine_key=KEY, model="tiny") for word in command
    ]
    environment = {**ENVIRONMENT, "LLAMA_API_KEY": KEY, "ENGINE_KEY": KEY}
    with log.open("wb") as out:
        process = subprocess.Popen(filled, stdout=out, stderr=out, env=environment, cwd=cwd)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(process, url, log)
        yield url
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"the engine is not ready:\n{log.read_text(errors='replace')[-2000:]}")
