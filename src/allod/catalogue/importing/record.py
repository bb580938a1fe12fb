"""The record of what the catalogue was made from: each fact, and the documents it went to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import Any

from allod.catalogue.importing.facts import Facts, Origin, Told
from allod.errors import InvalidDocument

#: Its file, beside sources.yaml.
RECORD = "facts-record.json"


@dataclass(frozen=True, slots=True)
class Record:
    """What was read so far."""

    facts: Facts
    documents: Mapping[str, tuple[str, ...]]  #: By subject: kinds and names, the main one first.


def read_record(text: str, file: str) -> Record:
    """The record in `text`.

    Raises:
        InvalidDocument: It is none.
    """
    try:
        raw = json.loads(text)
        facts = Facts(
            made=Date.fromisoformat(raw["made"]),
            subjects={
                name: {field: _told(item) for field, item in fields.items()}
                for name, fields in raw["facts"].items()
            },
            sources={name: Origin(**item) for name, item in raw["sources"].items()},
        )
        documents = {name: tuple(keys) for name, keys in raw["documents"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        mend = "take the one that came with the catalogue"
        raise InvalidDocument("is no record of facts", file=file, mend=mend) from error
    return Record(facts, documents)


def _told(item: Mapping[str, Any]) -> Told:
    return Told(item["v"], tuple(item.get("s", ())), item.get("note", ""))


def record_text(record: Record) -> str:
    """The record as JSON, a line for each fact, so that a difference of two can be read."""
    lines = ["{", f' "made": "{record.facts.made}",', ' "documents": {']
    lines += _lines("  ", {name: list(keys) for name, keys in record.documents.items()})
    lines += [" },", ' "sources": {']
    lines += _lines(
        "  ",
        {
            name: {"title": origin.title, "url": origin.url, "kind": origin.kind}
            for name, origin in record.facts.sources.items()
        },
    )
    lines += [" },", ' "facts": {']
    subjects = sorted(record.facts.subjects.items())
    for number, (name, fields) in enumerate(subjects):
        lines.append(f"  {json.dumps(name)}: {{")
        lines += _lines("   ", {field: _item(told) for field, told in fields.items()})
        lines.append("  }" + ("," if number < len(subjects) - 1 else ""))
    return "\n".join([*lines, " }", "}"]) + "\n"


def _item(told: Told) -> dict[str, Any]:
    more = {"s": list(told.sources), "note": told.note}
    return {"v": told.value} | {name: value for name, value in more.items() if value}


def _lines(indent: str, items: Mapping[str, Any]) -> list[str]:
    shown = [
        f"{indent}{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in sorted(items.items())
    ]
    return [f"{line}," for line in shown[:-1]] + shown[-1:]
