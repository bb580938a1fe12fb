"""The energy report as a PDF that stands alone: tagged (PDF/UA-1), fonts inside, plots as vectors.

The same report is the same bytes: the date of the document is the end of its period, no clock is
read, and only the fonts that the compiler brings are used, on every machine. Typst sets it: heads
that are repeated, tags, links and fonts come with it, and texts reach it as JSON, never as markup.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from allod import __version__
from allod.cli.energy_charts import charts
from allod.cli.energy_plots import Chart, picture
from allod.cli.energy_view import flags_of, limit_of
from allod.cli.words import counted
from allod.domain.units import instant_text
from allod.energy.account import Evidence
from allod.energy.eu2024_1364 import RULE
from allod.energy.grid import Grid
from allod.energy.plain import record_json
from allod.energy.report import EnergyReport
from allod.errors import InvalidInput
from allod.prove.canonical import canonical
from allod.replay.words import span

#: What the template is told, of one thing.
Told = dict[str, Any]
Cell = dict[str, Any]

_STYLE = """<style>rect.s0{fill:#1f7a66}rect.unknown{fill:#c98a1b;fill-opacity:.6}
.grid{stroke:#c9d0d6;stroke-width:1}.mark{fill:#5b6672;font-family:"Libertinus Serif";
font-size:12px;text-anchor:end}.below{text-anchor:middle}</style>"""
_ANNEXES = {"I": "Annex I: the data centre", "II": "Annex II: key performance indicators"}


def pdf(made: EnergyReport) -> bytes:
    """The document of `made`.

    Raises:
        InvalidInput: A text in it has a sign that no font of the document has.
    """
    import typst

    template = files("allod.cli").joinpath("static", "energy_report.typ").read_bytes()
    end = datetime.fromtimestamp(made.account.grid.end_s, UTC)
    try:
        found = typst.compile(
            template,
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"report": json.dumps(_told(made, end))},
            timestamp=end,
            pdf_standards=["ua-1"],
        )
    except typst.TypstError as error:
        raise InvalidInput(
            f"the report cannot be set as a PDF: {error.message}",
            mend="write the site's document in Latin, Greek or Cyrillic letters, or take --html",
        ) from error
    assert isinstance(found, bytes)  # One file was asked for.
    return found


def _told(made: EnergyReport, end: datetime) -> Told:
    """All that the document says."""
    grid = made.account.grid
    title = f"Energy of {made.title}"
    sha256 = hashlib.sha256(canonical(record_json(made))).hexdigest()
    return {
        "title": title,
        "about": f"{title}: indicators, the record of Regulation (EU) 2024/1364, and the meters",
        "keywords": ["energy", "data centre", "(EU) 2024/1364"],
        "made_by": f"Allod {__version__}",
        "date": [end.year, end.month, end.day],
        "name": made.name,
        "period": f"{instant_text(grid.start_s)} to {instant_text(grid.end_s)}",
        "step": span(grid.step_s),
        "notes": list(made.notes),
        "record_sha256": None if made.year is None else sha256,
        "tables": [one for one in _tables(made) if any(part["rows"] for part in one["parts"])],
        "charts": [_chart(one, grid) for one in charts(made.account)],
        "meters": [_meter(one) for one in made.account.evidence],
    }


# -- tables -------------------------------------------------------------------------------------


def _tables(made: EnergyReport) -> list[Told]:
    places = {item.meter.name: place for place, item in enumerate(made.account.evidence)}
    return [
        _table(
            f"Record by {RULE}",
            "item 15mm, symbol 18mm, what 2fr, value 1.5fr, unit 18mm, from 2fr",
            [(title, _record(made, annex, places)) for annex, title in _annexes()],
        ),
        _table(
            "Indicators",
            "indicator 1.2fr, method 2fr, value 18mm, unit 20mm, from 2.2fr",
            [("", _indicators(made, places))],
        ),
        _table(
            "German Energy Efficiency Act (EnEfG)",
            "section 15mm, indicator 15mm, limit 15mm, value 12mm, verdict 20mm, from or why 1fr, "
            "rule 1fr",
            [("", _enefg(made, places))],
        ),
        _table(
            "Claims",
            "claim 2fr, made by 1.5fr, claimed 15mm, measured 15mm, unit 12mm, verdict 18mm, "
            "from or why 2fr, method 1.5fr",
            [("", _claims(made, places))],
        ),
    ]


def _table(title: str, columns: str, parts: Iterable[tuple[str, list[list[Cell]]]]) -> Told:
    """A table by its heads, each with its width."""
    heads, widths = zip(*(one.rsplit(" ", 1) for one in columns.split(", ")), strict=True)
    return {
        "title": title,
        "heads": heads,
        "widths": widths,
        "parts": [{"title": title, "rows": rows} for title, rows in parts],
    }


def _annexes() -> Iterable[tuple[str, str]]:
    return (*_ANNEXES.items(), ("III", "Annex III: sustainability indicators"))


def _record(made: EnergyReport, annex: str, places: dict[str, int]) -> list[list[Cell]]:
    """Lines of an annex; the time that is reported stands with the first.

    The rule of all is in the title; what a line's own has beyond it stands behind its name.
    """
    return [
        [
            _text(line.item),
            _text(line.symbol),
            _text(line.title + line.rule.removeprefix(RULE)),
            *(
                [_refused(line.missing, 3)]
                if line.value is None
                else [
                    (_number if line.unit else _text)(line.value),
                    _text(line.unit),
                    _sources(line.inputs, places),
                ]
            ),
        ]
        for line in made.record
        if _annex_of(line.item) == annex
    ]


def _annex_of(item: str) -> str:
    if item.startswith("III"):
        return "III"
    return "II" if item.startswith("II") else "I"


def _indicators(made: EnergyReport, places: dict[str, int]) -> list[list[Cell]]:
    return [
        [
            _text(one.name),
            _text(one.method),
            *(
                [_refused(one.missing, 3)]
                if one.value is None
                else [_number(f"{one.value:.6f}"), _text(one.unit), _sources(one.inputs, places)]
            ),
        ]
        for one in made.kpis
    ]


def _enefg(made: EnergyReport, places: dict[str, int]) -> list[list[Cell]]:
    return [
        [
            _text(one.rule.section),
            _text(one.rule.indicator),
            _number(limit_of(one)),
            _number(one.value or "-"),
            _text(one.verdict.value),
            _text("; ".join(one.why)) if one.why else _sources(one.inputs, places),
            _text(one.version),
        ]
        for one in made.enefg
    ]


def _claims(made: EnergyReport, places: dict[str, int]) -> list[list[Cell]]:
    return [
        [
            _text(one.claim.says),
            _text(f"{one.claim.maker}, {one.claim.date}; {one.claim.source}"),
            _number(one.wanted or "-"),
            _number(one.measured or "-"),
            _text(one.unit),
            _text(one.standing.value),
            _text("; ".join(one.why)) if one.why else _sources(one.inputs, places),
            _text(one.method),
        ]
        for one in made.claims
    ]


def _text(text: str) -> Cell:
    return {"kind": "text", "text": text}


def _number(text: str) -> Cell:
    return {"kind": "number", "text": text}


def _refused(missing: Sequence[str], wide: int) -> Cell:
    """Why there is no value, over so many columns."""
    return {"kind": "refused", "text": "; ".join(missing), "wide": wide}


def _sources(inputs: Sequence[str], places: dict[str, int]) -> Cell:
    """Meters, each with its row in their table, and what is declared."""
    parts = [{"text": name, "meter": places.get(name)} for name in dict.fromkeys(inputs)]
    return {"kind": "sources", "parts": parts}


# -- charts and meters --------------------------------------------------------------------------


def _chart(one: Chart, grid: Grid) -> dict[str, str]:
    drawn = picture(one, grid, 'xmlns="http://www.w3.org/2000/svg"')
    return {
        "title": one.title,
        "about": one.about,
        "lost": f"; {counted(one.lost, 'bar')} not known" if one.lost else "",
        "svg": drawn.replace("<title>", f"{_STYLE}<title>", 1),
    }


def _meter(item: Evidence) -> dict[str, str]:
    return {
        "name": item.meter.name,
        "measures": item.meter.measures.value,
        "standing": item.meter.standing.value,
        "flags": flags_of(item),
        "from": item.origin,
        "lacks": item.lacks,
        "sha256": item.sha256,
    }
