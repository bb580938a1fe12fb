# ruff: noqa: E402  (the cache is chosen before anything imports numba)
"""Histories on file: what is told to an engine and what it decides, one line for each event."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from allod.cli import kernel_cache

kernel_cache.use()  # Before anything imports numba: no kernel of yesterday writes today's history.

from allod.domain.decision import Decision
from allod.domain.event import EVENTS, Event, Outcome
from allod.prove.encoding import LEFT_OUT
from tests.decide.histories import play
from tests.decide.worlds import Json, Story, charter, document, project, site

FOLDER = Path(__file__).resolve().parents[1] / "histories"

ANCHOR = {
    "party": "op",
    "ramp": [{"starts": 0, "floor": 1, "ceiling": 3}, {"starts": 200, "floor": 2, "ceiling": 4}],
    "ends": 600,
}
TREE = [
    {
        "name": "nation",
        "floor": 4,
        "reclaim_notice_s": 20,
        "classes": [{"name": "start-ups", "floor": 2, "priority": 1}, {"name": "research"}],
    },
    {"name": "anchor", "anchor": ANCHOR, "run_time_min_s": 30},
    {"name": "surplus", "priority": -1},
]
SITE = site(
    "north",
    [
        {"name": "racks", "accelerators_per_node": 2, "nodes_per_nvlink_domain": 2},
        {"name": "units", "hall": "east"},
    ],
    [(0, {"racks": 6, "units": 3}), (150, {"racks": 4})],
    pue_milli=1100,
    envelope={
        "site": {
            "power_w": 1300,
            "base_load_w": 100,
            "windows": [{"starts": 250, "ends": 400, "power_w": 700}],
        },
        "halls": {"east": {"power_w": 300}},
    },
)
NAMES = ("start-ups", "research", "anchor", "surplus")


def world(share: int = 1) -> list[Json]:
    """A site with all that can be asked of one, and another without a charter."""
    return [
        document("Party", "op", {"title": "op", "seat": "NO"}),
        SITE,
        site("south", [{"name": "units"}], [(0, {"units": 2})], country="MA"),
        charter("north", TREE, use_half_life_s=7200),
        document(
            "Dataset",
            "records",
            {"title": "records", "residency": {"processing": ["NO"], "storage": ["NO"]}},
        ),
        project("a", party="op", share=share),
        project("b", grants=[{"accelerator_hours": 1, "ends": 5000}]),
        project("c"),
    ]


#: Seed of each history on file.
HISTORIES = {"one-day": 11, "documents-change": 12, "long-queue": 13}


def told(seed: int) -> Story:
    """The history that `seed` makes."""
    dice = random.Random(seed)
    story = Story(world())
    for turn in range(60):
        roll = dice.random()
        if roll < 0.55 + 0.1 * (seed == 13):
            name = dice.choice("abc")
            more: Json = dice.choice([{}, {}, {"not_before": 260}, {"deadline": 700}])
            topology = dice.choice(["packed", "packed", "spread", "nvlink-domain"])
            act: Any = (
                "submit",
                dice.randint(1, 4),
                dice.choice([20, 60, 300]),
                name,
                dice.randint(0, 8),
                topology,
                more,
            )
        elif roll < 0.75:
            act = ("pass", dice.choice([1, 10, 60]))
        elif roll < 0.9:
            act = ("end", dice.randint(0, 9))
        else:
            act = ("cancel", dice.randint(0, 9))
        play(story, act, NAMES)
        if seed == 12 and turn % 15 == 14:
            story.apply(
                project("a", party="op", share=turn), charter("north", TREE[: 2 + turn % 2])
            )
    story.go_to(story.now_s + 1000)
    return story


def plain(record: Event | Decision) -> Json:
    """A record as plain values."""
    fields = asdict(record)
    kept = {name: value for name, value in fields.items() if value or name not in LEFT_OUT}
    return {"type": type(record).__name__, **kept}


def written(record: Event | Decision) -> str:
    """A record as one line of text."""
    return json.dumps(plain(record), sort_keys=True, separators=(",", ":"))


def digest(story: Story) -> str:
    """A digest of all that was decided, and of all that is known at the end."""
    text = "\n".join(written(one) for one in story.decisions).encode()
    return hashlib.sha256(text + story.engine.snapshot()).hexdigest()


def event_of(item: Json) -> Event:
    """The event that `plain` made `item` of."""
    fields = {key: value for key, value in item.items() if key != "type"}
    if "documents" in fields:
        fields["documents"] = tuple(fields["documents"])
    if "outcome" in fields:
        fields["outcome"] = Outcome(fields["outcome"])
    made: Event = EVENTS[item["type"]](**fields)
    return made


def read(path: Path) -> Iterator[tuple[Event, list[str]]]:
    """The events of a file, each with the decisions that followed it."""
    for line in path.read_text().splitlines():
        item = json.loads(line)
        yield event_of(item["event"]), item["decisions"]


def write(name: str, seed: int) -> None:
    """Write the history of `seed` to its file."""
    from allod.decide.engine import Engine

    engine, lines = Engine(policy="charter"), []
    for event in told(seed).events:
        decisions = [written(one) for one in engine.step(event)]
        lines.append(json.dumps({"event": plain(event), "decisions": decisions}))
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    for each, number in HISTORIES.items():
        write(each, number)
