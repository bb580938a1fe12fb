"""E4: recorded histories give the same decisions, byte for byte, whatever the hash seed.

`python -m tests.decide.recorded` writes the files anew; a change of them is a change of decisions.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from allod.decide.engine import Engine
from allod.decide.invariants import check
from allod.decide.twin import twin
from tests.decide.recorded import FOLDER, HISTORIES, read, told, written

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(FOLDER.glob("*.jsonl"))


def test_every_history_is_on_file():
    assert {path.stem for path in FILES} == set(HISTORIES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recorded_history_decides_the_same_bytes(path: Path):
    engine = Engine(policy="charter")
    for i, (event, decisions) in enumerate(read(path)):
        assert [written(one) for one in engine.step(event)] == decisions, f"event {i} of {path}"
        check(engine)
    assert i > 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_restored_engine_decides_the_rest_the_same(path: Path):
    lines = list(read(path))
    for cut in range(0, len(lines), 7):
        engine = Engine(policy="charter")
        for event, _ in lines[:cut]:
            engine.step(event)
        twin = Engine.restore(engine.snapshot())
        for event, decisions in lines[cut : cut + 14]:
            assert [written(one) for one in twin.step(event)] == decisions


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_twin_decides_the_rest_the_same_and_changes_nothing_here(path: Path):
    lines = list(read(path))
    engine = Engine(policy="charter")
    for cut, (event, decisions) in enumerate(lines):
        if cut % 7 == 0:
            before = engine.snapshot()
            copy = twin(engine)
            assert copy.snapshot() == before
            for later, decided in lines[cut : cut + 14]:
                assert [written(one) for one in copy.step(later)] == decided
            check(copy)
            assert engine.snapshot() == before
        assert [written(one) for one in engine.step(event)] == decisions


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_the_hash_seed_does_not_matter(seed: str):
    script = (
        "from tests.decide.recorded import *\n"
        "for name in sorted(HISTORIES): print(digest(told(HISTORIES[name])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    here = [told(HISTORIES[name]) for name in sorted(HISTORIES)]
    assert done.stdout.split() == [digest_of(story) for story in here]


def digest_of(story: object) -> str:
    from tests.decide.recorded import digest

    return digest(story)  # type: ignore[arg-type]
