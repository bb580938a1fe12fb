"""The parts of the table: that the gateway's place is not known is said once, in the node's log."""

from __future__ import annotations

import pytest

from allod.run.serving.parts import PartMaker
from allod.run.serving.picture import Picture
from tests.run.serving.test_rules import documents, key, keys

NO_SITE = "home_site 'nm' of config.yaml is no site; calls that a rule binds are refused"
NOT_SAID = "config.yaml names no home_site; calls that a rule binds are refused"


@pytest.mark.parametrize(
    ("home", "project", "said"),
    [
        ("m", "clinic", []),
        ("nm", "clinic", [NO_SITE]),
        ("", "clinic", [NOT_SAID]),
        ("", "lab", []),  # No rule binds it.
    ],
)
def test_a_place_that_is_not_known_is_said_once(
    home: str, project: str, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    maker = PartMaker(home)
    picture = Picture(documents=documents(), keys=keys(key("k", project)))
    for _ in range(2):
        maker.made(picture, lambda model, kind: None)
    assert [record.getMessage() for record in caplog.records] == said
