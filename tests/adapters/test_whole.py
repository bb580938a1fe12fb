"""Files are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from allod.adapters.whole import write_whole


def test_what_cannot_be_made_durable_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "folder/file"
    write_whole(file, b"before")

    def full(descriptor: int) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_whole(file, b"after")
    assert file.read_bytes() == b"before"
    assert list(file.parent.iterdir()) == [file]


def test_a_file_is_durable_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, seen = tmp_path / "file", []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(file.exists()))
    write_whole(file, b"whole")
    assert seen == [False, True]  # The file before it is named so, then the folder that names it.
    assert file.read_bytes() == b"whole"
