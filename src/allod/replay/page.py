"""A replay as one HTML page that needs nothing else: numbers, plots, tables, how it was run."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from allod.replay import pictures
from allod.replay.files import whole
from allod.replay.page_energy import energy_section
from allod.replay.report import Json, summary
from allod.replay.run import ReplayResult
from allod.replay.tables import Table, Value, tables
from allod.replay.words import counted, energy, instant, number, percent, power, span

_SITES_DRAWN = 8  #: The busiest have pictures of their own; all are in the tables.
_REFUSALS_SHOWN = 30


def write_page(result: ReplayResult, path: Path) -> None:
    """Write the page of `result` to `path`; it appears only when complete.

    Raises:
        InvalidInput, Unavailable: It cannot be written.
    """
    text = page(result)
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def page(result: ReplayResult) -> str:
    """The page of `result`."""
    told = summary(result)
    made = {table.title: table for table in tables(told)}
    sections = [
        _over_time(result, told),
        _sites(result, told),
        _section(
            "Waits",
            "from submission to the start of the run in which a job ended",
            f'<div class="pair"><div class="card">{pictures.waits(result)}</div>'
            f'<div class="card">{pictures.slowdowns(result)}</div></div>{_card(made["Waits"])}'
            if told["placed"]
            else "",
        ),
        _section("Use", "by site and class", _card(made["Use"], bar="utilisation [%]")),
        _promises(made),
        energy_section(result, told, made, _card),
        _refusals(told),
        _never_ran(told),
        _assumed(told),
        _how(result, told),
    ]
    return Template(_static("page.html")).substitute(
        title=escape(told["title"]),
        version=escape(told["allod"]),
        trace=escape(told["trace"]["name"]),
        subtitle=_subtitle(told),
        style=_static("page.css"),
        script=_static("page.js"),
        notices=_notices(told),
        tiles="".join(_tiles(told)),
        sections="\n".join(section for section in sections if section),
    )


def _static(name: str) -> str:
    return files("allod.replay").joinpath("static", name).read_text(encoding="utf-8")


def _subtitle(told: Json) -> str:
    starts_s = told["starts_at_s"]
    when = (
        f"{instant(starts_s + told['first_submit_s'])} to {instant(starts_s + told['last_end_s'])}"
        if starts_s
        else span(told["span_s"])
    )
    return (
        f"{escape(told['trace']['name'])} · {number(told['jobs'])} jobs · "
        f"policy <b>{escape(told['policy'])}</b> · {when}"
    )


def _notices(told: Json) -> str:
    found = []
    if told["assumed"]:
        found.append(
            f"<b>Scenario.</b> These numbers rest on {counted(len(told['assumed']), 'fact')} that "
            'nobody states and the scenario assumes: <a href="#assumed">which</a>.'
        )
    trace = told["trace"]
    if trace["broken"]:
        found.append(
            f"<b>Broken lines.</b> {counted(trace['broken'], 'line')} of the trace could not be "
            'understood and were left out: <a href="#how">the first of them</a>.'
        )
    if trace["estimates"] != "given":
        found.append(
            "<b>Wall times.</b> The trace does not say what "
            + ("some" if trace["estimates"] == "mixed" else "its")
            + " jobs asked for; run times rounded up to 1 h, 6 h, 24 h, 48 h and whole days stand "
            "in for it."
        )
    told_ones = "".join(f'<p class="notice">{one}</p>' for one in found)
    return f"<section>{told_ones}</section>" if found else ""


def _tiles(told: Json) -> Sequence[str]:
    total, jobs = told["total"], told["jobs"] or 1
    tiles = [
        ("Jobs placed", number(told["placed"]), f"{percent(told['placed'] / jobs)} of all", ""),
        ("Refused", number(told["refused"]), "may run nowhere", ""),
        ("Never came to run", number(told["waiting"]), "still waiting at the end", ""),
        (
            "Wait, mean",
            span(round(total["wait_mean_s"])) if total["wait_mean_s"] is not None else "–",
            f"p95 {_span(total['wait_p95_s'])} · p99 {_span(total['wait_p99_s'])} · "
            f"max {_span(total['wait_max_s'])}",
            "",
        ),
        (
            "Utilisation",
            percent(total["utilisation"]) if total["utilisation"] is not None else "–",
            f"{number(round(total['accelerator_h']))} accelerator-hours",
            "",
        ),
    ]
    if total["energy_wh"] is not None:
        base_wh = sum(site["base_load_energy_wh"] or 0 for site in told["sites"])
        more = f"and base load {energy(base_wh)}"
        tiles.append(("Energy of work", energy(total["energy_wh"]), more, ""))
    if told["floors"]:
        met = sum(floor["claims_met"] for floor in told["floors"])
        late = sum(floor["late"] for floor in told["floors"])
        more = f"{counted(met, 'claim')} on lent room, {counted(total['reclaims'], 'reclaim')}"
        value = "none late" if not late else f"{number(late)} late"
        tiles.append(("Floors", value, more, "bad" if late else "good"))
    if told["jobs_per_s"]:
        took = f"in the engine; {told['loop_s']:.2f} s in all"
        tiles.append(("Jobs per second", number(told["jobs_per_s"]), took, ""))
    return [
        f'<div class="{paint}"><dt>{name}</dt><dd class="value">{value}</dd>'
        f'<dd class="more">{more}</dd></div>'
        for name, value, more, paint in tiles
    ]


def _span(duration_s: int | None) -> str:
    return "–" if duration_s is None else span(duration_s)


def _section(title: str, about: str, inner: str, ident: str = "") -> str:
    if not inner:
        return ""
    mark = f' id="{ident}"' if ident else ""
    return f"<section{mark}><h2>{title}<small>{about}</small></h2>{inner}</section>"


def _over_time(result: ReplayResult, told: Json) -> str:
    if not told["placed"]:
        words = "No job came to run." if result.jobs else "No job is in this part of the trace."
        return _section("Over time", "", f'<p class="card">{words}</p>')
    return _section(
        "Over time",
        "all sites; mean of each step",
        f'<div class="pair"><div class="card">{pictures.running(result)}</div>'
        f'<div class="card">{pictures.waiting(result)}</div></div>',
    )


def _sites(result: ReplayResult, told: Json) -> str:
    """The busiest sites, each with its accelerators and its power."""
    if not told["placed"] or (len(told["sites"]) == 1 and not told["power"]):
        return ""
    busiest = sorted(told["sites"], key=lambda site: -site["accelerator_h"])[:_SITES_DRAWN]
    cards = "".join(_site(result, told, site) for site in busiest)
    about = "" if len(busiest) == len(told["sites"]) else f"the {len(busiest)} busiest"
    return _section("Sites", about, f'<div class="pair thirds">{cards}</div>')


def _site(result: ReplayResult, told: Json, site: Json) -> str:
    facts = [
        ("accelerators", number(site["accelerators_max"])),
        ("utilisation", percent(site["utilisation"] or 0)),
        ("mean wait", _span(round(site["wait_mean_s"] or 0))),
        ("reclaims", number(site["reclaims"])),
    ]
    for row in told["power"]:
        if (row["site"], row["node"]) == (site["site"], "site") and row["peak_w"] is not None:
            facts += [
                ("peak", power(row["peak_w"])),
                ("least head-room", power(row["headroom_least_w"])),
            ]
    told_facts = "".join(f"<span>{name} <b>{value}</b></span>" for name, value in facts)
    drawn = pictures.site_running(result, site["site"]) + pictures.site_power(result, site["site"])
    return (
        f'<article class="card site"><header><h3>{escape(site["title"])}</h3>'
        f'<span class="dim">{escape(site["site"])}</span></header>'
        f'<p class="facts">{told_facts}</p>{drawn}</article>'
    )


def _promises(made: dict[str, Table]) -> str:
    cards = [
        (
            "<h2>Floors<small>lent room that was reclaimed, and how soon it came (C2)</small></h2>"
            + _card(made["Floors"], late="late")
            if "Floors" in made
            else ""
        ),
        (
            "<h2>Power<small>at the meter, looked at whenever work started (P1)</small></h2>"
            + _card(made["Power"])
            if "Power" in made
            else ""
        ),
    ]
    shown = [f"<div>{card}</div>" for card in cards if card]
    return f'<section class="pair">{"".join(shown)}</section>' if shown else ""


def _refusals(told: Json) -> str:
    rows = sorted(told["refusals"], key=lambda row: (-row["jobs"], row["site"], row["code"]))
    if not rows:
        return ""
    most = rows[0]["jobs"]
    lines = "".join(
        f"<tr><td>{escape(row['site'])}</td><td>{escape(row['code'])}</td>"
        f'<td class="number">{number(row["jobs"])}</td>'
        f'<td class="bar s3"><i style="width:{100 * row["jobs"] / most:.1f}%"></i></td></tr>'
        for row in rows[:_REFUSALS_SHOWN]
    )
    more = len(rows) - _REFUSALS_SHOWN
    rest = f'<p class="dim">and {counted(more, "reason")} more</p>' if more > 0 else ""
    return _section(
        "Refusals by reason",
        f"{counted(told['refused'], 'job')} that may run nowhere; each has all its reasons (L6)",
        '<div class="card scroll"><table><thead><tr><th>site</th><th>reason</th>'
        f'<th class="number">jobs</th><th></th></tr></thead><tbody>{lines}</tbody></table>{rest}'
        "</div>",
    )


def _never_ran(told: Json) -> str:
    lines = "".join(
        f"<tr><td>{escape(row['project'])}</td><td class='number'>{number(row['jobs'])}</td>"
        f'<td class="words">{escape(", ".join(row["reasons"]))}</td></tr>'
        for row in told["waits_for"]
    )
    if not lines:
        return ""
    return _section(
        "Never came to run",
        "when the trace was over and everything else had ended",
        '<div class="card scroll"><table><thead><tr><th>project</th><th class="number">jobs</th>'
        f"<th>waiting for</th></tr></thead><tbody>{lines}</tbody></table></div>",
    )


def _assumed(told: Json) -> str:
    items = "".join(f"<li><code>{escape(path)}</code></li>" for path in told["assumed"])
    if not items:
        return ""
    return _section(
        "Assumed",
        "nobody states these facts; the scenario does, and every number here rests on them",
        f'<ul class="card plain">{items}</ul>',
        "assumed",
    )


def _how(result: ReplayResult, told: Json) -> str:
    trace = told["trace"]
    rows = [
        ("command", f"<code>{escape(command(told))}</code>"),
        ("version", f"Allod {escape(told['allod'])}"),
        (
            "trace",
            f"{escape(trace['format'])}; {number(trace['jobs'])} usable jobs, wall times "
            f"{escape(trace['estimates'])}, {counted(trace['unusable'], 'unusable row')}, "
            f"{counted(trace['broken'], 'broken line')}",
        ),
        *(("", escape(note)) for note in trace["notes"]),
        *(("", _broken(line)) for line in trace["broken_first"]),
        (
            "took",
            f"{told['setup_s']:.2f} s to make ready, {told['read_s']:.2f} s to read and map the "
            f"trace, {told['loop_s']:.2f} s to decide",
        ),
        (
            "percentiles",
            f"exact below {span(told['percentiles']['exact_below_s'])}, else too low by less than "
            f"{100 * told['percentiles']['too_low_by_max']:.2g} %",
        ),
        ("slowdown", "(wait + run) ÷ run, the run counted as at least 10 s; never below 1"),
        (
            "utilisation",
            "accelerators × time of runs that ended well ÷ accelerators that were live × time from "
            "the first submission to the last end",
        ),
        (
            "semantics",
            "One pass over the queue follows each event. What happens at one instant, ties, "
            "reservations over several pools and what is not modelled: "
            "<code>docs/explanation/replay-semantics.md</code> of the project.",
        ),
    ]
    lines = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    return _section("How it was run", "", f'<dl class="card how">{lines}</dl>', "how")


def _broken(line: Json) -> str:
    return f"line {line['line']}: {escape(line['wrong'])}: <code>{escape(line['text'])}</code>"


def command(told: Json) -> str:
    """The command that does it again, where the files are at hand."""
    options = told["options"]
    parts = ["allod replay", told["trace"]["name"]]
    if options["scenario"]:
        parts.append(f"--scenario {options['scenario']}")
    else:
        parts.append(f"--pool {options['pool']}")
    parts.append(f"--policy {told['policy']}")
    for name, value in (("--from", options["from_s"]), ("--to", options["to_s"])):
        if value is not None:
            parts.append(f"{name} {value}")
    if options["seed"]:
        parts.append(f"--seed {options['seed']}")
    if options["strict"]:
        parts.append("--strict")
    return " ".join(parts)


def _card(table: Table, *, bar: str = "", late: str = "") -> str:
    """A table; `bar`: the column that is drawn too; `late`: the one in which 0 is hoped for."""
    numeric = {
        i
        for i in range(len(table.columns))
        if not any(isinstance(row[i], str) for row in table.rows)
    }
    head = "".join(
        f'<th class="number">{name}</th>' if i in numeric else f"<th>{name}</th>"
        for i, name in enumerate(table.columns)
    )
    head += "<th></th>" if bar else ""
    lines = "".join(_line(table, row, numeric, bar, late) for row in table.rows)
    return (
        f'<div class="card scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _line(table: Table, row: tuple[Value, ...], numeric: set[int], bar: str, late: str) -> str:
    cells = []
    for i, value in enumerate(row):
        paint = "number" if i in numeric else ""
        if table.columns[i] == late:
            paint += " late" if value else " kept"
        cells.append(f'<td class="{paint}">{_shown(value)}</td>')
    if bar:
        share = row[table.columns.index(bar)]
        width = share if isinstance(share, int | float) else 0
        cells.append(f'<td class="bar s0"><i style="width:{width:.1f}%"></i></td>')
    kind = ' class="sum"' if "all" in row[:2] else ""
    return f"<tr{kind}>{''.join(cells)}</tr>"


def _shown(value: Value) -> str:
    if value is None:
        return '<span class="dim">–</span>'
    if isinstance(value, str):
        return escape(value)
    return number(value)
