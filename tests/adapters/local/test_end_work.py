"""`make clean` ends the work of the node that it removes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from allod.adapters.local.runner import LocalRunner
from tests.adapters.local.harness import KEY, end_of, living, shell
from tests.tidy.test_tree import ROOT


def end_work(data: Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(ROOT / "scripts/end_work.py"), str(data)]
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)


def test_work_ends_before_its_folder_is_removed(tmp_path: Path) -> None:
    runner = LocalRunner(tmp_path / "runs")
    runner.start(shell("sleep 600 & sleep 600"))
    runner.start(shell("exit 3", workload_id="w-2"))
    end_of(runner, ("w-2", 1))
    said = end_work(tmp_path)
    assert (said.returncode, said.stdout) == (0, "allod: ending w-1\n")
    assert not living(runner)
    assert end_of(runner).cause == "stopped"
    assert (end_work(tmp_path).stdout, KEY in runner.ended()) == ("", True)


def test_where_no_node_was_nothing_is_said_or_made(tmp_path: Path) -> None:
    said = end_work(tmp_path)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
