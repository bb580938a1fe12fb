"""The energy report as tables in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from allod.cli.output import Column, out, pairs, table
from allod.domain.units import instant_text
from allod.energy.account import Evidence
from allod.energy.claims import Judged
from allod.energy.enefg import Tested
from allod.energy.kpi import Kpi
from allod.energy.lines import Line
from allod.energy.plain import meter_json
from allod.energy.report import EnergyReport

_SHOWN_HASH = 12
_SPANS_SHOWN = 3
Row = tuple[object, ...]

_KPIS = (
    Column("indicator"),
    Column("value", right=True),
    Column("unit"),
    Column("method", wraps=True),
    Column("from, or what lacks", wraps=True),
)
_LINES = (
    Column("item"),
    Column("symbol"),
    Column("what", wraps=True),
    Column("value", right=True),
    Column("unit"),
    Column("from, or what lacks", wraps=True),
)
_TESTS = (
    Column("section"),
    Column("indicator"),
    Column("limit", right=True),
    Column("value", right=True),
    Column("verdict"),
    Column("why", wraps=True),
)
_CLAIMS = (
    Column("claim"),
    Column("says", wraps=True),
    Column("maker"),
    Column("made"),
    Column("claimed", right=True),
    Column("measured", right=True),
    Column("unit"),
    Column("verdict"),
    Column("why, and what is measured beside", wraps=True),
)
_METERS = (
    Column("meter"),
    Column("measures"),
    Column("standing"),
    Column("flagged steps", wraps=True),
    Column("readings from", wraps=True),
    Column("sha256"),
)


def show(made: EnergyReport) -> None:
    """Print all parts that have something to say."""
    grid = made.account.grid
    pairs(
        [
            ("site", f"{made.name} ({made.title})"),
            ("period", f"{instant_text(grid.start_s)} to {instant_text(grid.end_s)}"),
            ("steps", f"{grid.steps:,} of {grid.step_s:,} s"),
            *(("note", text) for text in made.notes),
        ]
    )
    _section("INDICATORS", _KPIS, map(_kpi, made.kpis))
    _section("EU 2024/1364", _LINES, map(_line, made.record))
    if made.enefg:
        _section("GERMAN ENERGY EFFICIENCY ACT (EnEfG)", _TESTS, map(_test, made.enefg))
    if made.claims:
        _section("CLAIMS", _CLAIMS, map(_claim, made.claims))
    meters(made.account.evidence)


def meters(evidence: Iterable[Evidence]) -> None:
    """Print what there is to say of each meter's readings."""
    _section("METERS", _METERS, map(_meter, evidence))


def flags_of(item: Evidence) -> str:
    """What is odd in a meter's readings, in words."""
    shown = meter_json(item)
    parts = [", ".join(f"{count:,} {name}" for name, count in shown["flagged_steps"].items())]
    spans = shown["bridged"]
    parts += [f"{one['from']} to {one['to']} as a whole" for one in spans[:_SPANS_SHOWN]]
    if len(spans) > _SPANS_SHOWN:
        parts.append(f"and {len(spans) - _SPANS_SHOWN:,} more as a whole")
    return "; ".join(part for part in parts if part) or "none"


def limit_of(test: Tested) -> str:
    """The limit of a rule, such as '<= 1.500'."""
    sign = "<=" if test.rule.indicator == "PUE" else ">="
    return f"{sign} {test.rule.limit_milli / 1000:.3f}"


def _section(title: str, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    out()
    out(title)
    table(columns, rows, none="there are none")


def _kpi(kpi: Kpi) -> Row:
    value = "-" if kpi.value is None else f"{kpi.value:.3f}"
    return (kpi.name, value, kpi.unit, kpi.method, "; ".join(kpi.missing or kpi.inputs))


def _line(line: Line) -> Row:
    why = "; ".join(line.missing or line.inputs)
    return (line.item, line.symbol, line.title, line.value or "-", line.unit, why)


def _test(test: Tested) -> Row:
    return (
        test.rule.section,
        test.rule.indicator,
        limit_of(test),
        test.value or "-",
        test.verdict.value,
        "; ".join(test.why),
    )


def _claim(judged: Judged) -> Row:
    claim = judged.claim
    return (
        claim.name,
        claim.says,
        claim.maker,
        claim.date,
        judged.wanted or "-",
        judged.measured or "-",
        judged.unit,
        judged.standing.value,
        "; ".join(judged.why + judged.beside),
    )


def _meter(item: Evidence) -> Row:
    return (
        item.meter.name,
        item.meter.measures.value,
        item.meter.standing.value,
        flags_of(item),
        f"{item.origin}: {item.lacks}" if item.lacks else item.origin,
        item.sha256[:_SHOWN_HASH] or "-",
    )
