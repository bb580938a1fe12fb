"""A verdict does not depend on what was judged before it: its parts are shared, not mixed up."""

from __future__ import annotations

from itertools import product
from random import Random

from allod.decide import law
from allod.decide.engine import Engine
from allod.decide.verdict import Judge
from allod.domain.event import DocumentsApplied
from allod.domain.workload import Workload
from tests.decide.worlds import Json, charter, document, project, site


def world() -> list[Json]:
    """Two sites whose pools, classes and countries differ, and projects that law treats unlike."""
    nodes = {"name": "q", "accelerators_per_node": 4, "nodes_per_nvlink_domain": 2}
    classes = [
        {"name": "public", "floor": 4, "priority": 9, "eligible": {"sectors": ["public"]}},
        {"name": "open", "floor": 0, "priority": 0, "ceiling": 10},
    ]
    power = {"site": {"power_w": 2_000, "base_load_w": 100}}
    return [
        site("n", [{"name": "p"}, nodes], [(0, {"p": 6, "q": 16})], envelope=power),
        site("m", [{"name": "p", "accelerator": "other"}], [(0, {"p": 30})], country="MA"),
        charter("n", classes),
        charter("m", [{"name": "open", "floor": 0, "priority": 0}]),
        document("Dataset", "d", {"title": "d", "stored_at": ["m"]}),
        project("a", sector="public"),
        project("b", residency={"processing": ["NO"]}),
        project("c", grants=[{"accelerator_hours": 10, "starts": 0, "ends": 90_000}]),
    ]


def asked() -> list[Workload]:
    """Work that differs in each thing that a verdict looks at."""
    kinds = product(
        "abc",
        (1, 9, 20, 40),
        ("packed", "nvlink-domain"),
        ((), ("other",)),
        (None, "open"),
        ((), ("n",)),
        ((), ("d",)),
        (3_600, 100_000),
    )
    return [
        Workload.model_validate(
            {
                "project": of,
                "accelerators": n,
                "topology": topology,
                "models": models,
                "access_class": access_class,
                "sites": sites,
                "reads": reads,
                "wall_time_s": wall_time_s,
                "command": ["true"],
            }
        )
        for of, n, topology, models, access_class, sites, reads, wall_time_s in kinds
    ]


def test_a_judge_that_has_judged_others_says_the_same_as_a_new_one() -> None:
    engine = Engine()
    engine.step(DocumentsApplied(at_s=0, documents=tuple(world())))
    workloads = asked()
    Random(1).shuffle(workloads)
    found = set()
    for workload in workloads:
        of = engine.world.projects[workload.project]
        rules = law.rules_of("w", workload, workload.project, of, engine.world.datasets, {})
        fresh = Judge(engine.world, engine.layout).judge(rules, workload, of)
        assert engine.judge.judge(rules, workload, of) == fresh
        found.add((fresh.classes, fresh.ranks, tuple(sorted(fresh.access_class.items()))))
    assert len(found) > 8, "the work is too much alike"
