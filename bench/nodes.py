"""A real node for a measurement: `allod up` in a folder of its own, with its embedded database."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass(frozen=True, slots=True)
class RunningNode:
    """A node that takes work."""

    url: str
    token: str
    folder: Path

    def apply(self, documents: str) -> None:
        """Give it `documents`, a YAML text."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/yaml"}
        answer = httpx.post(
            f"{self.url}/v1/documents", content=documents, headers=headers, timeout=60
        )
        answer.raise_for_status()


@contextmanager
def running(folder: Path, *words: str) -> Iterator[RunningNode]:
    """A node on `folder` while the block lasts; `words` are more of `allod up`, as '--example'."""
    try:
        told = json.loads(allod("up", *words, "--data", str(folder), "--port", "0", "--json"))
        token = (folder / "token").read_text(encoding="utf-8").strip()
        yield RunningNode(told["url"], token, folder)
    finally:
        allod("down", "--data", str(folder))


def allod(*words: str) -> str:
    """What the command `allod WORDS` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "allod.cli.main", *words],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout
