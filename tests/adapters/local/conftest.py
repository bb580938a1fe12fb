from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from allod.adapters.local import LocalRunner
from allod.run.ports import RunKey
from tests.adapters.local.harness import wait_for


def all_keys(runner: LocalRunner) -> list[RunKey]:
    folders = runner.workloads.glob("*/run-*")
    return [(folder.parent.name, int(folder.name.removeprefix("run-"))) for folder in folders]


def sweep(runner: LocalRunner) -> None:
    """End everything that a test left running."""
    reports = runner.observe(all_keys(runner))
    left = [key for key, report in reports.items() if report.state in ("starting", "running")]
    for key in left:
        runner.stop(*key, grace_s=0, cause="end of test")
    for key in left:
        wait_for(lambda key=key: runner.observe([key])[key].state == "ended", f"end of {key}")


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder; whatever runs there at the end of the test is stopped."""
    folder = tmp_path / "data"
    yield folder
    sweep(LocalRunner(folder))


@pytest.fixture
def runner(data: Path) -> LocalRunner:
    return LocalRunner(data)
