"""What a replay is asked, and the world that it comes to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from allod.domain.document import from_json
from allod.domain.scenario import Mapping
from allod.errors import InvalidInput
from allod.run.replays import records
from allod.run.replays.question import Question, check_whose, inputs_of, key_of, world_of
from tests.run.replays.asking import FACTS, PRESENT, document

_FACTS = {"operator": "aker", "management": ["NO"], "metadata": ["NO"], "runner": "none"}
SITE = from_json(document("Site", "fjord", title="Larger", country="NO", **_FACTS))
SCENARIO = from_json(document("Scenario", "mine", title="Mine", starts=60))


def test_a_document_takes_the_place_of_the_one_of_its_name_and_another_stands_beside() -> None:
    more = from_json(document("Project", "health", country="NO"))
    asked = Question(trace="log", documents=(SITE, more), without=("Charter/fjord",))
    world = world_of(asked, PRESENT)
    assert [key_of(item) for item in world] == [
        "Site/fjord",
        "Project/health",
        "Project/media",
        "Scenario/asked",
    ]
    assert world[0]["spec"]["title"] == "Larger"
    portions = world[-1]["spec"]["mapping"]["portions"]
    assert [one["project"] for one in portions] == ["health", "media"]
    inputs = inputs_of(asked, None, world)
    assert inputs.changed == ("Project/health", "Site/fjord")
    assert (inputs.starts, inputs.policy, inputs.trace_sha256) == (0, "charter", "")


def test_the_scenario_of_the_caller_is_the_world_s() -> None:
    asked = Question(trace="trace-1", documents=(SCENARIO,))
    world = world_of(asked, PRESENT)
    assert world[-1]["spec"]["starts"] == 60
    assert inputs_of(asked, None, world).starts == 60


def test_a_pool_has_no_documents() -> None:
    asked = Question(trace="trace-1", pool=8)
    assert world_of(asked, PRESENT) == []
    assert inputs_of(asked, None, []).policy == "easy"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"from_s": 9, "to_s": 9}, "from"),
        ({"pool": 8, "documents": (SITE,)}, "documents"),
        ({"pool": 8, "without": ("Site/fjord",)}, "without"),
        ({"pool": 8, "trace": "log"}, "trace"),
        ({"trace": "log", "mapping": Mapping()}, "mapping"),
        ({"trace": "log", "starts_s": 5}, "starts"),
        ({"documents": (SCENARIO, SCENARIO)}, "documents"),
        ({"documents": (SCENARIO,), "starts_s": 5}, "mapping and starts"),
        ({"without": ("Site/fjord",)}, "documents"),
    ],
)
def test_what_cannot_go_together_is_named(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        world_of(Question(**{"trace": "trace-1", **asked}), PRESENT)
    assert raised.value.field == field and raised.value.mend


def test_somebody_must_say_whose_the_jobs_are() -> None:
    facts = records.facts_from(FACTS)
    one, two = PRESENT, (*PRESENT, document("Project", "health"))
    dealt = Mapping.model_validate({"portions": [{"project": "media"}]})
    asked = Question(trace="trace-1")
    check_whose(world_of(asked, one), facts)
    check_whose(world_of(Question(trace="trace-1", mapping=dealt), two), facts)
    check_whose(world_of(asked, two), replace(facts, projects=("media",)))
    check_whose([], facts)
    with pytest.raises(InvalidInput, match="2 projects") as raised:
        check_whose(world_of(asked, two), facts)
    assert raised.value.field == "mapping" and "health, media" in raised.value.mend


def test_a_document_that_is_not_there_cannot_be_left_out() -> None:
    with pytest.raises(InvalidInput, match="no document 'Charter/nowhere'"):
        world_of(Question(trace="log", without=("Charter/nowhere",)), PRESENT)


def test_every_part_of_a_question_changes_its_digest() -> None:
    others: list[dict[str, Any]] = [
        {},
        {"trace": "trace-2"},
        {"name": "n"},
        {"documents": (SITE,)},
        {"without": ("A/b",)},
        {"policy": "easy"},
        {"pool": 2},
        {"mapping": Mapping(by="job")},
        {"starts_s": 1},
        {"from_s": 1},
        {"to_s": 1},
        {"seed": 1},
        {"strict": True},
    ]
    digests = {Question(**{"trace": "trace-1", **more}).digest() for more in others}
    assert len(digests) == len(others)
