"""What may be asked of a process that replays: read a trace, or live through one.

A task is {"task": "read" | "replay", "file": path, "name": what the caller calls it, ...}; what
else there is to a replay is in `options_of`. The caller knows nothing of paths, so none is in what
is said.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from allod.domain.document import from_json
from allod.errors import InvalidInput
from allod.replay.figures import figures
from allod.replay.files import whole
from allod.replay.recorded import recorded
from allod.replay.report import summary
from allod.replay.run import Progress, ReplayOptions, replay_trace, trace_for
from allod.replay.series import series
from allod.replay.tables import tables
from allod.replay.traces import Trace, open_trace
from allod.replay.world import documents_world, pool_world

Json = dict[str, Any]
Tell = Callable[[Json], None]

_TELL_EVERY_S = 0.2
_CHUNK_ROWS = 8_192  #: Compiled: a chunk takes some hundredths of a second.
_CHUNK_ROWS_BY_EVENT = 128
_PROJECTS_SHOWN = 100


class Teller:
    """Says how far it is, not more often than anybody looks."""

    def __init__(self, tell: Tell) -> None:
        self._tell, self._next_s = tell, 0.0

    def __call__(self, last: bool = False, **progress: Any) -> None:
        """Say `progress`, at once if it is the last of its kind."""
        now_s = time.monotonic()
        if last or now_s >= self._next_s:
            self._next_s = now_s + _TELL_EVERY_S
            self._tell({"progress": progress})


def read(task: Json, tell: Tell) -> None:
    """Read a trace from end to end and say what it is."""
    teller = Teller(tell)
    trace = open_trace(
        Path(task["file"]),
        format=task["format"],
        progress=lambda read, total: teller(permille=_permille(read, total)),
    )
    first_s = last_s = None
    units_max = use_s = 0
    for chunk in trace:
        if not len(chunk):
            continue
        first_s = int(chunk.submit_s[0]) if first_s is None else first_s
        last_s = int(chunk.submit_s[-1])
        units_max = max(units_max, int(chunk.accelerators.max()))
        use_s += int((chunk.accelerators.astype("int64") * chunk.run_s).sum())
    if not trace.jobs:
        raise InvalidInput(
            f"{task['name']} has no job that can be replayed",
            mend="a job needs a run time and accelerators above 0",
        )
    tell(
        {
            "trace": {
                **_facts(trace),
                "first_submit_s": first_s,
                "last_submit_s": last_s,
                "accelerators_max": units_max,
                "accelerator_h": round(use_s / 3600, 2),
            }
        }
    )


def _facts(trace: Trace) -> Json:
    return {
        "format": trace.meta.format,
        "jobs": trace.jobs,
        "unusable": trace.unusable,
        "broken": trace.broken.count,
        "broken_first": [line._asdict() for line in trace.broken.first],
        "estimates": trace.meta.estimates,
        "projects": [name for name in trace.meta.projects if name][:_PROJECTS_SHOWN],
        "notes": list(trace.meta.notes),
    }


def _permille(part: int, whole: int) -> int | None:
    return min(1000, 1000 * part // whole) if whole else None


def replay(task: Json, tell: Tell) -> None:
    """Live through a trace or recorded work and leave the outcome in the folder of the task."""
    teller = Teller(tell)
    notes: list[str] = []
    options = options_of(task, notes)
    total = None
    if options.from_s is None and options.to_s is None:
        total = task["jobs"]
    if options.specs is not None:
        total = len(options.specs)

    def told(progress: Progress) -> None:
        teller(
            phase="deciding",
            permille=None if total is None else _permille(progress.jobs, total),
            jobs=progress.jobs,
            jobs_total=total,
            simulated_at_s=progress.at_s,
        )

    def told_read(done: int, of: int) -> None:
        teller(phase="reading", permille=_permille(done, of), jobs=0, jobs_total=total)

    trace = trace_for(options, told_read)
    result = replay_trace(options, told, trace=trace)
    teller(
        last=True,
        phase="reporting",
        permille=None,
        jobs=result.jobs,
        jobs_total=result.jobs,
        simulated_at_s=int(result.outcome.last_s) or None,
    )
    came_to = summary(result)
    came_to["trace"]["name"] = task["name"]
    came_to["trace"]["notes"] += notes
    if result.left_out:
        came_to["trace"]["notes"].append(
            f"{result.left_out} workloads name what the world no longer has, and were left out"
        )
    outcome = {
        "title": came_to["title"],
        "policy": came_to["policy"],
        "allod": came_to["allod"],
        "trace": came_to["trace"],
        "assumed": came_to["assumed"],
        "starts_at_s": came_to["starts_at_s"],
        "first_submit_at_s": came_to["first_submit_s"] + came_to["starts_at_s"],
        "last_end_at_s": came_to["last_end_s"] + came_to["starts_at_s"],
        "read_s": came_to["read_s"],
        "loop_s": came_to["loop_s"],
        "percentiles_too_low_by_max": came_to["percentiles"]["too_low_by_max"],
        "figures": figures(result, came_to),
        "series": series(result),
        "refusals": came_to["refusals"],
        "waits_for": came_to["waits_for"],
        "floors": came_to["floors"],
        "power": came_to["power"],
        "energy": came_to.get("energy", []),
        "tables": [
            {"title": made.title, "columns": made.columns, "rows": made.rows}
            for made in tables(came_to)
        ],
    }
    with whole(Path(task["outcome"])) as part:
        part.write_bytes(orjson.dumps(outcome))
    tell({"done": True})


def options_of(task: Json, notes: list[str]) -> ReplayOptions:
    """What a task asks to replay; what has to be said beside the outcome is added to `notes`."""

    policy, specs, file = task["policy"], None, Path(task["file"])
    if task["pool"] is not None:
        world = pool_world(task["pool"], policy)
    else:
        documents = [from_json(item, file="") for item in task["documents"]]
        (scenario,) = [one for one in documents if one.kind == "Scenario"]
        world = documents_world(scenario, documents, policy)
        if task["work"] is not None:
            projects = {one.name for one in world.documents if one.kind == "Project"}
            specs = recorded(Path(task["work"]), file, projects, notes)
    by_event = world.may_wait or world.calls or specs is not None
    return ReplayOptions(
        trace=file,
        world=world,
        policy=policy,
        format=task["format"],
        from_s=task["from_s"],
        to_s=task["to_s"],
        seed=task["seed"],
        strict=task["strict"],
        chunk_rows=_CHUNK_ROWS_BY_EVENT if by_event else _CHUNK_ROWS,
        specs=specs,
        by_project=True,
    )
