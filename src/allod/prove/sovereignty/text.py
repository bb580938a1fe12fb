"""The statement as text for a terminal; what claims something says how well it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from allod.prove.sovereignty.control import UNKNOWN, Asset, Hand
from allod.prove.sovereignty.csf import CriterionVerdict, CsfVerdict, decimal
from allod.prove.sovereignty.evaluate import percent, said
from allod.prove.sovereignty.facts import Stated
from allod.prove.sovereignty.frameworks.csf import (
    SEAL_3_IN_GUIDANCE,
    SEAL_NAMES,
    VERSION_2025,
    VERSION_2026,
)
from allod.prove.sovereignty.statement import LIMITS, Statement
from allod.prove.sovereignty.verdicts import Verdict

WIDTH = 96  #: Columns.
_WIDTH_MIN = 60


def to_text(statement: Statement, width: int = WIDTH) -> str:
    """`statement` as lines of at most `width` columns (at least 60), the answer first."""
    width = max(width, _WIDTH_MIN)
    home = ", ".join(statement.home) or "not known"
    head = [
        f"Sovereignty statement: {statement.subject}, {statement.on.isoformat()}",
        f"site: {statement.site}   home: {home}",
    ]
    sections = [
        [*_cut(head, width), "", *_folded(statement.says, "", "", width)],
        ["LAYERS (claimed; evidenced)", *_layers(statement, width)],
        ["EU CLOUD SOVEREIGNTY FRAMEWORK", *_csf(statement, width)],
        *(
            _verdict(claimed, evidenced, width)
            for claimed, evidenced in zip(
                statement.claimed.verdicts, statement.evidenced.verdicts, strict=True
            )
        ),
        ["CONTROL: who can do what, under which law", *_matrix(statement, width)],
        ["CONCENTRATION: largest country, largest party", *_concentration(statement, width)],
        ["FACTS", *(line for item in statement.facts for line in _fact(item, width))],
        ["LIMITS", *(line for text in LIMITS for line in _folded(text, "- ", "  ", width))],
    ]
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _folded(text: str, first: str, rest: str, width: int) -> list[str]:
    """`text` over as many lines as it needs; what would steer a terminal is shown as '?'."""
    shown = "".join(c if c.isprintable() or c.isspace() else "?" for c in text)
    lines = wrap(shown, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return [line.rstrip() for line in lines]


def _cut(lines: Iterable[str], width: int) -> Iterator[str]:
    for line in lines:
        yield from _folded(line, "", "  ", width)


def _layers(statement: Statement, width: int) -> Iterator[str]:
    claimed, evidenced = statement.claimed, statement.evidenced
    for layer, sure in zip(claimed.layers, evidenced.layers, strict=True):
        mark = "  <- weakest" if layer.name in claimed.weakest else ""
        shares = f"{percent(layer.home_bp):>8} {percent(sure.home_bp):>8} at home"
        yield f"  {layer.name:<11}{shares}  [{layer.grade}]{mark}"
        yield from _folded(layer.says, " " * 6, " " * 6, width)


def _csf(statement: Statement, width: int) -> Iterator[str]:
    claimed, evidenced = statement.claimed.csf, statement.evidenced.csf
    yield f"  asked for: SEAL-{claimed.least_seal}; the lowest objective counts, then the score"
    yield from _folded(_score("claimed", claimed), "  ", "      ", width)
    yield from _folded(_score("evidenced", evidenced), "  ", "      ", width)
    for one, sure in zip(claimed.objectives, evidenced.objectives, strict=True):
        text = f"{one.id} {one.name}: SEAL-{one.seal} claimed [{one.grade}], "
        text += f"SEAL-{sure.seal} evidenced [{sure.grade}]"
        yield from _folded(text, "  ", "        ", width)
        for item in one.criteria:
            if item.criterion.id in one.weakest:
                yield from _folded(_criterion(item), "    - ", "      ", width)


def _criterion(item: CriterionVerdict) -> str:
    text = f"{item.criterion.id} {item.criterion.title}: SEAL-{item.seal} [{item.grade}]"
    if item.known:
        text += f", answer {item.step} of {len(item.criterion.seals)}"
    return f"{text}: {item.note}" if item.note else text


def _seal_name(seal: int) -> str:
    name = SEAL_NAMES[seal]
    return f"{name}; {SEAL_3_IN_GUIDANCE} in the Guidance" if seal == 3 else name


def _score(which: str, found: CsfVerdict) -> str:
    text = f"{which}: SEAL-{found.seal}, {_seal_name(found.seal)} [{found.grade}]; "
    if found.score_2025 is None or found.score_2026 is None:
        return f"{text}under what is asked, so no score"
    return (
        f"{text}{decimal(found.score_2025)} % by the weights of {VERSION_2025}, "
        f"{decimal(found.score_2026)} % by those of the {VERSION_2026}"
    )


def _verdict(claimed: Verdict, evidenced: Verdict, width: int) -> list[str]:
    framework = claimed.framework
    lines = [framework.title.upper()]
    lines += _folded(f"{framework.version}; {framework.status}", "  ", "  ", width)
    for level, sure in zip(claimed.levels, evidenced.levels, strict=True):
        yes, proven = ("yes" if one.reached else "no" for one in (level, sure))
        text = f"{level.name}: {yes} as claimed [{level.grade}], "
        text += f"{proven} as evidenced [{sure.grade}]"
        if not level.reached and all(point.met for point in level.points):
            text += "; its own points are met, those of a lower level are not"
        lines += _folded(text, "  ", "      ", width)
        for point in level.points:
            if not point.met:
                reasons = "; ".join(point.reasons)
                text = f"{point.id} {point.asks}: {point.answer} [{point.grade}]: {reasons}"
                lines += _folded(text, "    - ", "      ", width)
    return lines


def _matrix(statement: Statement, width: int) -> Iterator[str]:
    """Acts that the same hands can do stand on one line."""
    for asset in Asset:
        groups: dict[tuple[str, str, str], list[str]] = {}
        for cell in (cell for cell in statement.matrix if cell.asset is asset):
            hands = "; ".join(_hand(hand) for hand in cell.hands)
            out = f"; locked out: {', '.join(cell.locked_out)}" if cell.locked_out else ""
            groups.setdefault((hands, out, cell.grade), []).append(cell.act)
        for (hands, out, grade), acts in groups.items():
            text = f"{asset}: {', '.join(acts)} [{grade}]: {hands}{out}"
            yield from _folded(text, "  ", "      ", width)


def _hand(hand: Hand) -> str:
    if hand.party == UNKNOWN:
        return f"{hand.how} [{hand.grade}]"
    laws = f" ({', '.join(hand.laws)})" if hand.laws else ""
    return f"{hand.party}{laws}: {hand.how} [{hand.grade}]"


def _concentration(statement: Statement, width: int) -> Iterator[str]:
    for item in statement.dependencies:
        largest = (item.largest_country, item.largest_party)
        parts = [f"{name} {percent(share)}" for name, share in largest if share]
        if item.unknown_bp:
            parts.append(f"not known {percent(item.unknown_bp)}")
        text = f"{item.layer:<10} {', '.join(parts)} [{item.grade}]"
        yield from _folded(text, "  ", "      ", width)
    for note in dict.fromkeys(item.note for item in statement.dependencies if item.note):
        yield from _folded(note, "  ", "      ", width)


def _fact(item: Stated, width: int) -> list[str]:
    origin = item.origin.replace(f"spec.declarations.{item.fact}", "spec.declarations")
    text = f"{item.fact}: {said(item.value)} [{item.grade}] {origin}"
    if item.by:
        text += f", by {item.by}"
    if item.until:
        text += f", until {item.until.isoformat()}"
    if item.note:
        text += f" ({item.note})"
    return _folded(text, "  ", "      ", width)
