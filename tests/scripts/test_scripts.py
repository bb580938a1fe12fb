"""What the commands print against a real node; ALLOD_SCRIPTS=update writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer

from allod.cli import edge
from allod.cli.main import app
from tests.scripts.script import Script, normal

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.glob("*.txt"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_the_commands_print_what_the_script_says(
    path: Path,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(root / "examples")
    for name in [
        name for name in os.environ if name.startswith("ALLOD_") and "SCRIPTS" not in name
    ]:
        monkeypatch.delenv(name)
    command = typer.main.get_command(app)

    def run(words: list[str], environment: dict[str, str]) -> tuple[int, str, str]:
        capfd.readouterr()
        with monkeypatch.context() as changed:
            for name, value in environment.items():
                changed.setenv(name, value)
            status = edge.perform(command, words)
        captured = capfd.readouterr()
        return status, captured.out, captured.err

    script = Script.read(path.read_text())
    script.lay_out(tmp_path)
    try:
        performed = script.performed(run)
    finally:
        run(["down"], {})
    if os.environ.get("ALLOD_SCRIPTS") == "update":
        path.write_text(performed)
    assert performed == path.read_text()


def test_what_differs_from_run_to_run_is_replaced() -> None:
    before = (
        'at http://127.0.0.1:7700 since 2026-11-21 20:00:00 UTC (in 3m2s) "at_s": 17, failed '
        "after 12s, exit status 3\nid   since\nw1     3m2s\n"
        "modelled     2 Wh at most\nexit status  0\n"
    )
    assert normal(before) == (
        'at http://127.0.0.1:<port> since <time> (<span>) "at_s": <time>, failed '
        "after <span>, exit status 3\nid  since\nw1  <span>\n"
        "exit status  0\n"
    )


def test_a_script_keeps_its_words_and_its_files() -> None:
    text = "## Says so.\n$ allod x\nold\n! old\n? 4\n-- a.yaml --\na: 1\n-- b.yaml --\nb: 2\n"
    script = Script.read(text)
    assert script.files == {"a.yaml": "\na: 1\n", "b.yaml": "\nb: 2\n"}
    performed = script.performed(lambda words, env: (3, f"{words}\n", "wrong\n"))
    assert performed == text.replace("old\n! old\n? 4", "['x']\n! wrong\n? 3")
