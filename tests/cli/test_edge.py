"""Every error is a line and an exit status; never a traceback."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from allod.cli import client, edge
from allod.errors import AllodError, Forbidden, NotFound, Unavailable
from tests.cli.conftest import Allod
from tests.cli.played import Answer, PlayedNode, problem


def test_a_wrong_option_names_the_help_that_is_of_use(allod: Allod) -> None:
    result = allod("queue", "--stat", "x")
    assert result.status == 2
    assert result.err.startswith("error: no such option: --stat")
    assert "mend: see `allod queue --help`" in result.err
    assert result.out == ""


def test_a_mistyped_command_is_told_the_near_one(allod: Allod) -> None:
    result = allod("queu")
    assert result.status == 2
    assert "'queue'" in result.err


@pytest.mark.parametrize("arguments", [(), ("site",)])
def test_a_group_alone_shows_its_commands(allod: Allod, arguments: tuple[str, ...]) -> None:
    result = allod(*arguments)
    assert result.status == 2
    assert result.err.startswith("Usage: allod")
    assert "error:" not in result.err


def test_without_a_node_the_mend_is_to_start_one(allod: Allod) -> None:
    result = allod("queue")
    assert result.status == 6
    assert "no node runs on the data folder .allod" in result.err
    assert "allod up" in result.err


def test_a_node_that_has_gone_is_unavailable(
    allod: Allod, played: PlayedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOD_URL", "http://127.0.0.1:9")
    result = allod("queue")
    assert (result.status, result.out) == (6, "")
    assert "no node answers at http://127.0.0.1:9" in result.err


@pytest.mark.parametrize("url", ["127.0.0.1:7700", "ftp://x", "http://[", "nonsense"])
def test_an_address_that_is_none_is_said_so(
    allod: Allod, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("ALLOD_URL", url)
    result = allod("queue")
    assert result.status in (2, 6)
    assert "is not an address" in result.err or "no node answers" in result.err


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (422, "invalid-document", 2),
        (413, "too-large", 2),
        (404, "not-found", 3),
        (409, "conflict", 4),
        (403, "forbidden", 5),
        (401, "unauthorized", 5),
        (503, "unavailable", 6),
        (502, "runner-refused", 7),
        (504, "runner-unknown", 8),
        (500, "different", 1),
        (500, "error", 1),
        (418, "never-heard-of", 1),
    ],
)
def test_a_problem_of_the_node_keeps_its_words_and_has_its_status(
    allod: Allod, node: PlayedNode, status: int, code: str, exit_code: int
) -> None:
    node.on("GET", "/v1/sites/narvik", problem(status, code, "it is so", mend="do this"))
    result = allod("site", "show", "narvik")
    assert result.status == exit_code
    assert result.err.startswith("error: it is so\n")
    assert ("mend: do this" if status != 401 else "mend: set ALLOD_TOKEN") in result.err


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"<html>", 200), (b"<html>", 502), ({"detail": "x"}, 502), ([1], 404)],
)
def test_another_server_is_not_taken_for_a_node(
    allod: Allod, node: PlayedNode, body: Any, status: int
) -> None:
    node.on("GET", "/v1/sites", Answer(body, status))
    result = allod("site", "list")
    assert result.status == 6
    assert "is no Allod node" in result.err


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, Unavailable),
        (errno.EDQUOT, Unavailable),
        (errno.EACCES, Forbidden),
        (errno.ENOENT, NotFound),
        (errno.EIO, Unavailable),
    ],
)
def test_what_the_system_says_becomes_an_error_of_ours(number: int, kind: type[AllodError]) -> None:
    error = edge.of_os_error(OSError(number, "It said so", "somewhere"))
    assert type(error) is kind
    assert error.message == "somewhere: it said so"


def test_the_reader_of_the_output_may_go(tmp_path: Path) -> None:
    program = (
        "import sys; from allod.cli.main import run; sys.argv = ['allod', 'schema', 'all']; run()"
    )
    command = f'{sys.executable} -c "{program}" | head -c 10; exit ${{PIPESTATUS[0]}}'
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert ended.stderr == ""
    assert ended.returncode in (0, 141)
    assert len(ended.stdout) == 10


def test_a_mistake_of_ours_is_one_line() -> None:
    program = (
        "import sys, allod.cli.main as m; m.edge.perform = lambda *a: 1 / 0; "
        "sys.argv = ['allod']; m.run()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert ended.stderr.startswith("error: allod made a mistake: ZeroDivisionError")


def test_every_error_of_the_tree_comes_back_as_itself() -> None:
    def walk(kind: type[AllodError]) -> list[type[AllodError]]:
        return [kind, *(each for sub in kind.__subclasses__() for each in walk(sub))]

    tree = [kind for kind in walk(AllodError) if kind.__module__ == "allod.errors"]
    assert len(tree) >= 9
    for kind in tree:
        assert client.kind_of(kind.code, kind.http_status).exit_code == kind.exit_code


def test_help_needs_nothing_heavy() -> None:
    program = (
        "import sys, allod.cli.main as m, typer; typer.main.get_command(m.app); "
        "print([name for name in ('numba', 'numpy', 'fastapi', 'pydantic', 'httpx', 'rich', "
        "'polars', 'psycopg') if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.stdout.strip() == "[]", ended
