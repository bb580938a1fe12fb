"""What is shipped holds the control room, and who installs it needs no Node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.tidy.test_tree import ROOT, tracked


def pack(kind: str, tree: Path, out: Path, path: str = os.environ["PATH"]) -> Path:
    """A wheel or a source distribution of `tree`."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", out],
        cwd=tree,
        env=os.environ | {"PATH": path},
        check=True,
        capture_output=True,
        timeout=300,
    )
    (made,) = out.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


def link(source: str, to: str) -> None:
    """The same file under another name, where the file system can; else a copy."""
    try:
        os.link(source, to)
    except OSError:
        shutil.copy2(source, to)


def of_control_room(names: list[str]) -> set[str]:
    return {name.partition("allod/web/built/")[2] for name in names if "allod/web/built/" in name}


@pytest.fixture(scope="module")
def clean(built: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as git keeps it, nothing built; the packages of npm as links, to need no network."""
    tree = tmp_path_factory.mktemp("clean") / "allod"
    for path in tracked():
        (to := tree / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, to)
    packages = ROOT / "ui/node_modules"
    shutil.copytree(packages, tree / "ui/node_modules", symlinks=True, copy_function=link)
    return tree


def test_a_wheel_of_a_clean_checkout_holds_the_control_room(clean: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(pack("wheel", clean, tmp_path)) as wheel:
        held = of_control_room(wheel.namelist())
        index = wheel.read("allod/web/built/index.html").decode()
    assert {"index.html", "icon.svg"} < held
    assets = {name for name in held if name.startswith("assets/")}
    loaded = {name for name in assets if f'"/{name}"' in index}
    assert {Path(name).suffix for name in loaded} == {".js", ".css"}
    assert not [name for name in wheel.namelist() if "node_modules" in name or "/ui/" in name]


def test_a_source_distribution_becomes_a_wheel_without_node(clean: Path, tmp_path: Path) -> None:
    with tarfile.open(pack("sdist", clean, tmp_path / "sdist")) as source:
        assert not [name for name in source.getnames() if "node_modules" in name]
        source.extractall(tmp_path / "unpacked", filter="data")
    (tree,) = (tmp_path / "unpacked").iterdir()
    assert (tree / "ui/src/App.svelte").exists()
    # No command at all is there to build with.
    with zipfile.ZipFile(pack("wheel", tree, tmp_path / "wheel", path="")) as wheel:
        held = of_control_room(wheel.namelist())
    assert held == of_control_room([str(path) for path in tree.rglob("*") if path.is_file()])
    assert "index.html" in held
