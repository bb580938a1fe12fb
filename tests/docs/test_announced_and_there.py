"""The page of what was announced is what the commands print now."""

from __future__ import annotations

import subprocess
import sys

from tests.documents import ROOT


def test_the_page_and_its_pictures_are_fresh() -> None:
    command = [sys.executable, ROOT / "scripts/docs_catalogue.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
