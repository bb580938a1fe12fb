"""Files named on a command line: what is read of them, and where an error of the node points."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from allod.cli.reading import place_of, read_plain
from allod.errors import InvalidDocument


def test_a_pipe_is_not_asked_for_what_it_gave(tmp_path: Path) -> None:
    pipe = tmp_path / "rule.yaml"
    os.mkfifo(pipe)
    found: list[str] = []
    asking = threading.Thread(
        target=lambda: found.append(place_of(f"{pipe}:3", "residency.storage")), daemon=True
    )
    asking.start()
    asking.join(5)
    assert found == [f"{pipe}:3"]


def test_a_second_document_is_not_lost(tmp_path: Path) -> None:
    file = tmp_path / "rule.yaml"
    file.write_text("storage: [NO]\n---\nprocessing: [NO]\n")
    with pytest.raises(InvalidDocument, match=r"line 3: .* a second .*processing"):
        read_plain(file)
    file.write_text("---\n# None.\n---\nstorage: [NO]\n")
    assert read_plain(file) == (f"{file}:4", {"storage": ["NO"]})
