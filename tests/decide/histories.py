"""Hypothesis strategies: worlds of a few accelerators, and what may happen in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from allod.domain.event import Outcome, TimePassed
from allod.errors import AllodError
from tests.decide.worlds import Json, Story, charter, document, project, site

PROJECTS = ("a", "b", "c")
Act = tuple[Any, ...]


@st.composite
def classes(draw: st.DrawFn, units: int, prefix: str, depth: int = 0) -> list[Json]:
    """Sibling classes whose floors together are at most `units`."""
    left = units
    found = []
    for i in range(draw(st.integers(1, 3))):
        floor = draw(st.integers(0, left))
        left -= floor
        name = f"{prefix}{i}"
        item: Json = {
            "name": name,
            "floor": floor,
            "priority": draw(st.integers(0, 1)),
            "reclaim_notice_s": draw(st.sampled_from([0, 10, 60])),
            "run_time_min_s": draw(st.sampled_from([0, 30])),
        }
        if draw(st.integers(0, 3)) == 0:
            item["ceiling"] = draw(st.integers(max(1, floor), units + 1))
        if depth < 2 and draw(st.integers(0, 2)) == 0:
            item["classes"] = draw(classes(floor, f"{name}-", depth + 1))
        found.append(item)
    return found


def leaves(items: Sequence[Json]) -> list[str]:
    """Names of the classes that hold work."""
    found: list[str] = []
    for item in items:
        found += leaves(item["classes"]) if item.get("classes") else [item["name"]]
    return found


@st.composite
def limits(draw: st.DrawFn, most_w: int) -> Json:
    """A node of an envelope."""
    windows = []
    for start in draw(st.lists(st.sampled_from([20, 50, 90, 150]), max_size=2, unique=True)):
        windows.append(
            {"starts": start, "ends": start + 40, "power_w": draw(st.integers(0, most_w))}
        )
    return {"power_w": draw(st.integers(most_w // 2, most_w)), "windows": windows}


@st.composite
def sites(draw: st.DrawFn, name: str) -> list[Json]:
    """A site and, mostly, its charter."""
    pools, live, later = [], {}, {}
    for i in range(draw(st.integers(1, 2))):
        per_node = draw(st.sampled_from([1, 1, 2, 3]))
        pools.append(
            {
                "name": f"p{i}",
                "hall": "h",
                "accelerators_per_node": per_node,
                "nodes_per_nvlink_domain": draw(st.integers(1, 3)) if per_node > 1 else 1,
            }
        )
        live[f"p{i}"] = per_node * draw(st.integers(1, 6 // per_node))
        later[f"p{i}"] = per_node * draw(st.integers(0, 2))
    units = sum(live.values())
    spec: Json = {}
    if draw(st.booleans()):
        most_w = 130 * (units + sum(later.values()))
        spec["envelope"] = {"site": draw(limits(most_w))}
        if draw(st.booleans()):
            spec["envelope"]["halls"] = {"h": draw(limits(most_w))}
        if draw(st.booleans()):
            spec["envelope"]["pools"] = {"p0": draw(limits(130 * live["p0"]))}
        spec["pue_milli"] = draw(st.sampled_from([1000, 1234]))
    found = [site(name, pools, [(0, live), (100, later)], **spec)]
    if draw(st.integers(0, 4)):
        found.append(charter(name, draw(classes(units, f"{name}-")), use_half_life_s=7200))
    return found


@st.composite
def projects(draw: st.DrawFn) -> list[Json]:
    """Three projects, some with grants."""
    found = []
    for name in PROJECTS:
        spec: Json = {"share": draw(st.integers(1, 2))}
        if draw(st.integers(0, 2)) == 0:
            spec["grants"] = [
                {"accelerator_hours": 1, "starts": start, "ends": end}
                for start, end in draw(
                    st.sampled_from([[(0, 300)], [(0, 200), (200, 400)], [(50, 150), (100, 900)]])
                )
            ]
        found.append(project(name, **spec))
    return found


@st.composite
def worlds(draw: st.DrawFn) -> list[Json]:
    """One or two sites and three projects."""
    found = draw(sites("s")) + draw(projects())
    found.append(
        document("Dataset", "d", {"title": "d", "residency": {"processing": ["NO", "SE"]}})
    )
    if draw(st.integers(0, 2)) == 0:
        found += draw(sites("t"))
    return found


submissions = st.tuples(
    st.just("submit"),
    st.integers(1, 6),
    st.sampled_from([1, 10, 40, 100]),
    st.sampled_from(PROJECTS),
    st.integers(0, 8),
    st.sampled_from(["packed", "packed", "spread", "nvlink-domain"]),
    st.sampled_from(
        [
            {},
            {},
            {},
            {"not_before": 60},
            {"deadline": 160},
            {"on_reclaim": "cancel"},
            {"on_node_failure": "fail"},
            {"reads": ["d"]},
            {"writes": ["d"], "residency": {"processing": ["NO"]}},
            {"writes": ["d"], "residency": {"processing": ["SE"]}},
        ]
    ),
)
#: What is out is drawn for more nodes than a pool has; a report that cannot be is refused.
reports = st.tuples(
    st.just("report"),
    st.integers(0, 3),
    st.dictionaries(st.integers(0, 5), st.integers(1, 4), max_size=4),
    st.sampled_from([0, 0, 90, 300]),
)
acts = st.one_of(
    submissions,
    submissions,
    submissions,
    reports,
    st.tuples(st.just("fail"), st.integers(0, 20)),
    st.tuples(st.just("end"), st.integers(0, 20)),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
    st.tuples(st.just("pass"), st.sampled_from([0, 1, 5, 10, 30, 4000])),
    st.tuples(st.just("overrun"), st.sampled_from([5, 20, 60])),
)


def class_names(documents: Sequence[Json]) -> list[str]:
    """Every class that work may name."""
    return [
        name
        for item in documents
        if item["kind"] == "Charter"
        for name in leaves(item["spec"]["classes"])
    ]


def play(story: Story, act: Act, names: Sequence[str]) -> None:
    """Do one act; what the engine refuses to accept must leave it as it was."""
    match act:
        case ("submit", n, wall_s, name, choice, topology, more):
            spec: Json = {"project": name, "topology": topology}
            if names and choice:
                spec["access_class"] = names[choice % len(names)]
            for key, value in more.items():
                if key not in ("not_before", "deadline"):
                    spec[key] = value
                elif key == "not_before" or value >= wall_s:
                    spec["flexibility"] = {key: value}
            story.submit(n, wall_s, **spec)
        case ("end", i):
            running = story.in_state("running")
            if running:
                story.end(running[i % len(running)], Outcome.COMPLETED)
        case ("fail", i):
            running = story.in_state("running")
            if running:
                story.end(running[i % len(running)], Outcome.NODE_FAILED)
        case ("report", i, out, others_w):
            layout = story.engine.layout
            p = i % len(layout.pools)
            site_name, pool = layout.pools[p]
            row = story.engine.state.pool[p]
            if row["per_node"] == 1:
                most = layout.most_units[p]
                given = [(0, min(most, sum(out.values())))] if out and most else []
            else:
                given = [
                    (x, min(n, int(row["per_node"])))
                    for x, n in sorted(out.items())
                    if x < row["nodes"]
                ]
            story.report(*given, others_w=others_w, site=site_name, pool=pool)
        case ("cancel", i):
            live = list(story.engine.live)
            if live:
                story.cancel(live[i % len(live)])
        case ("pass", seconds):
            story.go_to(story.now_s + seconds)
        case ("overrun", seconds):  # The runner says nothing of what should have ended by then.
            story.tell(TimePassed(at_s=story.now_s + seconds))
        case ("documents", documents):
            before = story.engine.snapshot()
            try:
                story.apply(*documents)
            except AllodError:
                assert story.engine.snapshot() == before
