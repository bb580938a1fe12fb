"""Compiled kernels are kept per content of all of the kernel."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from allod.cli import kernel_cache


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a kernel of two files, in which the module under test seems to lie."""
    folder = tmp_path / "decide/kernel"
    folder.mkdir(parents=True)
    (folder / "place.py").write_text("a = 1\n")
    (folder / "room.py").write_text("b = 1\n")
    monkeypatch.setattr(kernel_cache, "__file__", str(tmp_path / "cli/kernel_cache.py"))
    return folder


def test_any_change_of_any_file_is_another_folder(kernel: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    seen = [kernel_cache.folder(cache)]
    assert kernel_cache.folder(cache) == seen[0]
    (kernel / "room.py").write_text("b = 2\n")
    seen.append(kernel_cache.folder(cache))
    (kernel / "room.py").rename(kernel / "rooms.py")
    seen.append(kernel_cache.folder(cache))
    (kernel / "more.py").write_text("")
    seen.append(kernel_cache.folder(cache))
    (tmp_path / "energy").mkdir()
    for name in ("jit.py", "dispatch_loop.py"):
        (tmp_path / "energy" / name).write_text("c = 1\n")
        seen.append(kernel_cache.folder(cache))
    assert len(set(seen)) == 6
    assert {path.parent for path in seen} == {cache / "allod"}


def test_a_folder_that_the_caller_chose_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/chosen")
    kernel_cache.use()
    assert os.environ["NUMBA_CACHE_DIR"] == "/chosen"


def test_otherwise_it_lies_in_the_users_cache(
    kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kernel_cache.use()
    assert os.environ["NUMBA_CACHE_DIR"].startswith(str(tmp_path / "cache/allod/kernel-"))
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    kernel_cache.use()
    assert os.environ["NUMBA_CACHE_DIR"].startswith(str(tmp_path / ".cache/allod/kernel-"))
