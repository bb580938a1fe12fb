"""Compiled code: found for the sources that it was made of, and for no others."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from allod.gateway import compiled
from tests.gateway.hot import house

SRC = compiled.ROOT


def python(program: str, src: Path = SRC, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *program.split(" ", 1)],
        env=os.environ | {"PYTHONPATH": str(src)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources, without what was compiled of them."""
    ignored = shutil.ignore_patterns("__pycache__", "built")
    shutil.copytree(SRC / "allod", tmp_path / "allod", ignore=ignored)
    return tmp_path


def test_a_worker_runs_what_it_is_told_to(tmp_path: Path, how: str) -> None:
    async def go() -> None:
        told = house.table(house.service(house.replica("w1", 9)))
        async with house.House(tmp_path, told) as worker:
            await worker.ask(b"", path="/v1/models", method="GET")
            maps = Path(f"/proc/{worker.process.pid}/maps").read_text()
            assert (str(compiled.folder()) in maps) == (how == "compiled")

    asyncio.run(go())


def test_every_module_that_it_is_made_of_counts() -> None:
    program = (
        "-c import sys; from allod.gateway.hot import process; "
        "print(*(name for name, one in sys.modules.items() "
        "if name.startswith('allod') and not one.__file__.endswith('__init__.py')))"
    )
    imported = set(python(program).stdout.split())
    beside = {f"allod.{path.removesuffix('.py').replace('/', '.')}" for path in compiled._BESIDE}
    assert imported - beside <= set(compiled.sources())
    assert beside <= imported


@pytest.mark.parametrize("name", ["gateway/hot/call.py", "energy/of_calls.py", *compiled._BESIDE])
def test_a_changed_source_is_not_run_as_it_was(copy: Path, name: str) -> None:
    program = "-c from allod.gateway import compiled; print(compiled.folder(), compiled.use())"
    folder, used = python(program, copy).stdout.split()
    assert used == "False"
    if compiled.folder().exists():
        shutil.copytree(compiled.folder(), folder)
    with (copy / "allod" / name).open("a") as source:
        source.write("# changed")
    other, used = python(program, copy).stdout.split()
    assert other != folder
    assert used == "False"


def test_it_is_not_mixed_with_what_was_imported_before() -> None:
    program = "-c import allod.gateway.hot.call; from allod.gateway import compiled; compiled.use()"
    assert "imported before the compiled code could be: allod.energy" in python(program).stderr


def test_without_a_compiler_it_says_so_and_leaves_nothing(copy: Path) -> None:
    said = python("-m allod.gateway.compiling", copy, CC="/nowhere/cc")
    assert (said.returncode, said.stderr.count("\n")) == (1, 1)
    assert "no C compiler '/nowhere/cc'; the package gcc has one" in said.stderr
    assert list((copy / "allod/gateway/__pycache__").glob("*compiled-*")) == []
    assert list((copy / "allod/gateway/__pycache__").glob("tmp*")) == []
