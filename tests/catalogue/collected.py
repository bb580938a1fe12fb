"""A file of facts as somebody collects it, made from what the catalogue was made from."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from shutil import copytree
from typing import Any

import yaml

from allod.catalogue.importing import read_record
from allod.catalogue.importing.record import RECORD

OURS = Path(str(files("allod.catalogue")))


def collected() -> dict[str, Any]:
    """The facts of the record, in the shape of a file of facts."""
    record = read_record((OURS / RECORD).read_text(encoding="utf-8"), RECORD)
    made: dict[str, Any] = {
        "meta": {"made": record.facts.made.isoformat()},
        "sources": {
            name: {"title": origin.title, "url": origin.url or None, "kind": origin.kind}
            for name, origin in record.facts.sources.items()
        },
    }
    for subject, fields in record.facts.subjects.items():
        told = {
            name: {"v": one.value, "s": list(one.sources), "note": one.note or None}
            for name, one in fields.items()
        }
        part, _, name = subject.partition("/")
        if name:
            made.setdefault(part, []).append({"id": name, **told})
        else:
            made[part] = told
    return made


def subject(facts: dict[str, Any], part: str, name: str) -> dict[str, Any]:
    """One subject of a list."""
    found: dict[str, Any] = next(item for item in facts[part] if item["id"] == name)
    return found


def facts_file(
    folder: Path, change: Callable[[dict[str, Any]], object] = lambda facts: None
) -> Path:
    """The facts as a file in `folder`, after `change`."""
    facts = collected()
    change(facts)
    path = folder / "facts.yaml"
    text = yaml.dump(facts, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")
    return path


def own_catalogue(folder: Path) -> Path:
    """A copy of the catalogue that a test may write to."""
    made = folder / "catalogue"
    copytree(OURS, made, ignore=lambda _, names: [n for n in names if n.endswith((".py", "__"))])
    return made
