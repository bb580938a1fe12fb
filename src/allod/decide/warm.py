"""Warm-up: every compiled function is used once, so that no first workload waits for a compiler."""

from __future__ import annotations

from allod.decide.engine import Engine
from allod.decide.explain import explain
from allod.domain.event import (
    CurtailmentCalled,
    DocumentsApplied,
    ForecastGiven,
    Json,
    NodeStarted,
    Outcome,
    PoolReported,
    WorkloadCancelled,
    WorkloadEnded,
    WorkloadSubmitted,
)


def _document(kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": "allod/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


_WORLD = (
    _document(
        "Site",
        "warm",
        {
            "title": "Warm-up",
            "country": "NO",
            "operator": "unknown",
            "management": ["NO"],
            "metadata": ["NO"],
            "pools": [
                {
                    "name": "p",
                    "accelerator": "h100",
                    "accelerators_per_node": 2,
                    "nodes_per_nvlink_domain": 2,
                }
            ],
            "phases": [{"name": "a", "state": "live", "accelerators": {"p": 4}}],
            "envelope": {"site": {"power_w": 100_000}},
            "runner": "none",
        },
    ),
    _document("Project", "a", {}),
    _document("Project", "b", {"country": "NO"}),
    _document(
        "Charter",
        "warm",
        {
            "site": "warm",
            "classes": [
                {"name": "promised", "floor": 2, "eligible": {"projects": ["b"]}, "priority": 1},
                {"name": "lent"},
            ],
        },
    ),
)


def warm() -> None:
    """Live through a small world once: place, hold, explain, reclaim, end and cancel."""
    engine = Engine()
    engine.step(NodeStarted(at_s=0))
    engine.step(DocumentsApplied(at_s=0, documents=_WORLD))

    engine.step(
        ForecastGiven(
            at_s=0,
            site="warm",
            start_s=0,
            step_s=600,
            temp_milli_c=(0, 0, 0, 0),
            design_temp_milli_c=0,
            clean_w=(0, 0, 100_000, 100_000),
            carbon_g_per_kwh=(1, 1, 1, 1),
        )
    )

    def submit(workload_id: str, project: str, n: int, **more: object) -> None:
        spec = {"project": project, "accelerators": n, "wall_time_s": 600, **more}
        engine.step(WorkloadSubmitted(at_s=0, workload_id=workload_id, name="warm", workload=spec))

    submit("w9", "b", 1, flexibility={"deadline": 1_000_000})  # It sleeps for clean power.
    engine.step(WorkloadCancelled(at_s=0, workload_id="w9"))
    for i in range(2):
        submit(f"w{i}", "a", 2)
    submit("w2", "a", 4)
    explain(engine, "w2")
    submit("w3", "b", 2)
    engine.step(DocumentsApplied(at_s=1, documents=_WORLD))
    for out in (((0, 1),), ()):
        report = PoolReported(at_s=1, site="warm", pool="p", out=out, others_w=len(out))
        engine.step(report)
    engine.step(
        CurtailmentCalled(
            at_s=1, site="warm", name="a", path="site", starts_s=2, ends_s=3, power_w=0
        )
    )
    engine.step(WorkloadCancelled(at_s=1, workload_id="w2"))
    for workload_id in ("w1", "w0"):
        engine.step(
            WorkloadEnded(at_s=1, workload_id=workload_id, run=1, outcome=Outcome.RECLAIMED)
        )
    Engine.restore(engine.snapshot())
