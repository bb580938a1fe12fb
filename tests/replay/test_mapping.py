"""Jobs become work of projects: by weight, by the seed, always the same."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from allod.errors import InvalidInput, NotFound
from allod.replay.log import read_leaves
from allod.replay.mapping import Mapper, _whole
from allod.replay.record import record_trace
from allod.replay.run import ReplayOptions
from allod.replay.traces import TraceMeta, open_trace
from allod.replay.world import ReplayWorld, engine_for, scenario_world, site_name_of
from tests.replay.conftest import SCENARIO, Replay, swf_text

START_S = 1_767_225_600


def world_of(tmp_path: Path, text: str) -> ReplayWorld:
    path = tmp_path / "x.scenario.yaml"
    path.write_text(text)
    return scenario_world(path, None)


def dealt(tmp_path: Path, text: str, seed: int, chunk_rows: int, users: int = 400) -> list[str]:
    """The project of each of 2000 jobs of `users` users."""
    trace_path = tmp_path / "t.swf"
    trace_path.write_text(swf_text((i, 10, 20, 1, 1 + i % users) for i in range(2000)))
    world = world_of(tmp_path, text)
    engine = engine_for(world, START_S)
    trace = open_trace(trace_path, chunk_rows=chunk_rows)
    mapper, found = Mapper(engine, world, trace.meta, seed), list[str]()
    for chunk in trace:
        rows = mapper.projects_of(chunk, len(found))
        found += [engine.layout.projects[row] for row in rows]
    return found


def test_the_same_seed_deals_alike_however_the_trace_is_cut(tmp_path: Path) -> None:
    for by in ("by: user", "by: job"):
        text = SCENARIO.replace("by: user", by)
        assert dealt(tmp_path, text, 7, 65_536) == dealt(tmp_path, text, 7, 64)
        assert dealt(tmp_path, text, 7, 64) != dealt(tmp_path, text, 8, 64)


def test_a_user_stays_with_one_project(tmp_path: Path) -> None:
    found = dealt(tmp_path, SCENARIO, 0, 100, users=40)
    assert all(len({found[i] for i in range(user, 2000, 40)}) == 1 for user in range(40))
    assert set(found) == {"startup", "media"}


def test_weights_are_kept(tmp_path: Path) -> None:
    text = SCENARIO.replace("by: user", "by: job").replace(
        "{project: media, weight: 1}", "{project: media, weight: 3}"
    )
    counts = Counter(dealt(tmp_path, text, 0, 500))
    assert 0.70 < counts["media"] / 2000 < 0.80


def test_verdicts_are_made_once_per_kind_of_job(tmp_path: Path) -> None:
    text = SCENARIO.replace(
        "sector: media}",
        "sector: media, grants: [{accelerator_hours: 100, starts: 2026-01-01, ends: 2027-01-01}]}",
    )
    world = world_of(tmp_path, text)
    engine = engine_for(world, START_S)
    # Wall times all differ; of them only those matter that no grant could pay for.
    jobs = [(i, 10, 1000 + 700 * i, 1 + i % 4, 1 + i % 10) for i in range(1000)]
    (tmp_path / "t.swf").write_text(swf_text(jobs))
    trace = open_trace(tmp_path / "t.swf", chunk_rows=100)
    mapper, refused, row = Mapper(engine, world, trace.meta, 0), list[int](), 0
    for chunk in trace:
        refused += [one.row for one in mapper.asks(chunk, row)[1]]
        row += len(chunk)
    assert len(engine.verdicts) <= 4 * 3
    projects = dict(enumerate(dealt_to(mapper, trace, engine.layout.projects)))
    too_large = [i for i, job in enumerate(jobs) if job[2] * job[3] > 360_000]
    assert refused == [i for i in too_large if projects[i] == "media"]


def dealt_to(mapper: Mapper, trace: object, names: list[str]) -> list[str]:
    found: list[str] = []
    for chunk in trace:  # type: ignore[attr-defined]
        found += [names[row] for row in mapper.projects_of(chunk, len(found))]
    return found


def test_a_partition_is_a_site_of_its_own(replay: Replay, scenario: Path) -> None:
    scenario.write_text(SCENARIO.replace("by: user\n", "by: user\n    site_by_partition: true\n"))
    with pytest.raises(InvalidInput, match="partition '1' has no site '1'"):
        replay([(0, 10, 20, 1, 1)], scenario=scenario)
    assert site_name_of(" CERN/Lyon #2 ") == "cern-lyon-2"


def test_a_mapping_must_name_projects_that_are_there(replay: Replay, scenario: Path) -> None:
    scenario.write_text(SCENARIO.replace("project: media, weight", "project: nobody, weight"))
    with pytest.raises(NotFound, match="project 'nobody', which has no document"):
        replay([(0, 10, 20, 1, 1)], scenario=scenario)
    no_portions = SCENARIO.replace("portions:", "portions: []").replace(
        "      - {project: startup, weight: 1}\n      - {project: media, weight: 1}\n", ""
    )
    scenario.write_text(no_portions)
    with pytest.raises(InvalidInput, match="its projects are media, startup"):
        replay([(0, 10, 20, 1, 1)], scenario=scenario)


def test_a_table_that_names_projects_is_believed(tmp_path: Path) -> None:
    world = world_of(tmp_path, SCENARIO)
    engine = engine_for(world, START_S)
    meta = TraceMeta("allod", tmp_path, projects=["media", "stranger"])
    mapper = Mapper(engine, world, meta, 0)
    (tmp_path / "t.csv").write_text(
        "job_id,submit_s,run_s,wall_s,accelerators,project\n1,0,5,9,1,media\n2,0,5,9,1,stranger\n"
    )
    chunk = next(iter(open_trace(tmp_path / "t.csv")))
    assert chunk.project is not None
    with pytest.raises(InvalidInput, match="project 'stranger', which the scenario does not have"):
        mapper.projects_of(chunk, 0)
    assert np.unique(chunk.project).tolist() == [0, 1]


def test_a_table_that_names_classes_is_believed(replay: Replay, scenario: Path) -> None:
    table = scenario.with_name("t.csv")
    table.write_text(
        "job_id,submit_s,run_s,wall_s,accelerators,project,class\n"
        "1,0,5,9,1,startup,surplus\n2,10,5,9,1,startup,\n3,20,5,9,1,media,start-ups\n"
    )
    _, jobs = replay(table, scenario=scenario)
    assert [job["class"] for job in jobs] == ["surplus", "start-ups", ""]
    assert [job["decision"] for job in jobs] == ["placed", "placed", "refused"]
    record_trace(ReplayOptions(trace=table, scenario=scenario), scenario.with_name("x.log"))
    placed = [
        json.loads(leaf.body)["access_class"]
        for leaf in read_leaves(scenario.with_name("x.log"))
        if leaf.kind == "decision/Placement"
    ]
    assert placed == ["surplus", "start-ups"]


def test_without_portions_all_is_of_the_one_project_and_else_that_is_asked_for() -> None:
    assert [portion.project for portion in _whole(["only"])] == ["only"]
    with pytest.raises(InvalidInput, match="its projects are one, two"):
        _whole(["one", "two"])
    with pytest.raises(InvalidInput, match="add a document of kind Project"):
        _whole([])
