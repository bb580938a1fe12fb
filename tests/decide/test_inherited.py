"""L3 over time: what is written inherits a rule, and who waits for it is bound by it at once."""

from __future__ import annotations

from allod.domain.decision import Refusal
from tests.decide.worlds import Story, document, project, site

MOROCCO = {"residency": {"processing": ["MA"]}}


def test_work_that_waits_is_bound_by_the_rule_that_its_data_inherits():
    story = Story(
        [
            site("oslo", [{"name": "p"}], [(0, {"p": 1})], country="NO"),
            site("rabat", [{"name": "p"}], [(0, {"p": 4})], country="MA"),
            project("a"),
            document("Dataset", "moroccan", MOROCCO),
            document("Dataset", "loose", {}),
        ]
    )
    story.submit(1, 100, sites=["oslo"])
    waits = story.submit(1, 100, sites=["oslo"], reads=["loose"])
    assert story.state(waits) == "waiting"
    story.submit(1, 50, reads=["moroccan"], writes=["loose"])
    assert story.state(waits) == "gone"
    refusals = [d for d in story.decisions if isinstance(d, Refusal) and d.workload_id == waits]
    assert [reason.code for reason in refusals[0].reasons if reason.site == "oslo"] == [
        "processing-not-permitted"
    ]
