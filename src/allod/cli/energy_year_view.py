"""A simulated year as tables in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from allod.cli import energy_certificates
from allod.cli.energy_year import Told
from allod.cli.output import Column, out, pairs, table
from allod.domain.units import instant_text
from allod.energy.breakdown import Contribution, Month
from allod.energy.heat_sales import HeatSale
from allod.energy.kpi import Kpi
from allod.energy.matching import Method
from allod.energy.simulation import figures

_FIGURES = (
    Column("figure"),
    Column("value", right=True),
    Column("unit"),
    Column("method, or what lacks", wraps=True),
)
_SOURCES = (
    Column("source"),
    Column("technology"),
    Column("zone"),
    Column("MWh", right=True),
    Column("used in its step MWh", right=True),
    Column("annual", right=True),
    Column("same zone", right=True),
    Column("hourly", right=True),
    Column("15 min", right=True),
    Column("CFE", right=True),
)
_MONTHS = (
    Column("month"),
    Column("load MWh", right=True),
    Column("matched in its step", right=True),
    Column("CFE", right=True),
    Column("by location t", right=True),
    Column("by market t", right=True),
)
_HEAT = (
    Column("heat"),
    Column("handed over MWh", right=True),
    Column("arriving MWh", right=True),
    Column("heat pump MWh", right=True),
    Column("g/kWh", right=True),
    Column("low-carbon", right=True),
    Column("what lacks", wraps=True),
)
Row = Sequence[object]


def show(told: Told) -> None:
    """Print all parts that have something to say."""
    grid = told.made.grid
    pairs(
        [
            ("site", f"{told.name} ({told.site.title})"),
            ("period", f"{instant_text(grid.start_s)} to {instant_text(grid.end_s)}"),
            ("steps", f"{grid.steps:,} of {grid.step_s:,} s"),
            *(("rests on", text) for text in told.notes),
        ]
    )
    out()
    table(_FIGURES, [_figure(one) for one in figures(told.made)], none="there are none")
    for title, columns, rows in tables(told):
        out()
        out(title.upper())
        table(columns, rows, none="there are none")


def tables(told: Told) -> list[tuple[str, Sequence[Column], list[Row]]]:
    """Title, columns and rows of what has something to say, beside the figures."""
    papers = energy_certificates.rows(told.papers) if told.papers else []
    found: tuple[tuple[str, Sequence[Column], Sequence[Row]], ...] = (
        ("Contracts and plant, each by itself", _SOURCES, [_source(x) for x in told.sources()]),
        ("Months", _MONTHS, [_month(one) for one in told.months()]),
        ("Heat contracts", _HEAT, [_sale(one) for one in told.heat()]),
        ("Certificates, by rule", energy_certificates.COLUMNS, papers),
    )
    return [(title, columns, list(rows)) for title, columns, rows in found if rows]


def digits(value: float | None, places: int = 3) -> str:
    """A number for people, '-' where it is not known."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.{places}f}"


def _figure(one: Kpi) -> Row:
    return one.name, digits(one.value), one.unit, "; ".join(one.missing) or one.method


def _source(one: Contribution) -> Row:
    shares = (digits(one.shares[method]) for method in Method)
    energies = (digits(one.energy_mwh), digits(one.used_mwh))
    return (one.name, one.technology, one.zone, *energies, *shares, digits(one.cfe_score))


def _month(one: Month) -> Row:
    tonnes = (None if kg is None else kg / 1_000 for kg in (one.location_kg, one.market_kg))
    known = (one.load_mwh, one.match, one.cfe_score, *tonnes)
    return (one.month, *(digits(value) for value in known))


def _sale(one: HeatSale) -> Row:
    known = (
        one.delivered_mwh,
        one.arriving_mwh,
        one.pump_mwh,
        one.carbon_g_per_kwh,
        one.low_carbon,
    )
    return (one.name, *(digits(value) for value in known), "; ".join(one.missing))
