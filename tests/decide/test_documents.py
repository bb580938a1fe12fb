"""Documents that change under live work: what runs stays, what waits is judged anew."""

from __future__ import annotations

import pytest

from allod.decide import rebuild
from allod.domain.decision import Reclaim, Refusal
from allod.domain.document import Document, from_json
from allod.domain.event import Outcome, WorkloadEnded
from allod.errors import Conflict
from tests.decide.worlds import Json, Story, charter, document, one_pool, project, site


def tree(x: int, y: int) -> list[Json]:
    return [
        {"name": "x", "floor": x, "reclaim_notice_s": 10},
        {"name": "y", "floor": y, "reclaim_notice_s": 10},
    ]


def test_a_floor_that_sinks_to_nothing_gives_its_backing_up():
    story = Story(one_pool(4, tree(4, 0)))
    held = story.submit(4, 1000, access_class="x")
    asked = story.submit(2, 100, access_class="y")
    assert story.state(asked) == "waiting"
    story.apply(charter("s", tree(0, 4)))
    assert story.state(asked) == "claimed"
    story.go_to(10)
    assert (story.state(held), story.state(asked)) == ("waiting", "running")


def test_an_anchor_that_ends_gives_its_backing_up():
    anchor = {"party": "op", "ramp": [{"starts": 0, "floor": 4}], "ends": 100}
    story = Story(
        [
            document("Party", "op", {"title": "op", "seat": "NO"}),
            site("s", [{"name": "p"}], [(0, {"p": 4})]),
            charter("s", [{"name": "x", "anchor": anchor}, {"name": "y", "anchor": {
                "party": "op", "ramp": [{"starts": 100, "floor": 4}]}}]),
            project("a", party="op"),
        ]
    )  # fmt: skip
    held = story.submit(4, 100, access_class="x")
    story.go_to(50)
    asked = story.submit(4, 100, access_class="y")
    story.go_to(99)
    assert (story.state(held), story.state(asked)) == ("running", "waiting")
    story.go_to(101)
    assert story.state(asked) == "running"


def test_a_claim_is_asked_for_again_and_takes_nobody_twice():
    story = Story(one_pool(4, tree(2, 2)))
    lent = [story.submit(1, 1000, access_class="x") for _ in range(4)]
    asked = story.submit(2, 100, access_class="y")
    assert story.state(asked) == "claimed"
    story.apply(project("d"))
    assert story.state(asked) == "claimed"
    reclaimed = [d.workload_id for d in story.decisions if isinstance(d, Reclaim)]
    assert len(reclaimed) == len(set(reclaimed)) == 2
    story.go_to(10)
    assert story.state(asked) == "running"
    assert sum(story.state(w) == "running" for w in lent) == 2


def test_a_claim_that_law_no_longer_permits_is_refused():
    story = Story(one_pool(4, tree(2, 2)))
    story.submit(4, 1000, access_class="x")
    asked = story.submit(2, 100, access_class="y")
    assert story.state(asked) == "claimed"
    made = story.apply(project("a", residency={"processing": ["MA"]}))
    assert story.state(asked) == "gone"
    assert [d.workload_id for d in made if isinstance(d, Refusal)] == [asked]


def test_a_stricter_rule_of_a_dataset_binds_what_waits():
    data: Json = {"title": "d", "residency": {"processing": ["NO"]}}
    story = Story([*one_pool(2), document("Dataset", "d", data)])
    runs = story.submit(2, 100, reads=["d"])
    waits = story.submit(2, 100, reads=["d"])
    story.apply(document("Dataset", "d", {"title": "d", "residency": {"processing": ["MA"]}}))
    assert (story.state(runs), story.state(waits)) == ("running", "gone")


def test_a_dataset_that_is_read_cannot_be_removed():
    data: Json = {"title": "d", "residency": {"processing": ["NO"]}}
    story = Story([*one_pool(2), document("Dataset", "d", data)])
    story.submit(2, 100, reads=["d"])
    with pytest.raises(Conflict, match="read by live work"):
        story.remove("Dataset", "d")


