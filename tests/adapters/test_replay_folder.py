"""Folders of replays and traces: what they name is found from elsewhere too."""

from __future__ import annotations

from pathlib import Path

import pytest

from allod.adapters.replay_folder import ReplayFolder

ID = "trace-0123456789ab"


def test_a_file_of_a_relative_folder_is_named_absolutely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The process that reads it works in the folder, not where the node was started.
    monkeypatch.chdir(tmp_path)
    shelf = ReplayFolder(Path("data"), "trace")
    assert shelf.path(ID, "jobs") == tmp_path / "data" / ID / "jobs"
