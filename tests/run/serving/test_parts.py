"""The parts of the table: a gateway at a site that nobody described is said once, in the log."""

from __future__ import annotations

import pytest

from allod.run.serving.parts import PartMaker
from allod.run.serving.picture import Picture
from tests.run.serving.test_rules import documents, key, keys


@pytest.mark.parametrize(("home", "times"), [("m", 0), ("", 0), ("nm", 1)])
def test_a_home_site_that_is_none_is_said_once(
    home: str, times: int, caplog: pytest.LogCaptureFixture
) -> None:
    maker = PartMaker(home)
    picture = Picture(documents=documents(), keys=keys(key("k", "clinic")))
    for _ in range(2):
        maker.made(picture, lambda model, kind: None)
    assert [record.getMessage() for record in caplog.records] == times * [
        f"home_site '{home}' of config.yaml is no site; calls that a rule binds are refused"
    ]
