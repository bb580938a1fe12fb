"""The reference is as the commands and errors are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from allod.errors import AllodError


def test_the_pages_are_fresh(root: Path) -> None:
    checked = subprocess.run(
        [sys.executable, root / "scripts/docs_cli.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_every_error_has_its_row(root: Path) -> None:
    page = (root / "docs/reference/errors.md").read_text()
    for kind in (AllodError, *AllodError.__subclasses__()):
        if kind.__module__ == "allod.errors":
            assert f"| {kind.exit_code} | `{kind.code}` | {kind.http_status} |" in page
