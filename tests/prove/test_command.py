"""The command: what it prints, how it ends, and that it needs nothing but `cryptography`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cryptography
import pytest

import allod
from allod.prove.command import FILE_BYTES_MAX, Outcome, run
from tests.prove.make_bundles import BUNDLES, FOLDER, LOG

KEY = str(LOG.verifier_key)
GOOD = str(FOLDER / "good.receipt")
POLICY = str(FOLDER / "witnesses.policy")


def read(path: str) -> bytes:
    return Path(path).read_bytes()


def command(*arguments: str) -> Outcome:
    return run(arguments, read)


def test_yes_no_and_wrong_use_end_in_their_own_way() -> None:
    yes = command(GOOD, "--key", KEY, "--witness-policy", POLICY)
    assert (yes.status, yes.err) == (0, "")
    assert yes.out.startswith("yes: 1 record of the log 'log.tromso.allod.example/fes'\n\nProved\n")
    no = command(str(FOLDER / "wrong-key.receipt"), "--key", KEY, "--witness-policy", POLICY)
    assert (no.status, no.err) == (1, "")
    assert no.out.startswith("no: wrong-key: ")
    assert "\nmend: " in no.out
    wrong = command(GOOD)
    assert (wrong.status, wrong.out) == (2, "")
    assert wrong.err.startswith("error: the following arguments are required: --key\nmend: ")


@pytest.mark.parametrize("name", BUNDLES)
def test_each_bundle_as_a_file(name: str) -> None:
    bundle = BUNDLES[name]
    kept = ["--known", str(FOLDER / f"{bundle.known}.checkpoint")] if bundle.known else []
    done = command(
        str(FOLDER / f"{name}.receipt"),
        "--key",
        str(FOLDER / "log.vkey"),
        "--witness-policy",
        POLICY,
        "--json",
        *kept,
    )
    said = json.loads(done.out)
    assert said["code"] == bundle.code
    assert done.status == (0 if bundle.code is None else 1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "required: FILE, --key"),
        ([GOOD, "--key"], "expected one argument"),
        ([GOOD, "--key", KEY, "--color"], "unrecognized arguments: --color"),
        ([GOOD, "--key", KEY, "--witness", POLICY], "unrecognized arguments: --witness"),
        ([GOOD, "--key", "nonsense"], "'nonsense' is neither a file nor a key"),
        ([GOOD, "--key", KEY[:-1]], "verifier key"),
        ([GOOD, "--key", GOOD], "verifier key"),
        (["/nowhere/x", "--key", KEY], "/nowhere/x: No such file or directory"),
        ([str(FOLDER), "--key", KEY], "Is a directory"),
        (["a\0b", "--key", KEY], "null byte"),
        ([GOOD, "--key", KEY, "--witness-policy", GOOD], "policy, line 1"),
        ([GOOD, "--key", KEY, "--witness-policy", "/nowhere/x"], "No such file"),
        ([GOOD, "--key", KEY, "--known", POLICY], "the note ends without"),
        ([GOOD, "--key", KEY, "--known", "/nowhere/x"], "No such file"),
    ],
    ids=range(14),
)
def test_wrong_use_is_told(arguments: list[str], told: str) -> None:
    done = command(*arguments)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert told in done.err


def test_a_file_that_is_too_long_is_not_read_to_its_end() -> None:
    done = run([GOOD, "--key", KEY], lambda _: bytes(FILE_BYTES_MAX + 1))
    assert (done.status, done.out) == (2, "")
    assert "over 16 MB" in done.err


def test_help_is_printed() -> None:
    for asked in (["--help"], ["-h"], [GOOD, "--help"]):
        done = command(*asked)
        assert (done.status, done.err) == (0, "")
        assert "usage: python -m allod.prove FILE --key LOGKEY" in " ".join(done.out.split()) or (
            "--witness-policy FILE" in done.out
        )
        assert "exit status: 0 yes, 1 no, 2 wrong use" in " ".join(done.out.split())


# The search path is set by hand, and whatever is not named here cannot be imported.
ALONE = """
import runpy
import sys

THEIRS = {"cryptography", "_cffi_backend", "_openssl"}
OURS = ("allod.prove", "allod.errors")

class Guard:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        known = top in THEIRS or top in sys.stdlib_module_names or name == "allod"
        if not known and not name.startswith(OURS):
            raise ImportError(f"{name} must not be needed")

sys.meta_path.insert(0, Guard())
sys.path[:0] = sys.argv[1:3]
del sys.argv[1:3]
try:
    runpy.run_module("allod.prove", run_name="__main__")
finally:
    tops = {name.partition(".")[0] for name in sys.modules}
    beside = tops - sys.stdlib_module_names - THEIRS - {"allod", "__main__"}
    ours = {"allod.domain", "allod.prove.encoding"} & set(sys.modules)
    print("imported beside:", sorted(beside | ours), file=sys.stderr)
"""


def alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    ours = str(Path(allod.__file__).parents[1])
    theirs = str(Path(cryptography.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", ALONE, ours, theirs, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_runs_with_nothing_but_python_and_cryptography() -> None:
    done = alone(GOOD, "--key", KEY, "--witness-policy", POLICY)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("yes: 1 record")
    assert "imported beside: []" in done.stderr
    done = alone(str(FOLDER / "fork-in-one-receipt.receipt"), "--key", KEY)
    assert done.returncode == 1
    assert done.stdout.startswith("no: fork: ")
    done = alone("/nowhere/x", "--key", KEY)
    assert done.returncode == 2
    assert done.stderr.startswith("error: /nowhere/x: ")
    assert "Traceback" not in done.stderr


def test_it_is_quiet_when_nobody_reads_on() -> None:
    done = subprocess.run(
        [
            "/bin/sh",
            "-c",
            '"$0" -m allod.prove "$1" --key "$2" | head -c 0',
            sys.executable,
            GOOD,
            KEY,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(Path(allod.__file__).parents[1])},
    )
    assert done.stderr == ""
