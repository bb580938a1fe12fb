"""The report as plain values: for programs, and as the file to hand in."""

from __future__ import annotations

import csv
from dataclasses import asdict
from io import StringIO
from typing import Any

from allod.domain.units import instant_text
from allod.energy.account import Evidence
from allod.energy.claims import Judged
from allod.energy.enefg import Tested
from allod.energy.eu2024_1364 import RULE
from allod.energy.lines import Line
from allod.energy.readings import Flag, Metered
from allod.energy.report import EnergyReport

Json = dict[str, Any]
_CSV = ("item", "symbol", "title", "unit", "value", "missing", "inputs", "rule")


def report_json(made: EnergyReport) -> Json:
    """The whole report; numbers that are not handed in are floats."""
    return {
        "site": made.name,
        "title": made.title,
        **_period(made),
        "notes": list(made.notes),
        "kpis": [asdict(kpi) for kpi in made.kpis],
        "record": [asdict(line) for line in made.record],
        "enefg": [_test(test) for test in made.enefg],
        "claims": [_claim(judged) for judged in made.claims],
        "meters": [meter_json(item) for item in made.account.evidence],
    }


def record_json(made: EnergyReport) -> Json:
    """The EU 2024/1364 record without floats, so that it has one form."""
    return {
        "site": made.name,
        "rule": RULE,
        **_period(made),
        "lines": [_line(line) for line in made.record],
        "meters": [meter_json(item) for item in made.account.evidence],
    }


def record_csv(made: EnergyReport) -> str:
    """The same lines as a table: RFC 4180, with a head."""
    text = StringIO()
    table = csv.writer(text)
    table.writerow(_CSV)
    for line in made.record:
        shown = _line(line)
        table.writerow(
            "; ".join(cell) if isinstance(cell := shown[name], list) else cell or ""
            for name in _CSV
        )
    return text.getvalue()


def meter_json(item: Evidence) -> Json:
    """A meter with what is odd in its readings, and where they are from."""
    series = item.series
    return {
        "name": item.meter.name,
        "measures": item.meter.measures.value,
        "standing": item.meter.standing.value,
        "origin": item.origin,
        "sha256": item.sha256,
        "lacks": item.lacks,
        "flagged_steps": {
            flag.name.lower().replace("_", "-"): series.count(flag)
            for flag in Flag
            if flag.name and series is not None and series.count(flag)
        },
        "bridged": _spans(series) if series else [],
    }


def _spans(series: Metered) -> list[Json]:
    """From when to when a register is known as a whole alone."""
    grid = series.grid
    return [
        {
            "from": instant_text(grid.start_s + span.first * grid.step_s),
            "to": instant_text(grid.start_s + span.end * grid.step_s),
        }
        for span in series.spans
    ]


def _period(made: EnergyReport) -> Json:
    grid = made.account.grid
    return {
        "from": instant_text(grid.start_s),
        "to": instant_text(grid.end_s),
        "step_s": grid.step_s,
        "year": made.year,
    }


def _line(line: Line) -> Json:
    return asdict(line) | {"inputs": list(line.inputs), "missing": list(line.missing)}


def _test(test: Tested) -> Json:
    return {
        "section": test.rule.section,
        "indicator": test.rule.indicator,
        "limit_milli": test.rule.limit_milli,
        "of": test.rule.of,
        "verdict": test.verdict.value,
        "value": test.value,
        "inputs": list(test.inputs),
        "why": list(test.why),
        "rule": test.version,
    }


def _claim(judged: Judged) -> Json:
    claim = judged.claim
    return {
        "claim": claim.model_dump(mode="json"),
        "verdict": judged.standing.value,
        "method": judged.method,
        "measured": judged.measured,
        "wanted": judged.wanted,
        "unit": judged.unit,
        "until": instant_text(judged.until_s),
        "inputs": list(judged.inputs),
        "why": list(judged.why),
        "beside": list(judged.beside),
    }
