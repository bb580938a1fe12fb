"""What a check finds, sentence by sentence; on real clusters in tests/slurm/test_check.py."""

from __future__ import annotations

from typing import Any

import pytest

from allod.adapters.slurm import findings
from allod.adapters.slurm.driver import About, Books, Licence
from allod.adapters.slurm.machine import Machine
from allod.domain.document import from_json
from allod.domain.site import Site

NOW_S = 1_795_291_200  # 2026-11-21 20:00 UTC
SLURM = {
    "rest": "http://127.0.0.1:6820",
    "pools": {"gpus": {"partition": "main", "nodes": "n[1-2]", "gres": "gpu:h100"}},
    "others": {"user": "ada"},
    "power_licence": {"name": "kw"},
    "folder": "/shared",
}


def site(slurm: dict[str, Any] | None = None, **changes: Any) -> Site:
    spec = {
        "title": "A site",
        "country": "NO",
        "operator": "someone",
        "management": ["NO"],
        "metadata": ["NO"],
        "pools": [{"name": "gpus", "accelerator": "h100", "accelerators_per_node": 8}],
        "phases": [
            {"name": "a", "state": "live", "starts": "2026-01-01", "accelerators": {"gpus": 16}}
        ],
        "envelope": {"site": {"power_w": "44 kW", "base_load_w": "2 kW"}},
        "runner": "slurm",
        "slurm": {**SLURM, **(slurm or {})},
        **changes,
    }
    item = {"apiVersion": "allod/v1", "kind": "Site", "metadata": {"name": "s"}, "spec": spec}
    found = from_json(item).spec
    assert isinstance(found, Site)
    return found


def node(name: str, **changes: Any) -> Machine:
    fields: dict[str, Any] = {
        "accelerators": 8,
        "cpus": 64,
        "memory_mb": 1000,
        "states": ("IDLE",),
        "reason": "",
        "partitions": ("main",),
        "gres": "gpu:h100:8(S:0-1)",
    }
    return Machine(name=name, **{**fields, **changes})


def nodes(**changes: Any) -> dict[str, Machine]:
    return {"n1": node("n1"), "n2": node("n2", **changes)}


@pytest.mark.parametrize(
    ("apart_s", "state"),
    [
        (0, "works"),
        (4, "works"),
        (-4, "works"),
        (5, "warning"),
        (-5, "warning"),
        (1799, "warning"),
        (1800, "fails"),
        (-1800, "fails"),
    ],
)
def test_clocks_may_be_five_seconds_apart_and_no_tokens_life(apart_s: int, state: str) -> None:
    about = About("22.05.8", "slurmrestd v0.0.38", NOW_S)
    found = findings.of_clock(about, NOW_S + apart_s)
    assert found.state == state
    if apart_s:
        assert ("ahead" in found.said) == (state != "works" and apart_s > 0)


@pytest.mark.parametrize(
    ("has", "asked", "count"),
    [
        ("gpu:h100:8(S:0-1)", "gpu:h100", 8),
        ("gpu:h100:8", "gpu", 8),
        ("gpu:h100:8", "gpu:b200", 0),
        ("gpu:8", "gpu", 8),
        ("gpu:8", "gpu:h100", 0),  # Slurm refuses a type that the node does not state.
        ("gpu", "gpu", 1),
        ("gpu:h100:4,gpu:a100:2,nic:1", "gpu", 6),
        ("gpu:h100:4(S:0,1),gpu:a100:2(S:2)", "gpu:a100", 2),
        ("gpu:nvidia_h100_80gb:4", "gpu:nvidia_h100_80gb", 4),
        ("gpu:7g.80gb:3", "gpu:7g.80gb", 3),
        ("nic:1", "gpu", 0),
        ("", "gpu", 0),
    ],
)
def test_accelerators_are_counted_as_slurm_writes_them(has: str, asked: str, count: int) -> None:
    assert findings.accelerators(has, asked) == count


