"""Which counters count a replica, for every kind of counter and of room; nothing counted twice."""

from __future__ import annotations

from typing import Any

from allod.domain.counters import Counter
from allod.energy.counted import Host, Wiring
from allod.run.serving.wiring import Held, Metered, Running, wire


def counter(name: str, counts: str, of: str = "node", **more: Any) -> Counter:
    return Counter.model_validate(
        {"name": name, "counts": counts, "reads": "register", "unit": "J", "every_s": 5,
         "prometheus": {"url": "http://metrics.example", "query": f"e{{of='{{{of}}}'}}"}} | more
    )  # fmt: skip


GPUS, NODE = counter("gpus", "accelerators"), counter("node", "nodes")
JOB, JOB_ALL = counter("job", "accelerators", "job"), counter("job-all", "nodes", "job")
REST = counter("rest", "hosts")


def running(*held: tuple[str, int, int], replica: str = "r1", job: str = "77") -> Running:
    return Running(
        replica=replica, service="chat", model="tiny", site="narvik", accelerator="h100", job=job,
        held=tuple(Held(node=node, accelerators=got, of=of) for node, got, of in held),
    )  # fmt: skip


def wired(one: Running, *counters: Counter, taken: frozenset[int] = frozenset()) -> Metered:
    found = wire(one, counters, dict.fromkeys(("n1", "n2"), taken))
    assert found is not None
    return found


def test_a_job_that_is_counted_whole_needs_nothing_else() -> None:
    found = wired(running(("n1", 2, 8)), GPUS, NODE, JOB, JOB_ALL)
    assert found.wiring == Wiring(own=("narvik/job-all/77",))
    assert [(one.source, one.counter, one.job) for one in found.asked] == [
        ("narvik/job-all/77", "job-all", "77")
    ]


def test_a_part_of_a_node_is_that_part_of_its_accelerators_and_of_the_rest() -> None:
    found = wired(running(("n1", 2, 8)), GPUS, NODE, taken=frozenset({0, 2}))
    gpus, node = "narvik/gpus/n1", "narvik/node/n1"
    assert found.wiring.hosts == (
        Host(source=gpus, accelerators=(), slots=(1, 3), count=8, is_accelerators=True),
        Host(source=node, accelerators=(gpus,), slots=(1, 3), count=8),
    )
    assert found.slots == (("n1", (1, 3)),)
    assert found.wiring.sources == (gpus, node)


def test_a_jobs_accelerators_beside_others_come_before_parts_where_no_node_is_counted() -> None:
    found = wired(running(("n1", 2, 8)), GPUS, JOB, REST)
    assert found.wiring.own == ("narvik/job/77",)
    assert found.wiring.hosts == (
        Host(source="narvik/rest/n1", accelerators=(), slots=(0, 1), count=8),
    )


def test_a_whole_node_is_counted_by_its_job_and_its_node() -> None:
    found = wired(running(("n1", 8, 8)), GPUS, NODE, JOB)
    assert found.wiring == Wiring(
        own=("narvik/job/77",),
        hosts=(
            Host(
                source="narvik/node/n1",
                accelerators=("narvik/job/77",),
                slots=tuple(range(8)),
                count=8,
            ),
        ),
    )


def test_a_job_over_two_nodes_is_not_taken_off_each_of_them() -> None:
    found = wired(running(("n1", 8, 8), ("n2", 8, 8)), GPUS, NODE, JOB)
    assert found.wiring.own == ()
    assert [host.accelerators for host in found.wiring.hosts if not host.is_accelerators] == [
        ("narvik/gpus/n1",),
        ("narvik/gpus/n2",),
    ]


def test_who_finds_no_part_free_is_counted_as_nothing_rather_than_twice() -> None:
    found = wired(running(("n1", 1, 1)), GPUS, taken=frozenset({0}))
    assert found.wiring.hosts[0].slots == ()


def test_without_a_counter_there_is_no_meter() -> None:
    gauge = counter("power", "nodes", reads="gauge", unit="W")
    assert wire(running(("n1", 1, 8)), [gauge], {}) is None
    assert wire(running(("n1", 1, 8), job=""), [JOB, JOB_ALL], {}) is None


def test_what_is_kept_is_read_again_as_it_was() -> None:
    found = wired(running(("n1", 2, 8), ("n2", 8, 8)), GPUS, NODE)
    assert Metered.decode(found.encode()) == found
