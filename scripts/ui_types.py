#!/usr/bin/env python3
"""Writes ui/src/api/schema.d.ts, the API's types for the control room, from the OpenAPI document.

scripts/ui_types.py            write it
scripts/ui_types.py --check    exit 1 if it is not as it would be written

Needs ui/node_modules (scripts/ui.sh packages).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import cast

from allod.api import NodeApi, create_app
from allod.api.openapi import openapi_of

UI = Path(__file__).resolve().parents[1] / "ui"
TYPES = UI / "src/api/schema.d.ts"


def types() -> str:
    """The file's text, as openapi-typescript makes it."""
    description = openapi_of(create_app(cast(NodeApi, None)))
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "openapi.json", Path(folder) / "schema.d.ts"
        source.write_text(json.dumps(description))
        subprocess.run(
            ["node", UI / "node_modules/openapi-typescript/bin/cli.js", source, "--output", made],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return made.read_text()


def main() -> int:
    """Write the file, or with --check say whether it is fresh."""
    text = types()
    if "--check" not in sys.argv[1:]:
        TYPES.write_text(text)
        return 0
    if not TYPES.exists() or TYPES.read_text() != text:
        print(f"{TYPES.relative_to(UI.parent)} is not fresh: run scripts/ui_types.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
