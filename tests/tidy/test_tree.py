"""The tree itself: sizes, words that must not be in it, what the core may touch, the locks."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
CORE = ("domain", "energy", "prove", "decide", "plan")
LINES_MAX = 500

# In pieces, so that this file does not hold what it looks for.
ELSEWHERE = {
    "the host of a package registry": r"py"
    r"pi\.org|python"
    r"hosted\.|npm"
    r"js\.|deb\.deb"
    r"ian\.",
    "a path of one machine": r"/wor"
    r"k/[a-z]|/ho"
    r"me/[a-z]|/ro"
    r"ot/|/op"
    r"t/py"
    r"pi|_jo"
    r"bs\.\d",
}
UNFINISHED = re.compile(
    r"\b(TO"
    r"DO|FIX"
    r"ME|XX"
    r"X|HA"
    r"CK|NotImplemented"
    r"Error|for n"
    r"ow|place"
    r"holder|st"
    r"ub|dum"
    r"my)\b"
)
# The linter's bans are of names that are imported; these are built in, or methods of a Path.
BUILTINS_OF_IO = {"open", "input", "print"}
METHODS_OF_IO = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "unlink"}


def tracked() -> list[Path]:
    """The files that git keeps."""
    if not (ROOT / ".git").exists():
        pytest.skip("skipped: not a git checkout")
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


def lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """`path:number: line` for each line in which `pattern` is found; binary files are passed."""
    found = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    return found


def test_every_source_file_can_be_read_in_one_sitting() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in SOURCES}
    assert lengths
    too_long = {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > LINES_MAX}
    assert not too_long, f"split by noun: over {LINES_MAX} lines"


@pytest.mark.parametrize("what", ELSEWHERE)
def test_no_tracked_file_names(what: str) -> None:
    found = lines_with(re.compile(ELSEWHERE[what]), tracked())
    assert not found, f"{what}:\n" + "\n".join(found)


def test_the_product_holds_nothing_unfinished() -> None:
    found = lines_with(UNFINISHED, SOURCES)
    assert not found, "\n".join(found)


def test_the_core_touches_no_files_and_no_terminal() -> None:
    found = []
    for path in SOURCES:
        folder, *rest = path.relative_to(ROOT / "src/allod").parts
        if folder not in CORE or (folder, *rest) == ("prove", "__main__.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Attribute(attr=name) if name in METHODS_OF_IO:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}: .{name}")
                case ast.Call(func=ast.Name(id=name)) if name in BUILTINS_OF_IO:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {name}()")
                case _:
                    pass
    assert not found, "\n".join(found)


def test_the_contract_of_the_core_covers_each_of_its_folders() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    contract = next(c for c in config["contracts"] if c["id"] == "pure-core")
    there = {f"allod.{name}" for name in CORE if (ROOT / "src/allod" / name).is_dir()}
    assert set(contract["source_modules"]) == there


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_a_lock_holds_names_versions_and_hashes_and_nothing_else(name: str) -> None:
    entry = re.compile(r"([a-z0-9-]+)==([\w.]+)( ; [^:@\\]+)?(?: --hash=sha256:[0-9a-f]{64})+")
    text = (ROOT / name).read_text().replace(" \\\n   ", "")
    assert text.splitlines()
    assert not [line for line in text.splitlines() if not entry.fullmatch(line)]


def test_what_runs_allod_is_tested_as_it_is_locked() -> None:
    run, dev = (
        (ROOT / name).read_text() for name in ("requirements.lock", "requirements-dev.lock")
    )
    pins = re.compile(r"^\S+==.*$", re.MULTILINE)
    assert set(pins.findall(run)) < set(pins.findall(dev))


def test_nothing_built_or_downloaded_is_tracked() -> None:
    built = [path.name for path in tracked() if path.suffix in (".whl", ".gz", ".so", ".pyc")]
    assert not built, f"git rm {' '.join(built)}"
