#!/usr/bin/env python3
"""Writes docs/reference/cli.md and docs/reference/errors.md from the commands and the errors.

scripts/docs_cli.py            write them
scripts/docs_cli.py --check    exit 1 if one of them is not as it would be written
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Help is laid out for a page, not for the terminal that happens to be there.
os.environ |= {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}

import typer

from allod import errors
from allod.cli.client import AnswerLost
from allod.cli.edge import INTERRUPTED
from allod.cli.main import app
from allod.cli.output import READER_GONE

REFERENCE = Path(__file__).resolve().parents[1] / "docs/reference"
_MADE = "<!-- Made by scripts/docs_cli.py; change the commands or the errors instead. -->"

_CLI_HEAD = """\
# Command line

{made}

Every command takes `--help`. Results go to standard output, errors to standard error as a line
`error: ...` and, where there is one, a line `mend: ...`; [errors.md](errors.md) has the exit
statuses. `--json` prints one JSON value and nothing else; what is followed is one value a line.
Tables are drawn on a terminal and aligned in plain text when piped.

## Where the node is found

A command looks into the node's data folder (`--data DIR`, `ALLOD_DATA`, or `.allod`) for its
address and token. The environment goes before it:

| variable | what it says |
|---|---|
| `ALLOD_DATA` | the data folder |
| `ALLOD_URL` | address of the node, such as `http://10.0.0.5:7700`, in place of a data folder |
| `ALLOD_TOKEN` | token to send |
| `ALLOD_DATABASE` | PostgreSQL for `allod up` |
| `ALLOD_TRACEBACK` | `1` shows where in Allod an unexpected error came from |
| `NO_COLOR` | tables without colours |

## Completion

`allod --install-completion` sets up bash, zsh or fish for who calls it; `allod --show-completion`
prints what it would set up. Then the tab key completes commands, options and ids of workloads.

## Commands
"""

_ERRORS_HEAD = """\
# Errors and exit statuses

{made}

A command ends with one of these statuses, and the HTTP API answers with the status beside it and
a problem document (RFC 9457) whose `type` is `urn:allod:problem:CODE`. Where *again* says yes, the
same request may succeed later; `allod submit` asks again by itself, with a key that makes it safe.

| exit | code | HTTP | again | what it means |
|---|---|---|---|---|
"""

_ERRORS_TAIL = """
Exit status 1 without an error line: the answer is not what was hoped for. `allod submit` ends so
if a workload was refused or, with `--wait`, did not complete. Shells add two: {interrupted} for a
command that was interrupted, {gone} for one whose reader had gone.

Beside these the API has codes for what is wrong with a request before any node is asked, such as
`unauthorized` (401) and `too-large` (413); they are in its OpenAPI document.
"""


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Each command with its full name, groups before what is in them."""
    yield name, command
    for word, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from commands(inner, f"{name} {word}")


def cli_page() -> str:
    """The page of all commands."""
    parts = [_CLI_HEAD.format(made=_MADE)]
    for name, command in commands(typer.main.get_command(app), "allod"):
        context = type(command).context_class(command, info_name=name, **_SETTINGS)
        parts.append(f"### `{name}`\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join(parts)


_SETTINGS = {"terminal_width": 92, "help_option_names": ["-h", "--help"]}


def errors_page() -> str:
    """The table of error classes, by exit status."""
    known = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.AllodError)
    ]
    rows = ["| 0 | | | | done |"]
    for kind in sorted([*known, AnswerLost], key=lambda kind: (kind.exit_code, kind.code)):
        meaning = (inspect.getdoc(kind) or "").splitlines()[0]
        http = kind.http_status if kind is not AnswerLost else ""
        again = "yes" if kind.ask_again else "no"
        rows.append(f"| {kind.exit_code} | `{kind.code}` | {http} | {again} | {meaning} |")
    tail = _ERRORS_TAIL.format(interrupted=INTERRUPTED, gone=READER_GONE)
    return _ERRORS_HEAD.format(made=_MADE) + "\n".join(rows) + "\n" + tail


def main() -> int:
    """Write the pages, or with --check say which are stale."""
    status = 0
    for name, text in (("cli.md", cli_page()), ("errors.md", errors_page())):
        path = REFERENCE / name
        if "--check" not in sys.argv[1:]:
            REFERENCE.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path.name} is stale; run scripts/docs_cli.py", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
