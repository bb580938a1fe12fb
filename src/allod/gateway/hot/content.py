"""Content of calls, kept for a project that asked for it itself, and for nobody else."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import orjson

_BYTES_MAX = 4 << 20


def keep(folder: Path, project: str, call: str, request: bytes, answer: list[bytes]) -> None:
    """Append what was asked and answered to the project's own file of this day."""
    now = datetime.now(UTC)
    place = folder / "content" / quote(project, safe="")
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = orjson.dumps(
        {
            "id": call,
            "at": now.isoformat(timespec="milliseconds"),
            "request": _shown(request),
            "answer": _shown(b"".join(answer)),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    file = os.open(place / f"{now:%Y-%m-%d}.jsonl", flags, 0o600)
    try:
        os.write(file, line)
    finally:
        os.close(file)


def _shown(content: bytes) -> str:
    return content[:_BYTES_MAX].decode("utf-8", "replace")
