"""A summary as tables: titles, columns with their units, rows of plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allod.domain.units import instant_text
from allod.replay.report import Json

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table to print; a value that is None is not known or does not apply."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def tables(summary: Json) -> tuple[Table, ...]:
    """All tables of `summary` that have a row."""
    made = (_waits(summary), _use(summary), *_others(summary))
    return tuple(table for table in made if table.rows)


def _rows(summary: Json) -> list[tuple[str, str, Json]]:
    """(site, class, measures): classes, a line for their site where there are several, and all."""
    rows: list[tuple[str, str, Json]] = []
    for site in summary["sites"]:
        inner = [row for row in summary["classes"] if row["site"] == site["site"]]
        if len(inner) > 1:
            rows += [(site["site"], row["class"], row) for row in inner]
        rows.append((site["site"], inner[0]["class"] if len(inner) == 1 else "all", site))
    if len(summary["sites"]) > 1:
        rows.append(("all", "", summary["total"]))
    return rows


def _waits(summary: Json) -> Table:
    return Table(
        "Waits",
        (
            "site",
            "class",
            "jobs placed",
            "wait mean [s]",
            "median [s]",
            "p95 [s]",
            "p99 [s]",
            "max [s]",
            "slowdown mean",
            "p95",
        ),
        tuple(
            (
                site,
                access_class,
                row["placed"],
                _rounded(row["wait_mean_s"], 1),
                row["wait_median_s"],
                row["wait_p95_s"],
                row["wait_p99_s"],
                row["wait_max_s"],
                _rounded(row["slowdown_mean"], 2),
                _rounded(row["slowdown_p95"], 2),
            )
            for site, access_class, row in _rows(summary)
        ),
    )


def _use(summary: Json) -> Table:
    return Table(
        "Use",
        (
            "site",
            "class",
            "accelerators",
            "utilisation [%]",
            "used [accelerator-h]",
            "lost to reclaims [accelerator-h]",
            "energy [kWh]",
            "reclaims",
            "lent runs [%]",
        ),
        tuple(
            (
                site,
                access_class,
                row.get("accelerators_max"),
                _percent(row["utilisation"]),
                round(row["accelerator_h"]),
                round(row["lost_accelerator_h"]),
                None if row["energy_wh"] is None else round(row["energy_wh"] / 1000),
                row["reclaims"],
                _percent(row["lent_runs_share"]),
            )
            for site, access_class, row in _rows(summary)
        ),
    )


def _others(summary: Json) -> Iterable[Table]:
    yield Table(
        "Floors",
        (
            "site",
            "class",
            "floor, highest",
            "claims met",
            "late",
            "longest [s]",
            "allowed [s]",
        ),
        tuple(tuple(floor.values()) for floor in summary["floors"]),
    )
    yield Table(
        "Power",
        ("site", "limit of", "limit [W]", "peak [W]", "least head-room [W]"),
        tuple(tuple(row.values()) for row in summary["power"]),
    )
    yield Table(
        "Refused",
        ("site", "reason", "jobs"),
        tuple((row["site"], row["code"], row["jobs"]) for row in summary["refusals"]),
    )
    yield Table(
        "Never came to run",
        ("project", "jobs", "waiting for"),
        tuple(
            (row["project"], row["jobs"], ", ".join(row["reasons"])) for row in summary["waits_for"]
        ),
    )

    yield from _energy(summary.get("energy", []))


def _energy(sites: list[Json]) -> Iterable[Table]:
    """What forecasts and calls came to; nothing if there were none."""
    yield Table(
        "Energy",
        ("site", "figure", "value", "unit", "method"),
        tuple(
            (site["site"], one["name"], _digits(one["value"]), one["unit"], one["method"])
            for site in sites
            for one in site["figures"]
        ),
    )
    yield Table(
        "Forecasts and shedding",
        (
            "site",
            "forecasts",
            "peak at the meter [W]",
            "least head-room [W]",
            "over the envelope [s]",
            "shed plans",
            "delayed",
            "reclaimed",
            "left over, most [W]",
            "moved",
            "saved from the grid [kWh]",
            "saved carbon [kg]",
        ),
        tuple(
            (
                site["site"],
                site["forecasts"],
                site["peak_w"],
                site["headroom_least_w"],
                site["over_envelope_s"],
                site["shed_plans"],
                site["delayed"],
                site["reclaimed"],
                site["left_over_w_max"],
                site["moved"],
                round(site["saved_wh"] / 1000),
                None if site["saved_g"] is None else round(site["saved_g"] / 1000),
            )
            for site in sites
        ),
    )
    yield Table(
        "Calls for less power",
        (
            "site",
            "call",
            "node",
            "from",
            "until",
            "power [W]",
            "peak [W]",
            "met",
            "delayed",
            "reclaimed",
            "left over [W]",
        ),
        tuple(
            (
                site["site"],
                call["name"],
                call["path"],
                instant_text(call["starts_s"]),
                instant_text(call["ends_s"]),
                call["power_w"],
                call["peak_w"],
                "yes" if call["met"] else f"no, over for {call['over_s']} s",
                call["delayed"],
                call["reclaimed"],
                call["left_over_w"],
            )
            for site in sites
            for call in site["calls"]
        ),
    )


def _digits(value: float | None) -> str | None:
    """A figure with four digits that matter; None: not known."""
    if value is None:
        return None
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)
