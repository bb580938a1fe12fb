"""What was announced of a site beside what is known: claims with their verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date
from html import escape
from pathlib import Path

from allod.catalogue.answers.claims import claims_of
from allod.catalogue.answers.days import known_on
from allod.cli import report_page
from allod.cli.announced import today
from allod.cli.output import Column, note, out, out_json, pairs, table
from allod.domain.claim import Claim
from allod.energy.verdict import Standing
from allod.plan.claims import Judged

_CLAIMS = (
    Column("claim", wraps=True),
    Column("maker", wraps=True),
    Column("made"),
    Column("due"),
    Column("baseline", wraps=True),
    Column("known today", wraps=True),
    Column("verdict"),
    Column("why", wraps=True),
)
_PAINT = {
    Standing.KEPT: "s0",
    Standing.OPEN: "s1",
    Standing.CHANGED: "s2",
    Standing.MISSED: "s3",
    Standing.NOT_TESTABLE: "unknown",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for."""

    name: str  #: A site or a region.
    on: Date | None
    html: Path | None


def show(asked: Asked, *, as_json: bool) -> None:
    """Print each claim of a site, or of all sites of a region, with what became of it."""
    found = claims_of(known_on(asked.on or today()), asked.name)
    by_site = found.by_site
    if asked.html:
        title, subtitle = f"What was claimed of {found.title}", f"as known on {found.day}"
        report_page.write(asked.html, title, subtitle, _page(by_site))
        note(f"page written to {asked.html}")
    if as_json:
        out_json(found.to_json())
    elif not asked.html:
        verdicts = ("verdicts", _counted(by_site))
        pairs([("of", found.title), ("as known on", found.day), verdicts])
        for name, claims in by_site.items():
            if claims or len(by_site) == 1:
                out()
                if len(by_site) > 1:
                    out(f"{name}:")
                table(_CLAIMS, map(_row, claims), none="no claim is in its document")


def _counted(found: Mapping[str, tuple[Judged, ...]]) -> str:
    counts = Counter(one.standing.value for claims in found.values() for one in claims)
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())


def _row(one: Judged) -> tuple[object, ...]:
    claim = one.claim
    return (
        f'"{claim.says}"',
        claim.maker,
        claim.date,
        claim.due or "",
        _baseline(claim),
        one.known,
        one.standing.value,
        "; ".join(one.why),
    )


def _baseline(claim: Claim) -> str:
    if not claim.reduces:
        return ""
    known = claim.baseline_milli.value
    return f"{known / 1000:g}" if known is not None else "none is stated"


def _page(found: Mapping[str, tuple[Judged, ...]]) -> list[str]:
    return [
        _bar(found),
        *(
            report_page.table(name, _CLAIMS, map(_row, claims))
            for name, claims in found.items()
            if claims
        ),
    ]


def _bar(found: Mapping[str, tuple[Judged, ...]]) -> str:
    """All verdicts as one bar."""
    standings = [one.standing for claims in found.values() for one in claims]
    if not standings:
        return "<p>No claim is in the document.</p>"
    x, parts, legend = 10.0, [], []
    for standing in Standing:
        count = standings.count(standing)
        wide = count / len(standings) * 740
        paint = _PAINT[standing]
        if count:
            parts.append(
                f'<rect class="{paint}" x="{x:.1f}" y="6" width="{wide:.1f}" height="26"/>'
            )
            legend.append(f'<li><i class="{paint}"></i>{escape(standing.value)} {count}</li>')
        x += wide
    return (
        '<figure class="plot"><figcaption><b>What became of the claims</b>'
        f'<ul class="legend">{"".join(legend)}</ul></figcaption>'
        '<svg viewBox="0 0 760 40" role="img"><title>What became of the claims</title>'
        f"{''.join(parts)}</svg></figure>"
    )
