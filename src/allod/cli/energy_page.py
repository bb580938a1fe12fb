"""The energy report as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from allod import __version__
from allod.cli.energy_charts import charts
from allod.cli.energy_plots import bars
from allod.cli.energy_view import flags_of, limit_of
from allod.domain.units import instant_text
from allod.energy.account import Account, Evidence
from allod.energy.kpi import Kpi
from allod.energy.report import EnergyReport
from allod.replay.words import span

_STYLE = """
rect.s0 { fill: var(--paint); }
rect.unknown { fill: var(--warn); opacity: 0.6; }
a { color: var(--accent); }
tr:target { background: var(--raised); }
.refused { color: var(--bad); }
"""


def page(made: EnergyReport) -> str:
    """The page of `made`: every figure links to its meters, and they name file and hash."""
    grid = made.account.grid
    period = f"{instant_text(grid.start_s)} to {instant_text(grid.end_s)}"
    style = files("allod.replay").joinpath("static", "page.css").read_text(encoding="utf-8")
    notes = "".join(f'<p class="notice">{escape(text)}</p>' for text in made.notes)
    title = f"Energy of {escape(made.title)}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="generator" content="Allod {__version__}"><title>{title}</title>'
        f"<style>{style}{_STYLE}</style></head><body>"
        f'<header class="top"><p class="brand">Allod energy report</p><h1>{title}</h1>'
        f'<p class="dim">{escape(made.name)} · {period} · steps of {span(grid.step_s)}</p></header>'
        f"<main>{notes}<section><dl class='tiles'>{''.join(map(_tile, made.kpis))}</dl></section>"
        f"{_pictures(made.account)}{_tables(made)}</main>"
        f"<footer>Made by Allod {__version__}. One file, no network.</footer></body></html>\n"
    )


def _tile(kpi: Kpi) -> str:
    value = "refused" if kpi.value is None else f"{kpi.value:.3f}"
    paint = "bad" if kpi.value is None else ""
    more = kpi.missing[0] if kpi.missing else kpi.method
    if len(kpi.missing) > 1:
        more += f"; and {len(kpi.missing) - 1} more"
    unit = "" if kpi.unit == "1" or kpi.value is None else f" <small>{escape(kpi.unit)}</small>"
    return (
        f'<div class="{paint}"><dt>{escape(kpi.name)}</dt>'
        f'<dd class="value">{value}{unit}</dd><dd class="more">{escape(more)}</dd></div>'
    )


# -- pictures -----------------------------------------------------------------------------------


def _pictures(account: Account) -> str:
    cards = "".join(f'<div class="card">{bars(one, account.grid)}</div>' for one in charts(account))
    return f'<section><h2>Over time</h2><div class="pair">{cards}</div></section>' if cards else ""


# -- tables -------------------------------------------------------------------------------------


def _tables(made: EnergyReport) -> str:
    parts = [
        _table(
            "Indicators",
            ("indicator", "value", "unit", "method", "from, or what lacks"),
            (
                (
                    kpi.name,
                    None if kpi.value is None else f"{kpi.value:.6f}",
                    kpi.unit,
                    kpi.method,
                    _why(kpi.inputs, kpi.missing),
                )
                for kpi in made.kpis
            ),
        ),
        _table(
            "EU 2024/1364",
            ("item", "symbol", "what", "value", "unit", "from, or what lacks", "rule"),
            (
                (
                    line.item,
                    line.symbol,
                    line.title,
                    line.value,
                    line.unit,
                    _why(line.inputs, line.missing),
                    line.rule,
                )
                for line in made.record
            ),
        ),
        _enefg(made),
        _claims(made),
        _meters(made.account.evidence),
    ]
    return "".join(parts)


def _enefg(made: EnergyReport) -> str:
    rows = (
        (
            test.rule.section,
            test.rule.indicator,
            limit_of(test),
            test.value,
            test.verdict.value,
            _why(test.inputs, test.why),
            test.version,
        )
        for test in made.enefg
    )
    head = ("section", "indicator", "limit", "value", "verdict", "from, or why", "rule")
    return _table("German Energy Efficiency Act (EnEfG)", head, rows) if made.enefg else ""


def _claims(made: EnergyReport) -> str:
    rows = (
        (
            one.claim.says,
            f"{one.claim.maker}, {one.claim.date}",
            one.claim.source,
            one.wanted,
            one.measured,
            one.unit,
            instant_text(one.until_s)[:10],
            one.standing.value,
            _why(one.inputs, one.why),
            "; ".join(one.beside),
            one.method,
        )
        for one in made.claims
    )
    head = (
        "claim",
        "made by",
        "source",
        "claimed",
        "measured",
        "unit",
        "until",
        "verdict",
        "from, or why",
        "beside",
        "method",
    )
    return _table("Claims", head, rows) if made.claims else ""


def _meters(evidence: Iterable[Evidence]) -> str:
    rows = "".join(
        f'<tr id="meter-{escape(item.meter.name)}"><td>{escape(item.meter.name)}</td>'
        f"<td>{escape(item.meter.measures)}</td><td>{escape(item.meter.standing)}</td>"
        f'<td class="words">{escape(flags_of(item))}</td>'
        f'<td class="words">{escape(item.lacks or item.origin)}</td>'
        f'<td class="words"><code>{item.sha256 or "–"}</code></td></tr>'
        for item in evidence
    )
    head = _head(("meter", "measures", "standing", "flagged steps", "readings from", "sha256"))
    return (
        f'<section><h2>Meters<small>flags: see the how-to page "report energy"</small></h2>'
        f'<div class="card scroll"><table>{head}<tbody>{rows}</tbody></table></div></section>'
    )


class _Html(str):
    """Text that is HTML already."""


def _why(inputs: Sequence[str], missing: Sequence[str]) -> _Html:
    """Links to the meters; what lacks instead, where something does."""
    if missing:
        return _Html(f'<span class="refused">{escape("; ".join(missing))}</span>')
    return _Html(
        ", ".join(
            escape(name)
            if name.startswith("declared: ")
            else f'<a href="#meter-{escape(name)}">{escape(name)}</a>'
            for name in dict.fromkeys(inputs)
        )
    )


def _table(title: str, columns: Sequence[str], rows: Iterable[tuple[str | None, ...]]) -> str:
    lines = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return (
        f"<section><h2>{escape(title)}</h2>"
        f'<div class="card scroll"><table>{_head(columns)}<tbody>{lines}</tbody></table></div>'
        "</section>"
    )


def _head(columns: Sequence[str]) -> str:
    return f"<thead><tr>{''.join(f'<th>{escape(name)}</th>' for name in columns)}</tr></thead>"


def _cell(value: str | None) -> str:
    if value is None:
        return '<td class="refused">refused</td>'
    return f'<td class="words">{value if isinstance(value, _Html) else escape(value)}</td>'
