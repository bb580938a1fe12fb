"""The gateway under clients that nobody of Allod wrote, with llama.cpp behind it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest

from tests.engines.gateway_world import GatewayWorld
from tests.engines.programs import (
    CLIENTS,
    ENVIRONMENT,
    KEY,
    PATIENCE_S,
    llama_command,
    need,
    python_of,
    running,
)

#: What llama.cpp itself answers so that a client fails; docs/reference/engines.md has each. The
#: same call, made to the engine itself, has to fail too.
GAPS = {"check_responses_stream_helper": "list indices must be integers or slices, not NoneType"}

Found = Callable[[str], dict[str, str]]


def checks_in(program: str) -> list[str]:
    """The checks of a program, by name, without running it."""
    text = (CLIENTS / program).read_text(encoding="utf-8")
    return re.findall(r"^(?:def |  async )(\w+)\(\)(?: -> None:| \{)$", text, re.MULTILINE)


PYTHON = [name for name in checks_in("openai_python.py") if name.startswith("check_")]
LANGCHAIN = [name for name in checks_in("langchain_client.py") if name.startswith("check_")]
LITELLM = [name for name in checks_in("litellm_client.py") if name.startswith("check_")]


def printed(command: list[str]) -> dict[str, str]:
    """What a program of checks found."""
    done = subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def found(world: GatewayWorld) -> Found:
    """What each program found; it runs once."""
    known: dict[str, dict[str, str]] = {}

    def of(program: str) -> dict[str, str]:
        if program not in known:
            known[program] = printed([*_interpreter(program), *_arguments(program, world)])
        return known[program]

    return of


def _interpreter(program: str) -> list[str]:
    if program.endswith(".mjs"):
        if (node := which("node")) is None:
            pytest.skip("skipped: no node")
        return [node, str(CLIENTS / program)]
    environment = "litellm" if program == "litellm_client.py" else "clients"
    return [python_of(environment), str(CLIENTS / program)]


def _arguments(program: str, world: GatewayWorld) -> list[str]:
    more = {
        "openai_python.py": lambda: [world.key(requests_per_min=1)],
        "openai_node.mjs": lambda: [str(need("node"))],
    }.get(program, list)
    return [world.base_url, world.key(), *more()]


@pytest.mark.parametrize("check", PYTHON)
def test_openai_python(found: Found, check: str) -> None:
    wrong = found("openai_python.py")[check]
    if check in GAPS:
        assert GAPS[check] in wrong, "no gap any more; take it out of the list and of the docs"
    else:
        assert not wrong, wrong


def test_what_openai_python_does_not_find_is_the_engines_own_gap(
    tiny: Path, tmp_path: Path
) -> None:
    with running(llama_command(str(tiny), "tiny"), tmp_path / "log") as url:
        program = [python_of("clients"), str(CLIENTS / "openai_python.py")]
        found = printed([*program, f"{url}/v1", KEY, KEY, *GAPS])
    assert {check: GAPS[check] in wrong for check, wrong in found.items()} == dict.fromkeys(
        GAPS, True
    )


@pytest.mark.parametrize("check", LANGCHAIN)
def test_langchain(found: Found, check: str) -> None:
    wrong = found("langchain_client.py")[check]
    assert not wrong, wrong


@pytest.mark.parametrize("check", LITELLM)
def test_litellm(found: Found, check: str) -> None:
    wrong = found("litellm_client.py")[check]
    assert not wrong, wrong


@pytest.mark.parametrize("check", checks_in("openai_node.mjs"))
def test_openai_node(found: Found, check: str) -> None:
    wrong = found("openai_node.mjs")[check]
    assert not wrong, wrong


def test_compatcanary(world: GatewayWorld) -> None:
    scan = [str(need("node") / "node_modules/.bin/compatcanary"), "scan", "--profile", "modern"]
    where = ["--base-url", world.base_url, "--model", "tiny", "--api-key", world.key()]
    done = subprocess.run(
        [*scan, *where, "--fail-on", "any"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0 and "7 passed, 0 warned, 0 failed" in done.stdout, done.stdout
