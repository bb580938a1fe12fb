"""Commands, run in an empty folder against a played node."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from allod.cli import edge
from allod.cli.main import app
from allod.cli.narrowed import narrowed
from tests.cli.played import PlayedNode


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Allod = Callable[..., Result]


@pytest.fixture
def played() -> Iterator[PlayedNode]:
    """A played node, not yet known to the commands."""
    node = PlayedNode()
    yield node
    node.close()


@pytest.fixture
def node(played: PlayedNode, monkeypatch: pytest.MonkeyPatch) -> PlayedNode:
    """A played node that the commands speak with."""
    monkeypatch.setenv("ALLOD_URL", played.url)
    monkeypatch.setenv("ALLOD_TOKEN", "secret")
    return played


@pytest.fixture
def allod(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Allod:
    """Runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str) -> Result:
        capfd.readouterr()
        command = typer.main.get_command(narrowed(app, arguments))
        status = edge.perform(command, arguments)
        captured = capfd.readouterr()
        return Result(status, captured.out, captured.err)

    return run


def wrong(result: Result, status: int, says: str, mend: str) -> None:
    """Asserts that a command told one error, in two lines, and nothing else."""
    assert (result.status, result.out) == (status, ""), result.err
    error, how = result.err.splitlines()
    assert error.startswith("error: ")
    assert says in error
    assert how.startswith("mend: ")
    assert mend in how
