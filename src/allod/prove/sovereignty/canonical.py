"""The statement as plain values and as canonical bytes: whole numbers and texts only.

Whoever keeps the bytes, or their hash in a leaf of the log, sees each change of a fact that the
statement rests on.
"""

from __future__ import annotations

import hashlib
from typing import Any

from allod.prove.encoding import canonical
from allod.prove.sovereignty.control import Cell
from allod.prove.sovereignty.csf import CsfVerdict, decimal
from allod.prove.sovereignty.dependencies import Dependency
from allod.prove.sovereignty.evaluate import said
from allod.prove.sovereignty.facts import Stated
from allod.prove.sovereignty.frameworks.csf import VERSION_2025, VERSION_2026
from allod.prove.sovereignty.layers import Layer
from allod.prove.sovereignty.statement import LIMITS, Statement, View
from allod.prove.sovereignty.verdicts import Verdict

#: Changes when the form does, so that a reader knows how to read it.
FORM = "allod sovereignty statement v1"


def to_bytes(statement: Statement) -> bytes:
    """The canonical bytes of `statement`: JSON, keys sorted, no spaces (as RFC 8785 has them)."""
    return canonical(to_value(statement))


def digest(statement: Statement) -> str:
    """SHA-256 (hex) of the canonical bytes without the day: the same while no fact changes.

    A fact that runs out on a day does change it.
    """
    value = to_value(statement)
    del value["on"]
    return hashlib.sha256(canonical(value)).hexdigest()


def to_value(statement: Statement) -> dict[str, Any]:
    """`statement` as plain values: mappings, lists, texts, whole numbers, true and false."""
    return {
        "form": FORM,
        "subject": statement.subject,
        "site": statement.site,
        "on": statement.on.isoformat(),
        "home": list(statement.home),
        "says": statement.says,
        "claimed": _view(statement.claimed),
        "evidenced": _view(statement.evidenced),
        "control": [_cell(cell) for cell in statement.matrix],
        "dependencies": [_dependency(item) for item in statement.dependencies],
        "facts": [_fact(item) for item in statement.facts],
        "limits": list(LIMITS),
    }


def _view(view: View) -> dict[str, Any]:
    return {
        "sovereign": view.sovereign,
        "weakest_layers": list(view.weakest),
        "grade": view.grade.value,
        "layers": [_layer(layer) for layer in view.layers],
        "eu_csf": _csf(view.csf),
        "verdicts": [_verdict(item) for item in view.verdicts],
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "layer": layer.name,
        "at_home_bp": layer.home_bp,
        "grade": layer.grade.value,
        "says": layer.says,
    }


def _csf(found: CsfVerdict) -> dict[str, Any]:
    scores = {}
    if found.score_2025 is not None and found.score_2026 is not None:
        scores = {
            VERSION_2025: decimal(found.score_2025),
            VERSION_2026: decimal(found.score_2026),
        }
    return {
        "seal": found.seal,
        "grade": found.grade.value,
        "least_seal": found.least_seal,
        "passed": found.passed,
        "weakest_objectives": list(found.weakest),
        "score_percent": scores,
        "objectives": [
            {
                "id": objective.id,
                "name": objective.name,
                "seal": objective.seal,
                "grade": objective.grade.value,
                "points_hundredths": objective.points,
                "weakest_criteria": list(objective.weakest),
                "criteria": [
                    {
                        "id": item.criterion.id,
                        "title": item.criterion.title,
                        "answer": item.step if item.known else 0,
                        "answers": len(item.criterion.seals),
                        "seal": item.seal,
                        "points_hundredths": item.points,
                        "grade": item.grade.value,
                        "note": item.note,
                    }
                    for item in objective.criteria
                ],
            }
            for objective in found.objectives
        ],
    }


def _verdict(found: Verdict) -> dict[str, Any]:
    framework = found.framework
    return {
        "framework": framework.id,
        "title": framework.title,
        "version": framework.version,
        "status": framework.status,
        "source": framework.source,
        "covers": framework.covers,
        "level_reached": found.reached,
        "levels": [
            {
                "level": level.level,
                "name": level.name,
                "reached": level.reached,
                "grade": level.grade.value,
                "points": [
                    {
                        "id": point.id,
                        "asks": point.asks,
                        "met": point.met,
                        "answer": point.answer.value,
                        "grade": point.grade.value,
                        "reasons": list(point.reasons),
                        "unknown_facts": list(point.unknown),
                    }
                    for point in level.points
                ],
            }
            for level in found.levels
        ],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "asset": cell.asset.value,
        "act": cell.act.value,
        "grade": cell.grade.value,
        "laws": list(cell.laws),
        "locked_out": list(cell.locked_out),
        "hands": [
            {
                "party": hand.party,
                "how": hand.how,
                "laws": list(hand.laws),
                "grade": hand.grade.value,
            }
            for hand in cell.hands
        ],
    }


def _dependency(item: Dependency) -> dict[str, Any]:
    party, party_bp = item.largest_party
    country, country_bp = item.largest_country
    return {
        "layer": item.layer,
        "grade": item.grade.value,
        "note": item.note,
        "largest_party": {"name": party, "share_bp": party_bp},
        "largest_country": {"name": country, "share_bp": country_bp},
        "unknown_bp": item.unknown_bp,
        "parties": [{"name": name, "share_bp": share} for name, share in item.parties],
        "countries": [{"name": name, "share_bp": share} for name, share in item.countries],
    }


def _fact(item: Stated) -> dict[str, Any]:
    return {
        "fact": item.fact,
        "value": said(item.value),
        "grade": item.grade.value,
        "origin": item.origin,
        "source": item.source,
        "by": item.by,
        "until": item.until.isoformat() if item.until else "",
        "note": item.note,
    }
