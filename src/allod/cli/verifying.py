"""Verifying: the command of `allod.prove.command`, with nothing of its own but the printing."""

from __future__ import annotations

from pathlib import Path

from allod.cli.output import note, out
from allod.prove.command import FILE_BYTES_MAX, run


def perform(file: str, *, key: str, witness_policy: str, known: str, as_json: bool) -> int:
    """Print whether the receipt in `file` holds; the exit status."""
    # A value after '=' and a file after '--' may begin with '-'.
    words = [f"--key={key}"]
    words += [f"--witness-policy={witness_policy}"] if witness_policy else []
    words += [f"--known={known}"] if known else []
    words += ["--json"] if as_json else []
    outcome = run([*words, "--", file], _read)
    if outcome.out:
        out(outcome.out.removesuffix("\n"))
    if outcome.err:
        note(outcome.err.removesuffix("\n"))
    return outcome.status


def _read(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(FILE_BYTES_MAX + 1)