def test_a_pool_in_order_is_one_line() -> None:
    (found,) = findings.of_pools(site(), nodes(), NOW_S)
    assert (found.state, found.mend) == ("works", "")


def test_a_later_phase_without_nodes_is_a_warning_now() -> None:
    phases = [
        {"name": "a", "state": "live", "starts": "2026-01-01", "accelerators": {"gpus": 16}},
        {"name": "b", "state": "live", "starts": "2030-01-01", "accelerators": {"gpus": 8}},
    ]
    (found,) = findings.of_pools(site(phases=phases), nodes(), NOW_S)
    assert found.state == "warning"
    assert found.said.startswith("24 accelerators will be live by a later phase")


def test_a_pool_of_which_every_node_is_down_fails() -> None:
    one = nodes(states=("DOWN", "NOT_RESPONDING"), reason="power")
    (some,) = findings.of_pools(site(), one, NOW_S)
    assert (some.state, some.said) == ("warning", "n2 is down not responding: power")
    (all_,) = findings.of_pools(site(), {**one, "n1": node("n1", states=("DRAINED",))}, NOW_S)
    assert all_.state == "fails"


@pytest.mark.parametrize(
    ("total", "state"), [(42, "works"), (41, "fails"), (43, "warning"), (None, "fails")]
)
def test_the_licence_stands_for_the_envelope_less_the_base_load(
    total: int | None, state: str
) -> None:
    there = () if total is None else (Licence("kw", total, 0, 0),)
    assert findings.of_power(site(), there)[0].state == state


def test_the_licences_are_those_of_the_envelope_without_its_windows() -> None:
    window = {"starts": "2026-01-01", "ends": "2027-01-01", "power_w": "10 kW"}
    limit = {"power_w": "44 kW", "base_load_w": "2 kW", "windows": [window]}
    curtailed = site(envelope={"site": limit})
    assert findings.of_power(curtailed, (Licence("kw", 42, 0, 0),))[0].state == "works"
    told = findings.of_curtailments(curtailed)
    assert told
    assert told.state == "warning"
    assert "slurm.command" in told.mend
    by_commands = site({"command": {}}, envelope={"site": limit})
    kept = findings.of_curtailments(by_commands)
    assert kept
    assert kept.state == "works"


@pytest.mark.parametrize(
    ("settings", "accounting", "states"),
    [
        ({"KillWait": "30 sec", "MinJobAge": "3600 sec"}, False, ["works"]),
        ({"KillWait": "31 sec", "MinJobAge": "3600 sec"}, False, ["warning"]),
        ({"KillWait": "30 sec", "MinJobAge": "300 sec"}, False, ["warning"]),
        ({"KillWait": "30 sec", "MinJobAge": "300 sec"}, True, ["works"]),
        ({"KillWait": "60 sec", "MinJobAge": "300 sec"}, False, ["warning", "warning"]),
        (None, True, ["warning"]),
    ],
)
def test_settings_that_break_a_promise_are_told(
    settings: dict[str, str] | None, accounting: bool, states: list[str]
) -> None:
    found = findings.of_settings(site(), settings, accounting)
    assert [item.state for item in found] == states
    assert all(item.mend for item in found if item.state != "works")


@pytest.mark.parametrize(
    ("operator", "books", "private", "state"),
    [
        ("root", None, None, "works"),
        ("eve", Books(frozenset(), {}, frozenset({"eve"})), None, "works"),
        ("eve", Books(frozenset(), {}, frozenset()), None, "warning"),
        ("eve", None, "none", "works"),
        ("eve", None, "accounts,users", "works"),
        ("eve", None, "accounts,jobs", "fails"),
        ("eve", Books(frozenset(), {}, frozenset({"eve"})), "jobs", "works"),
    ],
)
def test_the_operator_must_see_the_jobs_of_others(
    operator: str, books: Books | None, private: str | None, state: str
) -> None:
    slurm = site({"operator": operator}).slurm
    assert slurm
    settings = None if private is None else {"PrivateData": private}
    assert findings.of_operator(slurm, books, settings).state == state
