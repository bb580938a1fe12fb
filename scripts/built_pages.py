"""A hook of hatch: builds the control room before it is packed, so that who installs needs no Node.

From a checkout, scripts/ui.sh makes what is not fresh; a source distribution has the pages in it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuiltPages(BuildHookInterface):  # type: ignore[type-arg]
    """Sees to it that src/allod/web/built is there."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages, unless nothing is packed: an editable checkout builds its own."""
        root = Path(self.root)
        if version == "editable" or (root / "PKG-INFO").exists():
            return
        done = subprocess.run(
            [root / "scripts/ui.sh"], cwd=root, capture_output=True, text=True, check=False
        )
        if done.returncode or not (root / "src/allod/web/built/index.html").exists():
            raise RuntimeError(f"the control room could not be built: {done.stdout}{done.stderr}")