def test_what_may_no_longer_run_anywhere_is_refused_when_it_is_reclaimed():
    story = Story(one_pool(4, tree(2, 2)))
    lent = story.submit(4, 1000, access_class="x")
    story.submit(2, 100, access_class="y", project="b")
    story.apply(project("a", residency={"processing": ["MA"]}))
    story.go_to(9)
    made = story.end(lent, Outcome.RECLAIMED)
    assert story.state(lent) == "gone"
    assert [d.workload_id for d in made if isinstance(d, Refusal)] == [lent]


def test_reclaimed_work_that_can_no_longer_keep_its_deadline_is_refused():
    story = Story(one_pool(4, tree(2, 2)))
    lent = story.submit(4, 1000, access_class="x", flexibility={"deadline": 1005})
    story.submit(2, 100, access_class="y")
    story.go_to(9)
    made = story.end(lent, Outcome.RECLAIMED)
    assert [d.workload_id for d in made if isinstance(d, Refusal)] == [lent]


@pytest.mark.parametrize("sleeps", [False, True])
def test_nothing_starts_that_could_not_end_by_its_deadline(sleeps: bool):
    story = Story(one_pool(2))
    first = story.submit(2, 50)
    times = {"deadline": 130, "not_before": 30 if sleeps else 0}
    asked = story.submit(1, 100, flexibility=times)
    made = story.tell(WorkloadEnded(at_s=40, workload_id=first, run=1, outcome=Outcome.COMPLETED))
    assert story.state(asked) == "gone"
    assert [d.workload_id for d in made if isinstance(d, Refusal)] == [asked]


def test_hundreds_of_kinds_of_waiting_work_survive_new_documents():
    story = Story(one_pool(1), checked=False)
    names = [story.submit(1, 100 + i) for i in range(700)]
    story.checked = True
    story.apply(project("d"))
    assert story.state(names[0]) == "running"
    assert len(story.in_state("waiting")) == 699


def test_a_shrunk_envelope_takes_what_no_floor_covers_and_lets_nobody_in_until_then():
    place = {"envelope": {"site": {"power_w": 400}}}
    story = Story(one_pool(4, **place))
    runs = [story.submit(1, 100) for _ in range(3)]
    place["envelope"]["site"]["power_w"] = 200
    story.apply(one_pool(4, **place)[0])
    asked = story.submit(1, 10)
    assert [story.state(w) for w in (*runs, asked)] == ["running"] * 3 + ["waiting"]
    story.go_to(1)
    assert [story.state(w) for w in (*runs, asked)] == ["running"] * 2 + ["waiting"] * 2


def test_a_short_notice_does_not_wait_for_the_victims_of_a_long_one():
    """C2: units that come free first go to the claim that is due first."""
    classes: list[Json] = [
        {"name": "slow", "floor": 2, "reclaim_notice_s": 300},
        {"name": "fast", "floor": 2, "reclaim_notice_s": 10},
        {"name": "rest"},
    ]
    story = Story(one_pool(4, classes))
    for _ in range(4):
        story.submit(1, 1000, access_class="rest")
    slow = story.submit(2, 1000, access_class="slow")
    story.go_to(5)
    fast = story.submit(2, 1000, access_class="fast")
    story.go_to(16)
    assert (story.state(slow), story.state(fast)) == ("claimed", "running")
    story.go_to(300)
    assert story.state(slow) == "running"


def test_a_short_notice_does_not_take_what_a_long_one_counts_on():
    """C2: the free units are the older claim's, though it is due later; another victim is found."""
    classes: list[Json] = [
        {"name": "slow", "floor": 3, "reclaim_notice_s": 300},
        {"name": "fast", "floor": 1, "reclaim_notice_s": 10},
        {"name": "rest"},
    ]
    story = Story(one_pool(4, classes))
    lent = [story.submit(1, 1000, access_class="rest") for _ in range(2)]
    slow = story.submit(3, 1000, access_class="slow")
    assert story.state(slow) == "claimed"
    fast = story.submit(1, 1000, access_class="fast")
    story.go_to(11)
    assert story.state(fast) == "running"
    story.go_to(300)
    assert story.state(slow) == "running"
    assert [story.state(w) for w in lent] == ["waiting", "waiting"]


