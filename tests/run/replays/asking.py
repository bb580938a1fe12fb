"""A desk over real folders, with processes that a test plays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import orjson

from allod.adapters.replay_folder import ReplayFolder
from allod.run.replays.desk import Desk, Surroundings
from allod.run.replays.lane import Limits
from allod.run.replays.ports import IllEnd, Json
from allod.run.replays.question import Question
from allod.run.replays.views import TraceView

NOW_S = 1_800_000_123
FACTS = {
    "format": "allod",
    "jobs": 3,
    "unusable": 0,
    "broken": 0,
    "broken_first": [],
    "estimates": "given",
    "projects": [],
    "notes": [],
    "first_submit_s": 5,
    "last_submit_s": 90,
    "accelerators_max": 16,
    "accelerator_h": 17.4,
}
OUTCOME: Json = {
    "title": "The world of this node",
    "policy": "charter",
    "allod": "0",
    "trace": {
        "name": "mine.csv",
        "format": "allod",
        "estimates": "given",
        "jobs": 3,
        "broken": 0,
        "broken_first": [],
        "unusable": 0,
        "notes": [],
    },
    "assumed": [],
    "starts_at_s": 0,
    "first_submit_at_s": 0,
    "last_end_at_s": 90,
    "read_s": 0.1,
    "loop_s": 0.1,
    "percentiles_too_low_by_max": 0.0005,
    "figures": [],
    "series": [],
    "refusals": [],
    "waits_for": [],
    "floors": [],
    "power": [],
    "energy": [],
    "tables": [],
}


class Clock:
    def now_s(self) -> int:
        return NOW_S

    def monotonic_s(self) -> float:
        return monotonic()


@dataclass
class Played:
    """A process that says what the test lets it say."""

    task: Json
    stopped: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)
    says: list[Json] = field(default_factory=list)
    ends: IllEnd | None = None
    figures: list[Json] = field(default_factory=list)
    came_to: Json = field(default_factory=dict)

    def live(self, told: Callable[[Json], None]) -> IllEnd | None:
        while not (self.may_end.wait(0.005) or self.stopped.is_set()):
            pass
        if self.stopped.is_set() and not self.may_end.is_set():
            return None
        for message in self.says:
            told(message)
        if self.task["task"] == "read" and not self.says:
            told({"trace": FACTS})
        if self.task["task"] == "replay" and not self.says and not self.ends:
            outcome = OUTCOME | {"figures": self.figures} | self.came_to
            Path(self.task["outcome"]).write_bytes(orjson.dumps(outcome))
            told({"done": True})
        return self.ends

    def stop(self) -> None:
        self.stopped.set()


class Stage:
    """Starts them; traces are read at once unless `reads_wait`."""

    def __init__(self) -> None:
        self.played: list[Played] = []
        self.reads_wait = False
        self.replays_wait = True
        self.fault: Exception | None = None
        self.came_to: Json = {}  #: Of the outcomes of replays that start from now on.

    def start(self, task: Json) -> Played:
        if self.fault is not None:
            raise self.fault
        played = Played(task, came_to=self.came_to)
        self.played.append(played)
        if not (self.reads_wait if task["task"] == "read" else self.replays_wait):
            played.may_end.set()
        return played

    def replay(self, number: int = -1) -> Played:
        """The process of a replay, once there is one."""
        return until(lambda: self.of_replays()[number] if self.of_replays() else None)

    def of_replays(self) -> list[Played]:
        return [one for one in self.played if one.task["task"] == "replay"]


def until(found: Callable[[], Any]) -> Any:
    end_s = monotonic() + 20
    while not (value := found()):
        assert monotonic() < end_s, "it did not come true within 20 s"
        sleep(0.005)
    return value


def document(kind: str, name: str, **spec: Any) -> Json:
    return {"apiVersion": "allod/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


PRESENT = (
    document("Site", "fjord", title="Fjord", country="NO", operator="aker"),
    document("Project", "media"),
    document("Charter", "fjord", site="fjord", classes=[{"name": "all", "floor": 4}]),
)


def desk_in(
    folder: Path,
    stage: Stage,
    *,
    present: Sequence[Json] = PRESENT,
    work: Sequence[Json] = (),
    **limits: int,
) -> Desk:
    """A desk that has begun; close it."""
    desk = Desk(
        Surroundings(
            traces=ReplayFolder(folder / "traces", "trace"),
            replays=ReplayFolder(folder, "replay"),
            workers=stage,
            clock=Clock(),
            present=lambda: present,
            work=lambda: work,
        ),
        Limits(**limits),
    )
    desk.start()
    return desk


def sent(desk: Desk, data: bytes = b"jobs", name: str = "mine.csv") -> TraceView:
    arriving = desk.traces.receive(name, actor="ada")
    arriving.write(data)
    return arriving.keep()


def question(trace: str, **more: Any) -> Question:
    return Question(trace=trace, **more)
