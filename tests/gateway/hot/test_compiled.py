"""Compiled code: found for the sources that it was made of, and for no others."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from allod.gateway import compiled, compiling
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


def test_code_that_cannot_be_loaded_is_not_run(copy: Path) -> None:
    program = "-c from allod.gateway import compiled; print(compiled.folder())"
    folder = Path(python(program, copy).stdout.strip())
    begin = (
        "-c from allod.gateway import compiled; print(compiled.use()); "
        "import allod.gateway.hot.call as call; print(call.__file__.endswith('.py'))"
    )
    # As a machine that lost power right after set-up has it: empty, and at first not even all.
    for name in (f"{compiled.GROUP}__mypyc", *compiled.sources()):
        empty = folder / f"{name.replace('.', '/')}{EXTENSION_SUFFIXES[0]}"
        empty.parent.mkdir(parents=True, exist_ok=True)
        begun = python(begin, copy)
        assert begun.stdout.split() == ["False", "True"]
        assert begun.stderr == ""
        empty.touch()
    begun = python(begin, copy)
    assert begun.stdout.split() == ["False", "True"]
    assert "file too short" in begun.stderr
    # Set-up does not take it for made.
    assert python("-m allod.gateway.compiling", copy, CC="/nowhere/cc").returncode == 1
    assert not folder.exists()


def test_of_two_that_compile_at_once_the_later_is_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "__pycache__" / "compiled-x"

    def while_another_does(work: Path) -> None:
        for made in (work / "lib", folder):
            made.mkdir()
            (made / "code").touch()

    monkeypatch.setattr(compiled, "folder", lambda: folder)
    monkeypatch.setattr(compiling, "_compile", while_another_does)
    compiling.make()
    assert [one.name for one in folder.parent.iterdir()] == ["compiled-x"]
