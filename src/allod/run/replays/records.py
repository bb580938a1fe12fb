"""Traces and replays as JSON and back: how the data folder keeps them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from allod.run.replays.views import (
    BrokenLine,
    ReplayFault,
    ReplayInputs,
    ReplayProgress,
    ReplayState,
    ReplayView,
    TraceFacts,
    TraceState,
    TraceView,
)

Json = dict[str, Any]


def record_of(view: TraceView | ReplayView) -> Json:
    """`view` as plain values."""
    return asdict(view)


def facts_from(value: Json) -> TraceFacts:
    """What was found in a trace."""
    return TraceFacts(
        **value
        | {
            "broken_first": tuple(BrokenLine(**line) for line in value["broken_first"]),
            "projects": tuple(value["projects"]),
            "notes": tuple(value["notes"]),
        }
    )


def fault_from(value: Json) -> ReplayFault:
    """Why something could not be done; what is said beside that is left out."""
    return ReplayFault(
        **{name: value.get(name, "") for name in ("message", "mend", "field", "value")}
    )


def trace_from(value: Json) -> TraceView:
    """A trace; whatever a later version has added makes it unreadable (TypeError, KeyError)."""
    return TraceView(
        **value
        | {
            "state": TraceState(value["state"]),
            "facts": facts_from(value["facts"]) if value["facts"] else None,
            "fault": fault_from(value["fault"]) if value["fault"] else None,
        }
    )


def replay_from(value: Json) -> ReplayView:
    """A replay; raises as `trace_from` does."""
    inputs = value["inputs"]
    return ReplayView(
        **value
        | {
            "state": ReplayState(value["state"]),
            "inputs": ReplayInputs(
                **inputs
                | {"changed": tuple(inputs["changed"]), "without": tuple(inputs["without"])}
            ),
            "progress": ReplayProgress(**value["progress"]) if value["progress"] else None,
            "fault": fault_from(value["fault"]) if value["fault"] else None,
        }
    )
