"""Sentences of the node by code and values, for those who say them in another language.

The words themselves are English and stand beside: each maker of a sentence makes both. Reasons have
codes of their own (`allod.domain.decision`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: What needs a person: each code has a subject, a message and a mend. By code the names of values.
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "envelope-too-small": ("site", "path", "over"),
    "envelope-will-be-too-small": ("site", "path", "over", "begins"),
    "fact-not-stated": ("path", "refused", "waiting"),
    "floor-broken": ("site", "class", "accelerators", "floor", "promised"),
    "forecast-ends": ("site", "ends"),
    "forecast-missing": ("site",),
    "forecast-over": ("site", "ends"),
    "grant-ends": ("project", "ends"),
    "grant-nearly-used": ("project", "percent", "left", "given"),
    "log-has-no-key": (),
    "log-never-signed": (),
    "log-signed-late": ("last",),
    "runner-out-of-reach": ("site", "runner", "workloads"),
    "slurm-out-of-reach": ("site", "runner", "workloads"),
    "witness-behind": ("since",),
    "work-fails": ("project", "failed", "workload"),
}
#: Each code that can be said, with the names of its values.
SAYINGS: Final[Mapping[str, tuple[str, ...]]] = {
    **NEEDS,
    # The smallest change that would admit a workload.
    "accept-model": ("models",),
    "back-in-service": ("pool",),
    "earlier-deadline": (),
    "fewer": ("accelerators",),
    "fewer-or-wait": ("accelerators",),
    "higher-ceiling": ("accelerators",),
    "larger-envelope": ("power",),
    "larger-grant": ("amount", "project"),
    "live-phase": ("accelerators", "pool"),
    "longer-grant": ("span", "project"),
    "make-known": ("fact",),
    "more-accelerators": ("accelerators", "pool"),
    "more-it-power": ("power", "left"),
    "more-power": ("power", "left"),
    "name-site": (),
    "name-user": ("fields",),
    "other-project": ("needed",),
    "other-rule": ("origin",),
    "other-topology": (),
    "shorter-wall-time": (),
    "wait": (),
    "wait-for-class": (),
    "wait-for-notice": (),
    "wait-for-phase": ("at",),
    "wait-until": ("at",),
    # What an expected start rests on; the parts are said without anything between them.
    "as-recorded": ("kind",),
    "at-site": ("site",),
    "clean-hours": (),
    "forecast-turns": (),
    "if-not-taken": ("ahead",),
    "if-not-taken-by-one": (),
    "notice-of-borrowers": ("notice",),
    "own-not-before": (),
    "phase-begins": (),
    "phase-has-enough": (),
    "reserved-start": (),
    "runs-at": ("site",),
    "runs-here": (),
    "wall-times": (),
    "window-ends": (),
    # What is told of grants, and what a residency rule says.
    "controlled-from": ("places",),
    "foreign-share": ("bp",),
    "grant-computed": (),
    "grant-not-begun": (),
    "grant-over": (),
    "grant-pooled": (),
    "managed-from": ("places",),
    "metadata-in": ("places",),
    "not-controlled-from": ("places",),
    "processed-in": ("places",),
    "stored-in": ("places",),
    # Where a number of power comes from.
    "by-call": ("call", "words"),
    "by-cooling": (),
    "by-envelope": (),
    "by-forecast": (),
    "by-full-load": (),
    "by-meter": ("meter",),
    "by-pue": (),
    "by-runner": (),
    "in-site-document": (),
    "meter-cannot-be-asked": ("meter",),
    "meter-has-no-reading": ("meter", "since"),
    "meter-not-asked": ("meter",),
    "meter-not-asked-since": ("meter",),
    "meter-says-no-reading": ("meter", "since"),
    "meter-silent": ("meter", "since"),
    "meters-not-asked": (),
    "meters-of-whole-site": (),
    "no-limit": (),
    "no-meter": (),
    "not-known": (),
    "nothing-reported": (),
    "reading-stale": ("last",),
    # What a replay is of, where that is no trace.
    "recorded-work": (),
    # What keeps from being sure of who is in control.
    "holders-not-known": ("bp",),
    "no-operator": (),
    "no-party-document": (),
    "no-seat": (),
    "owned-in-ring": (),
    "share-not-known": (),
    # A charter in words.
    "anchor": ("party",),
    "anchor-ends": ("ends",),
    "anchor-paid": ("bp",),
    "anchor-step": ("begins", "floor"),
    "anchor-step-to": ("begins", "floor", "ceiling"),
    "floors-for": ("classes",),
    "for-everybody": (),
    "for-parties": ("parties",),
    "for-projects": ("projects",),
    "for-sectors": ("sectors",),
    "for-seats": ("countries",),
    "idle-for": ("classes",),
    "own-ceiling": ("ceiling",),
    "own-floor": ("floor",),
    "own-no-ceiling": (),
    "own-no-floor": (),
    "own-run-time": ("span",),
    "priority": ("priority",),
    "room-back": ("notice", "stop"),
    "room-for": ("classes",),
}


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, or a part of one, by its code."""

    code: str  #: Which sentence; the same in every version.
    #: What it names: numbers as they are, and text as values of reasons are written ('8210 W',
    #: '900 s', an instant), or as somebody wrote it.
    values: dict[str, str | int]


def said(code: str, **values: str | int) -> Said:
    """`code` with its values, which are those of `SAYINGS`."""
    assert tuple(values) == SAYINGS[code], f"{code} is said with {SAYINGS[code]}"
    return Said(code, values)