def test_power_that_is_lent_in_another_pool_comes_back():
    """C2: what a floor lacks may be power, and someone elsewhere at the site has it."""
    place = site(
        "s",
        [{"name": "p"}, {"name": "q"}],
        [(0, {"p": 2, "q": 4})],
        envelope={"site": {"power_w": 400}},
    )
    only_p = {"models": ["small"]}
    place["spec"]["pools"][0]["accelerator"] = "small"
    story = Story([place, charter("s", tree(2, 0)), project("a")])
    lent = [story.submit(1, 1000, access_class="y", models=["unit"]) for _ in range(4)]
    asked = story.submit(2, 100, access_class="x", **only_p)
    assert story.state(asked) == "claimed"
    story.go_to(10)
    assert story.state(asked) == "running"
    assert sum(story.state(w) == "running" for w in lent) == 2


def test_who_is_owed_room_is_served_though_someone_before_it_cannot_be():
    """C2: a large gang that finds no victims does not keep a small one from its floor."""
    classes: list[Json] = [
        {"name": "x", "floor": 3, "reclaim_notice_s": 10},
        {"name": "y", "floor": 1, "reclaim_notice_s": 10},
        {"name": "z"},
    ]
    pools = site("s", [{"name": "p"}, {"name": "q", "accelerator": "big"}], [(0, {"p": 2, "q": 3})])
    story = Story([pools, charter("s", classes), project("a")])
    story.submit(1, 1000, access_class="y", models=["big"])
    story.submit(2, 1000, access_class="z", models=["big"])
    story.submit(2, 1000, access_class="z", models=["unit"])
    large = story.submit(3, 100, access_class="x", models=["big"])
    small = story.submit(1, 100, access_class="x", models=["unit"])
    assert (story.state(large), story.state(small)) == ("waiting", "claimed")


# ------------------------------------------------------------ a cluster under its runs


SLURM = {
    "rest": "http://h:1",
    "folder": "/work",
    "pools": {"p": {"partition": "x", "nodes": "n[1-2]"}},
    "others": {"user": "a", "people": {"bo": "b"}},
}
MOVES: list[tuple[dict[str, object], str]] = [
    ({}, ""),
    ({"pools": {"p": {"partition": "y", "nodes": "n[1-4]"}}}, ""),
    ({"others": {"user": "c", "people": {"x": "a", "y": "b"}}}, ""),
    ({"rest": "http://other:1"}, "slurm.rest or slurm.command"),
    ({"command": {"ssh": "other"}}, "slurm.rest or slurm.command"),
    ({"folder": "/elsewhere"}, "slurm.folder"),
    ({"others": {"user": "a"}}, "slurm.projects or slurm.others"),
]


def _slurm_site(**changes: object) -> dict[str, Document]:
    spec = {
        "title": "t",
        "country": "NO",
        "operator": "o",
        "management": ["NO"],
        "metadata": ["NO"],
        "pools": [{"name": "p", "accelerator": "h100"}],
        "runner": "slurm",
        "slurm": {**SLURM, **changes},
    }
    item = {"apiVersion": "allod/v1", "kind": "Site", "metadata": {"name": "s"}, "spec": spec}
    return {"Site/s": from_json(item)}


@pytest.mark.parametrize(
    ("nodes", "held", "renamed"),
    [
        ("n[1-4]", (0, 1), False),  # Nodes may come,
        ("n1", (0,), False),  # and go where no work runs,
        ("n1", (1,), True),
        ("n[2-3]", (0,), True),  # but not become others.
        ("n[1,3]", (0,), False),
        ("n[1,3]", (0, 1), True),
    ],
)
def test_a_node_does_not_become_another_under_its_work(
    nodes: str, held: tuple[int, ...], renamed: bool
) -> None:
    after = _slurm_site(pools={"p": {"partition": "x", "nodes": nodes}})
    spans = tuple((node, 1) for node in held)
    said = rebuild._nodes_renamed(_slurm_site(), after, "s", "p", spans)
    assert said == ("slurm.pools.p.nodes" if renamed else "")


@pytest.mark.parametrize(("changes", "moved"), MOVES)
def test_a_cluster_does_not_change_under_its_runs(changes: dict[str, object], moved: str) -> None:
    assert rebuild._cluster_moved(_slurm_site(), _slurm_site(**changes), "s") == moved
