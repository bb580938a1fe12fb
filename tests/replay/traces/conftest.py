"""What the tests of the readers share: a trace as lists, whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from allod.replay.traces import Trace


def _whole(trace: Trace) -> dict[str, list[Any]]:
    """All jobs of `trace`, by column, with names for codes."""
    meta = trace.meta
    lists = {
        "user": meta.users,
        "group": meta.groups,
        "partition": meta.partitions,
        "queue": meta.queues,
        "project": meta.projects,
        "access_class": meta.access_classes,
    }
    columns: dict[str, list[Any]] = {}
    for chunk in trace:
        for name in chunk.__slots__:
            values = getattr(chunk, name)
            if values is None:
                continue
            assert isinstance(values, np.ndarray) and len(values) == len(chunk)
            shown = values.tolist()
            if name in lists:
                shown = [lists[name][code] for code in shown]
            columns.setdefault(name, []).extend(shown)
    return columns


@pytest.fixture
def whole() -> Callable[[Trace], dict[str, list[Any]]]:
    """Reads a whole trace."""
    return _whole


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a text and says where."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write
