"""A small announced world for the tests of the reports."""

from __future__ import annotations

from datetime import date
from typing import Any

from allod.domain.document import CATALOGUE_KINDS, Document, from_json
from allod.plan.known import Known, known_at

DAY = date(2026, 11, 21)
SAID = {"source": "paper", "date": "2026-01-01"}


def fact(value: Any, **more: Any) -> dict[str, Any]:
    return {"value": value, **SAID, **more}


def document(kind: str, name: str, spec: dict[str, Any]) -> Document:
    return from_json(
        {"apiVersion": "allod/v1", "kind": kind, "metadata": {"name": name}, "spec": spec},
        kinds=CATALOGUE_KINDS,
    )


def phase(name: str, power: str | None = None, state: str = "announced", **more: Any) -> Any:
    made: dict[str, Any] = {"name": name, "state": fact(state)}
    if power:
        made["power_w"] = fact(power)
    if state == "live":
        made["starts"] = fact("2026-01-01")
    return made | more


def site(name: str, country: str = "NO", **more: Any) -> Document:
    unknown = {"standing": "unknown"}
    spec = {
        "title": name.title(),
        "country": fact(country),
        "operator": unknown,
        "management": unknown,
        "metadata": unknown,
        "pools": [{"name": "p", "accelerator": unknown}],
        "runner": "none",
    }
    return document("Site", name, spec | more)


def party(name: str, seat: str | None, *owners: tuple[str, int | None]) -> Document:
    held = [
        {"party": owner, "share_bp": {"standing": "unknown"} if bp is None else fact(bp)}
        for owner, bp in owners
    ]
    where = fact(seat) if seat else {"standing": "unknown"}
    return document("Party", name, {"title": name.title(), "seat": where, "owners": held})


def known(*documents: Document) -> Known:
    return known_at(documents, DAY)
