"""Whatever starts a worker is tried twice: compiled, and as it stands in the sources."""

from __future__ import annotations

import pytest

from allod.gateway import compiled
from tests.gateway.hot.house import House


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if hasattr(metafunc.module, "House"):
        metafunc.fixturenames.append("how")
    if "how" in metafunc.fixturenames:
        metafunc.parametrize("how", ["compiled", "plain"], indirect=True)


@pytest.fixture
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "compiled" and not compiled.folder().exists():
        pytest.skip("skipped: the hot path is not compiled here")
    monkeypatch.setattr(House, "words", ("plain",) if request.param == "plain" else ())
    return str(request.param)
