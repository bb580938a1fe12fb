"""What a replay came to, as plain JSON values: one dict that table, JSON and page are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from allod import __version__
from allod.replay import measures
from allod.replay.energy import energy
from allod.replay.run import ReplayResult

Json = dict[str, Any]


def summary(result: ReplayResult) -> Json:
    """All numbers of `result` with their units in their names; times on the trace's clock."""
    start_s, end_s = measures.span_s(result)
    placed = int(result.outcome.tally.placed.sum())
    return {
        "title": result.world.title,
        "policy": result.world.policy,
        "allod": __version__,
        "trace": _trace(result),
        "options": _options(result),
        "assumed": list(result.world.assumed),
        "jobs": result.jobs,
        "placed": placed,
        "refused": result.refused_jobs,
        "waiting": result.waiting_jobs,
        "first_submit_s": start_s - result.world.starts_s,
        "last_end_s": end_s - result.world.starts_s,
        "span_s": end_s - start_s,
        "starts_at_s": result.world.starts_s,
        "setup_s": round(result.setup_s, 6),
        "read_s": round(result.read_s, 6),
        "loop_s": round(result.loop_s, 6),
        "jobs_per_s": round(result.jobs / result.loop_s) if result.loop_s else None,
        "percentiles": {
            "too_low_by_max": result.outcome.waits.precision,
            "exact_below_s": result.outcome.waits.exact_below,
        },
        "total": _row(result, range(result.outcome.tally.groups), _available_s(result)),
        "sites": [_site(result, site) for site in result.engine.layout.sites],
        "classes": list(_classes(result)),
        "floors": [asdict(floor) for floor in measures.floors(result)],
        "power": [asdict(headroom) for headroom in measures.headrooms(result)],
        "refusals": [
            {"site": site, "code": code, "jobs": jobs}
            for (site, code), jobs in sorted(
                result.refused.items(), key=lambda item: (item[0][0], -item[1], item[0][1])
            )
        ],
        "waits_for": _waits_for(result),
        **({"energy": energy(result)} if result.came else {}),
    }


def _trace(result: ReplayResult) -> Json:
    trace = result.trace
    return {
        "name": trace.meta.path.name,
        "format": trace.meta.format,
        "estimates": trace.meta.estimates,
        "jobs": trace.jobs,
        "broken": trace.broken.count,
        "broken_first": [line._asdict() for line in trace.broken.first],
        "unusable": trace.unusable,
        "notes": list(trace.meta.notes),
    }


def _options(result: ReplayResult) -> Json:
    """How to do it again."""
    options = result.options
    return {
        "scenario": options.scenario.name if options.scenario else None,
        "pool": options.pool,
        "from_s": options.from_s,
        "to_s": options.to_s,
        "seed": options.seed,
        "strict": options.strict,
    }


def _available_s(result: ReplayResult, site: str | None = None) -> int:
    """Live accelerators × time, of one site or all. [accelerator-seconds]"""
    start_s, end_s = measures.span_s(result)
    sites = result.engine.world.sites
    return sum(
        measures.area(measures.live_steps(sites[name], start_s, end_s), end_s)
        for name in ([site] if site else result.engine.layout.sites)
    )


def _site(result: ReplayResult, site: str) -> Json:
    start_s, end_s = measures.span_s(result)
    t = result.engine.layout.site_row[site]
    groups = np.flatnonzero(result.outcome.site_of_class == t).tolist()
    document = result.engine.world.sites[site]
    base_w = measures.base_load_w(document)
    live = [units for _, units in measures.live_steps(document, start_s, end_s)]
    return {
        "site": site,
        "title": document.title,
        "accelerators_max": max(live),
        "available_accelerator_h": _hours(_available_s(result, site)),
        "base_load_energy_wh": None if base_w is None else base_w * (end_s - start_s) // 3600,
        **_row(result, groups, _available_s(result, site), site),
    }


def _classes(result: ReplayResult) -> Sequence[Json]:
    """One row per class that work can be of: innermost, or with work of its own."""
    layout, state = result.engine.layout, result.engine.state
    outer = set(state.cls["parent"].tolist())
    return [
        {
            "site": site,
            "class": measures.class_path(result, c),
            **_row(result, [c], _available_s(result, site), site),
        }
        for c, (site, _) in enumerate(layout.classes)
        if c not in outer or result.outcome.tally.runs[c]
    ]


def _row(
    result: ReplayResult, groups: Sequence[int], available_s: int, site: str | None = None
) -> Json:
    """The measures of some classes together."""
    outcome, rows = result.outcome, list(groups)
    sums = {
        name: int(getattr(outcome.tally, name)[rows].sum())
        for name in ("placed runs reclaims wait_s slowdown_milli used_s lost_s energy_j".split())
    }
    placed = sums["placed"]
    slowdown_p95 = outcome.slowdowns.percentile(rows, 0.95)
    names = [site] if site else result.engine.layout.sites
    known = all(measures.has_known_power(result, name) for name in names)
    chartered = [c for c in rows if result.engine.layout.classes[c][1]]
    chartered_runs = int(outcome.tally.runs[chartered].sum())
    lent = int(outcome.tally.lent[chartered].sum())
    return {
        "placed": placed,
        "runs": sums["runs"],
        "wait_mean_s": round(sums["wait_s"] / placed, 3) if placed else None,
        "wait_median_s": outcome.waits.percentile(rows, 0.5),
        "wait_p95_s": outcome.waits.percentile(rows, 0.95),
        "wait_p99_s": outcome.waits.percentile(rows, 0.99),
        "wait_max_s": int(outcome.tally.longest_s[rows].max()) if placed else None,
        "slowdown_mean": round(sums["slowdown_milli"] / placed / 1000, 4) if placed else None,
        "slowdown_p95": slowdown_p95 / 1000 if slowdown_p95 is not None else None,
        "utilisation": round(sums["used_s"] / available_s, 6) if available_s else None,
        "accelerator_h": _hours(sums["used_s"]),
        "lost_accelerator_h": _hours(sums["lost_s"]),
        "energy_wh": sums["energy_j"] // 3600 if known else None,
        "reclaims": sums["reclaims"],
        "lent_runs_share": round(lent / chartered_runs, 6) if chartered_runs else None,
    }


def _hours(accelerator_s: int) -> float:
    return round(accelerator_s / 3600, 2)


def _waits_for(result: ReplayResult) -> list[Json]:
    """Who never came to run, by project."""
    found: dict[str, Json] = {}
    for one in result.waiting:
        row = found.setdefault(one.project, {"project": one.project, "jobs": 0, "reasons": set()})
        row["jobs"] += one.jobs
        row["reasons"] |= {f"{site}: {code}" if site else code for site, code in one.reasons}
    return [{**row, "reasons": sorted(row["reasons"])} for _, row in sorted(found.items())]
