"""/v1/sites/{name}/check: what fails at a cluster is an answer, not an error."""

from __future__ import annotations

from allod.run.ports import Finding
from tests.api.asking import Call
from tests.api.fake_node import FakeNode
from tests.api.test_problems import the_problem

PATH = "/v1/sites/narvik/check"


def test_a_warning_still_works(call: Call, node: FakeNode) -> None:
    node.found = (
        Finding("slurm", "works", "Slurm 22.05.8"),
        Finding("clock", "warning", "9 s apart", "follow NTP"),
    )
    answer = call("POST", PATH, role="operator")
    assert answer.status_code == 200
    assert answer.json() == {
        "site": "narvik",
        "works": True,
        "findings": [
            {"topic": "slurm", "state": "works", "said": "Slurm 22.05.8", "mend": ""},
            {"topic": "clock", "state": "warning", "said": "9 s apart", "mend": "follow NTP"},
        ],
    }


def test_one_that_fails_is_told_with_status_200(call: Call, node: FakeNode) -> None:
    node.found = (Finding("token", "fails", "it is not believed", "give the right key"),)
    answer = call("POST", PATH, role="operator")
    assert (answer.status_code, answer.json()["works"]) == (200, False)


def test_a_site_without_a_cluster_and_one_that_is_not_there(call: Call, node: FakeNode) -> None:
    node.found = ()
    the_problem(call("POST", PATH, role="operator"), 422, "invalid-input")
    the_problem(call("POST", "/v1/sites/nowhere/check", role="operator"), 404, "not-found")
    assert not node.leaves
