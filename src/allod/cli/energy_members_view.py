"""A sample of years: what it is of, and how it is shown, told to programs and written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from allod.cli.energy_tables import write_frame
from allod.cli.output import Column, out, pairs, table
from allod.domain.site import Site
from allod.domain.units import instant_text
from allod.energy.drawn import Draws, Range
from allod.energy.grid import Grid, Values
from allod.energy.monte_carlo import Fan, Sample, Spread

_BARS = 20
#: Members that differ by no more, relatively, differ by rounding alone. [1]
_SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A sample with what it rests on."""

    name: str
    site: Site
    grid: Grid
    weathers: tuple[str, ...]
    members: int
    seed: int
    block_s: int  #: 0: whole years.
    factor: Range
    draws: Draws
    sample: Sample
    notes: tuple[str, ...]


def facts(drawn: Drawn) -> list[tuple[str, str]]:
    """What the sample is of."""
    grid = drawn.grid
    way = "whole" if not drawn.block_s else f"put together from blocks of {drawn.block_s:,} s"
    return [
        ("site", f"{drawn.name} ({drawn.site.title})"),
        ("period", f"{instant_text(grid.start_s)} to {instant_text(grid.end_s)}"),
        ("steps", f"{grid.steps:,} of {grid.step_s:,} s"),
        ("years", f"{drawn.members:,} drawn with seed {drawn.seed}, {way}"),
        *(("weather", source) for source in drawn.weathers),
        *(("rests on", text) for text in drawn.notes),
    ]


def show(drawn: Drawn) -> None:
    """Print percentiles and what they rest on."""
    pairs(facts(drawn))
    out()
    heads = ("figure", "P10", "P50", "P90", "unit", "method")
    table(
        [Column(head, right=head.startswith("P")) for head in heads],
        (
            (one.name, *map(digits, one.percentiles), one.unit, one.method)
            for one in drawn.sample.spreads
        ),
        none="there are none",
    )


def digits(value: float) -> str:
    """A figure as people read it; '-' is not known."""
    if np.isnan(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.3f}"


def histogram(one: Spread) -> tuple[Values, Values]:
    """Edges and counts of twenty bars of equal width; none if it is not known, or all the same."""
    known = one.values[np.isfinite(one.values)]
    if not known.size or np.ptp(known) <= _SAME * np.abs(known).max():
        return np.array([]), np.array([])
    counts, edges = np.histogram(known, bins=_BARS)
    return edges, counts.astype(np.float64)


def to_json(drawn: Drawn) -> dict[str, Any]:
    """The sample as plain values; what is not known is null."""
    grid, factor = drawn.grid, drawn.factor
    return {
        "site": drawn.name,
        "from": instant_text(grid.start_s),
        "to": instant_text(grid.end_s),
        "step_s": grid.step_s,
        "members": drawn.members,
        "seed": drawn.seed,
        "blocks_s": drawn.block_s or None,
        "weathers": list(drawn.weathers),
        "load_factor": {"low": factor.low, "likely": factor.likely, "high": factor.high},
        "rests_on": list(drawn.notes),
        "figures": [_spread_json(one) for one in drawn.sample.spreads],
        "fans": [_fan_json(one) for one in drawn.sample.fans],
    }


def _spread_json(one: Spread) -> dict[str, Any]:
    edges, counts = histogram(one)
    return {
        "name": one.name,
        "unit": one.unit,
        "method": one.method,
        **_percentiles_json([np.array([value]) for value in one.percentiles], single=True),
        "histogram": {"edges": edges.tolist(), "counts": counts.astype(int).tolist()},
    }


def _fan_json(one: Fan) -> dict[str, Any]:
    starts = [instant_text(at_s) for at_s in one.starts_s.tolist()]
    told = _percentiles_json(one.percentiles, single=False)
    return {"name": one.name, "unit": one.unit, "starts": starts, **told}


def _percentiles_json(values: Sequence[Values], *, single: bool) -> dict[str, Any]:
    rows = [[None if np.isnan(one) else one for one in row.tolist()] for row in values]
    return {
        name: row[0] if single else row
        for name, row in zip(("p10", "p50", "p90"), rows, strict=True)
    }


def write_table(path: Path, drawn: Drawn) -> None:
    """One row for each member: what was drawn for it, then its figures."""
    import polars as pl

    whole = drawn.draws.year.shape[1] == 1
    weather = [drawn.weathers[year] for year in drawn.draws.year[:, 0]] if whole else None
    columns: dict[str, Any] = {
        "member": np.arange(drawn.members),
        **({"weather": weather} if weather else {}),
        "load_factor": drawn.draws.factor,
        **{f"{one.name} [{one.unit}]": one.values for one in drawn.sample.spreads},
    }
    write_frame(path, pl.DataFrame(columns))
