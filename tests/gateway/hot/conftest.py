"""Whatever starts a worker is tried twice: compiled, and as it stands in the sources."""

from __future__ import annotations

import pytest

from allod.gateway import compiled
from tests.gateway.hot.house import House


def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> None:
    # As a mark, for a name that is added to `metafunc.fixturenames` pytest takes out again.
    module = getattr(collector, "module", None)
    if name.startswith("test_") and callable(obj) and hasattr(module, "House"):
        pytest.mark.usefixtures("how")(obj)


@pytest.fixture(params=["compiled", "plain"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "compiled" and not compiled.folder().exists():
        pytest.skip("skipped: the hot path is not compiled here")
    monkeypatch.setattr(House, "words", ("plain",) if request.param == "plain" else ())
    return str(request.param)
