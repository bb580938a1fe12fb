"""Money, jobs, what is owed and what is objected: the ledger of a site or region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date
from html import escape
from pathlib import Path

from allod.catalogue.answers.days import known_on
from allod.catalogue.answers.ledger import ledger_of
from allod.cli import report_page
from allod.cli.announced import today
from allod.cli.output import Column, note, out, out_json, pairs, table
from allod.domain.money import MoneyState
from allod.plan.ledger import Account, Ledger

_MONEY = (
    Column("of"),
    Column("sum", wraps=True),
    Column("amount", right=True),
    Column("unit"),
    Column("state"),
    Column("payer", wraps=True),
    Column("part of"),
    Column("said on"),
)
_JOBS = (
    Column("site"),
    Column("jobs", right=True),
    Column("work"),
    Column("reach"),
    Column("state"),
    Column("for each MW", right=True),
    Column("said on"),
)
_OWED = (
    Column("site"),
    Column("who owes", wraps=True),
    Column("to whom", wraps=True),
    Column("what", wraps=True),
    Column("due"),
    Column("met"),
)
_OBJECTED = (
    Column("site"),
    Column("who", wraps=True),
    Column("said on"),
    Column("about", wraps=True),
    Column("answer", wraps=True),
)
_PAINT = {
    MoneyState.ANNOUNCED.value: "s1",
    MoneyState.COMMITTED.value: "s0",
    MoneyState.SPENT.value: "s2",
    MoneyState.UNKNOWN.value: "unknown",
}
Rows = Iterator[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for."""

    name: str  #: A site, region, antenna or call.
    on: Date | None
    html: Path | None


def show(asked: Asked, *, as_json: bool) -> None:
    """Print money, jobs, obligations and objections of a site or region."""
    answer = ledger_of(known_on(asked.on or today()), asked.name)
    found = answer.ledger
    if asked.html:
        title, subtitle = f"The ledger of {answer.title}", f"as known on {answer.day}"
        report_page.write(asked.html, title, subtitle, list(_page(found)))
        note(f"page written to {asked.html}")
    if as_json:
        out_json(answer.to_json())
    elif not asked.html:
        pairs([("of", answer.title), ("as known on", answer.day), *_sums(found)])
        for title, columns, rows, none in _tables(found):
            out()
            out(f"{title}:")
            table(columns, rows, none=none)
        for line in (*_not_added(found), *_unknown(found)):
            out()
            out(line)


def _tables(found: Ledger) -> Iterator[tuple[str, tuple[Column, ...], Rows, str]]:
    yield "money", _MONEY, _money(found.accounts), "no sum is in the documents"
    yield "jobs", _JOBS, _jobs(found), "no number of jobs is known"
    yield "what is owed", _OWED, _owed(found), "nothing that is owed is in the documents"
    yield "objections", _OBJECTED, _objected(found), "no objection is in the documents"


def _sums(found: Ledger) -> Iterator[tuple[str, object]]:
    for (currency, state), amount in found.by_state.items():
        yield f"{state}, {currency}", f"{amount:,}"
    for (currency, payer), amount in found.by_payer.items():
        yield f"from {payer}, {currency}", f"{amount:,}"


def _money(accounts: tuple[Account, ...]) -> Rows:
    for account in accounts:
        for item in account.money:
            yield (
                account.name,
                item.name,
                "unknown" if item.amount.value is None else f"{item.amount.value:,}",
                item.currency,
                item.state.value,
                item.payer.value or "unknown",
                item.part_of or "",
                item.amount.date or "",
            )


def _jobs(found: Ledger) -> Rows:
    for one in found.jobs:
        jobs, per = one.jobs, one.per_mw
        of_mw = "unknown" if per is None else f"{per:.1f}"
        count, day = f"{jobs.count.value:,}", jobs.count.date or ""
        yield one.site, count, jobs.work, jobs.reach, jobs.state, of_mw, day


def _owed(found: Ledger) -> Rows:
    words = {True: "yes", False: "no", None: "unknown"}
    for site, one in found.obligations:
        due, what = one.due.value or "", one.what.value or "unknown"
        yield site, one.debtor, one.creditor, what, due, words[one.met.value]


def _objected(found: Ledger) -> Rows:
    for site, one in found.objections:
        about, answer = one.about.value or "unknown", one.answer.value or "no answer is known"
        yield site, one.who, one.date or "", about, answer


def _not_added(found: Ledger) -> Iterator[str]:
    if found.own and len(found.own) < len(found.accounts):
        yield f"listed, not added, as it may be the same money: sums of {', '.join(found.own)}"


def _unknown(found: Ledger) -> Iterator[str]:
    for words, names in (
        ("amount not known of", found.without_amount),
        ("no money known of", found.without_money),
        ("no number of jobs known of", found.without_jobs),
    ):
        if names:
            yield f"{words}: {', '.join(names)}"


def _page(found: Ledger) -> Iterator[str]:
    yield from (_bars(currency, found.by_state) for currency in _currencies(found))
    for title, columns, rows, _ in _tables(found):
        yield report_page.table(title.capitalize(), columns, rows)
    yield report_page.words("Not known", (*_not_added(found), *_unknown(found)))


def _currencies(found: Ledger) -> list[str]:
    return sorted({currency for currency, _ in found.by_state})


def _bars(currency: str, sums: Mapping[tuple[str, str], int]) -> str:
    """How far the money of one currency has come, as one bar."""
    parts = {state: sums.get((currency, state), 0) for state in _PAINT}
    total, x, drawn, legend = sum(parts.values()) or 1, 10.0, [], []
    for state, amount in parts.items():
        wide = amount / total * 740
        if amount:
            drawn.append(
                f'<rect class="{_PAINT[state]}" x="{x:.1f}" y="6" width="{wide:.1f}" height="26"/>'
            )
            legend.append(f'<li><i class="{_PAINT[state]}"></i>{escape(state)} {amount:,}</li>')
        x += wide
    title = f"How far the money has come, {escape(currency)}"
    return (
        f'<figure class="plot"><figcaption><b>{title}</b>'
        f'<ul class="legend">{"".join(legend)}</ul></figcaption>'
        f'<svg viewBox="0 0 760 40" role="img"><title>{title}</title>{"".join(drawn)}</svg>'
        "</figure>"
    )
