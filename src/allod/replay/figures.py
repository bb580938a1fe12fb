"""What a replay came to as figures: each with whose it is, its unit and what it rests on.

A figure has the same name and place in every replay, so that two replays can be laid side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from allod.replay.report import Json
from allod.replay.run import ReplayResult

#: Of each figure its unit and its basis.
KNOWN: Mapping[str, tuple[str, str]] = {
    "jobs": ("1", "usable jobs of the trace in the window that was asked for"),
    "refused": ("1", "jobs that may run nowhere, by law, class, hardware or power"),
    "never_ran": ("1", "jobs that still waited when nothing more could happen"),
    "placed": ("1", "jobs that ran to their end"),
    "runs": ("1", "runs, with those that were reclaimed and began again"),
    "wait_mean_s": ("s", "from asking to the start of the run that ended, of jobs placed"),
    "wait_median_s": ("s", "half of the jobs placed waited no longer; counted in fine bins"),
    "wait_p95_s": ("s", "95 of 100 jobs placed waited no longer; counted in fine bins"),
    "wait_p99_s": ("s", "99 of 100 jobs placed waited no longer; counted in fine bins"),
    "wait_max_s": ("s", "longest wait of a job placed"),
    "slowdown_mean": ("1", "wait and run over run, runs under 10 s counted as 10 s"),
    "slowdown_p95": ("1", "the same, which 95 of 100 jobs placed do not exceed"),
    "utilisation": ("1", "accelerator-hours of runs that ended, over those that were live"),
    "accelerator_h": ("accelerator-h", "runs that ended"),
    "lost_accelerator_h": ("accelerator-h", "runs that were reclaimed and began again"),
    "energy_wh": ("Wh", "work at full load at the meter (IT x PUE), without base load"),
    "base_load_energy_wh": ("Wh", "base load of the site's document, over the whole replay"),
    "reclaims": ("1", "runs that gave lent room back"),
    "lent_runs_share": ("1", "runs on lent room, of runs under a charter"),
    "floors_met": ("1", "times that lent room was reclaimed for a class within its floor"),
    "floors_broken": ("1", "of these, later than notice and stop time (rule C2)"),
    "floor_longest_s": ("s", "longest time from such a claim to the start"),
    "power_peak_w": ("W", "most that was drawn at the meter when work started, with base load"),
    "power_headroom_least_w": ("W", "least that the envelope left when work started (rule P1)"),
}
_MEASURES = (
    "placed",
    "runs",
    "wait_mean_s",
    "wait_median_s",
    "wait_p95_s",
    "wait_p99_s",
    "wait_max_s",
    "slowdown_mean",
    "slowdown_p95",
    "utilisation",
    "accelerator_h",
    "lost_accelerator_h",
    "energy_wh",
    "reclaims",
    "lent_runs_share",
)


def figures(result: ReplayResult, came_to: Json) -> list[Json]:
    """All figures of `result`, of which `came_to` is the summary: of all, sites, classes, projects.

    None: it is not known, or nothing is there that it could be of.
    """
    return [*_of_all(came_to), *_of_sites(came_to), *_of_classes(came_to), *_of_projects(result)]


def _figure(name: str, value: Any, scope: str, site: str = "", of: str = "") -> Json:
    unit, basis = KNOWN[name]
    return {
        "name": name,
        "scope": scope,
        "site": site,
        "of": of,
        "value": value,
        "unit": unit,
        "basis": basis,
    }


def _of_all(came_to: Json) -> Iterator[Json]:
    yield _figure("jobs", came_to["jobs"], "all")
    yield _figure("refused", came_to["refused"], "all")
    yield _figure("never_ran", came_to["waiting"], "all")
    for name in _MEASURES:
        yield _figure(name, came_to["total"][name], "all")
    floors = came_to["floors"]
    yield _figure("floors_met", sum(floor["claims_met"] for floor in floors), "all")
    yield _figure("floors_broken", sum(floor["late"] for floor in floors), "all")


def _of_sites(came_to: Json) -> Iterator[Json]:
    whole = {row["site"]: row for row in came_to["power"] if row["node"] == "site"}
    for row in came_to["sites"]:
        site = row["site"]
        for name in (*_MEASURES, "base_load_energy_wh"):
            yield _figure(name, row[name], "site", site)
        if power := whole.get(site):
            yield _figure("power_peak_w", power["peak_w"], "site", site)
            yield _figure("power_headroom_least_w", power["headroom_least_w"], "site", site)


def _of_classes(came_to: Json) -> Iterator[Json]:
    for row in came_to["classes"]:
        for name in _MEASURES:
            yield _figure(name, row[name], "class", row["site"], row["class"])
    for floor in came_to["floors"]:
        told = {
            "floors_met": floor["claims_met"],
            "floors_broken": floor["late"],
            "floor_longest_s": floor["longest_s"],
        }
        for name, value in told.items():
            yield _figure(name, value, "class", floor["site"], floor["access_class"])


def _of_projects(result: ReplayResult) -> Iterator[Json]:
    waits = result.outcome.of_projects
    if waits is None:
        return
    never = {one.project: 0 for one in result.waiting}
    for one in result.waiting:
        never[one.project] += one.jobs
    for row, project in enumerate(result.engine.layout.projects):
        placed = int(waits.placed[row])
        if not placed and project not in never:
            continue
        told = {
            "placed": placed,
            "never_ran": never.get(project, 0),
            "wait_mean_s": round(int(waits.wait_s[row]) / placed, 3) if placed else None,
            "wait_median_s": waits.bins.percentile([row], 0.5),
            "wait_p95_s": waits.bins.percentile([row], 0.95),
            "wait_p99_s": waits.bins.percentile([row], 0.99),
            "wait_max_s": int(waits.longest_s[row]) if placed else None,
        }
        for name, value in told.items():
            yield _figure(name, value, "project", of=project)
