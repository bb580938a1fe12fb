"""A first document of a subject that is new: what fits one to one, and the rest as it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date as Date
from typing import Any

from allod.catalogue.importing.facts import Told
from allod.catalogue.importing.fields import FIELDS, LINKED
from allod.errors import InvalidInput

Said = Callable[[Told, Any], dict[str, Any]]
_TEXT_MAX = 1900
_TO_READ = {"standing": "unknown", "note": "nobody has read the sources for it yet"}
_KINDS = {
    "ai_factories": "Site",
    "france_sites": "Site",
    "seed_systems": "Site",
    "ai_factory_antennas": "Antenna",
    "access_modes": "AccessMode",
}
_FILES = {"Antenna": "antennas.yaml", "AccessMode": "access-modes.yaml"}
_BEFORE = ("aif-", "ant-", "fr-", "ma-", "no-", "ae-")


def kind_of(subject: str) -> str:
    """The kind of document that a subject becomes; empty: none."""
    return _KINDS.get(subject.split("/", maxsplit=1)[0], "") if "/" in subject else ""


def name_of(subject: str) -> str:
    """The name of the document of a new subject."""
    name = subject.split("/")[1].lower().replace("_", "-")
    before = next((start for start in _BEFORE if name.startswith(start)), "")
    return name if kind_of(subject) == "Antenna" else name.removeprefix(before)


def file_of(subject: str) -> str:
    """Its file in the folder of the catalogue."""
    kind = kind_of(subject)
    folder = "factories" if subject.startswith("ai_factories/") else "sites"
    return _FILES.get(kind, f"{folder}/{name_of(subject)}.yaml")


def skeleton(
    subject: str, fields: Mapping[str, Told], said: Said, linked: Mapping[str, str]
) -> dict[str, Any]:
    """The document of a new subject.

    Args:
        said: A fact as YAML has it, of what is told and its value.
        linked: The sites of factories, by their ids among the facts.

    Raises:
        InvalidInput: What a document of its kind cannot be without is not told.
    """
    kind, spec, used = kind_of(subject), dict[str, Any](), {"name"}
    title = fields["name"].value if "name" in fields else name_of(subject)
    spec["title"] = str(title)
    if kind == "Site":
        unknown = ("country", "operator", "management", "metadata", "pue_milli")
        spec |= {name: dict(_TO_READ) for name in unknown}
    if kind == "Antenna":
        spec |= {"country": dict(_TO_READ), "hosts": _hosts(subject, fields, said, linked)}
        used.add(LINKED)
    for name, field in FIELDS[subject.split("/", maxsplit=1)[0]].items():
        told = fields.get(name)
        value = field.taken(told.value) if told else None
        if told and value is not None:
            path = next(p for p in field.paths if kind == "Site" or not p.startswith("dossier"))
            _put(spec, path, said(told, field.written(value)))
            used.add(name)
    if kind == "Site":
        _finish_site(spec, subject, fields)
    inner = spec["dossier"] if kind == "Site" else spec
    if told_texts := _told(fields, used, said):
        inner["told"] = told_texts
    if kind == "Site":
        spec["runner"] = "none"
    head = {"apiVersion": "allod/v1", "kind": kind, "metadata": {"name": name_of(subject)}}
    return {**head, "spec": spec}


def _finish_site(spec: dict[str, Any], subject: str, fields: Mapping[str, Told]) -> None:
    factory = spec.setdefault("dossier", {}).get("factory")
    if subject.startswith("ai_factories/") and not (
        factory and {"selected", "host"} <= set(factory)
    ):
        mend = "add 'selected: 2026-01-31' and 'host: NAME' to it"
        raise InvalidInput(f"{subject} has no selected day or no host", mend=mend)
    if factory:
        day: Date = factory["selected"]["value"]
        spec["dossier"] = {"announced": day, **spec["dossier"]}
    precision = fields.get("location.precision")
    if precision and precision.value and "place" in spec["dossier"]:
        spec["dossier"]["place"]["precision"] = str(precision.value)


def _hosts(
    subject: str, fields: Mapping[str, Told], said: Said, linked: Mapping[str, str]
) -> list[dict[str, Any]]:
    told = fields.get(LINKED)
    names = told.value if told and isinstance(told.value, list) else []
    if not told or not names or any(name not in linked for name in names):
        known = ", ".join(sorted(linked))
        mend = f"write {LINKED} with ids of factories: {known}"
        raise InvalidInput(f"{subject} names no factory that is known", mend=mend)
    return [said(told, linked[name]) for name in names]


def _told(fields: Mapping[str, Told], used: set[str], said: Said) -> dict[str, Any]:
    """What no field takes, as it is told."""
    return {
        name.lower().replace("_", "-").replace(".", "-")[:60]: said(told, words(told.value))
        for name, told in fields.items()
        if name not in used and name != "location.precision" and told.value not in (None, "", [])
    }


def words(value: Any) -> str:
    """A told value in words."""
    if isinstance(value, list):
        shown = "; ".join(words(item) for item in value)
    elif isinstance(value, dict):
        shown = ", ".join(f"{name}: {words(item)}" for name, item in value.items())
    elif isinstance(value, bool):
        shown = "yes" if value else "no"
    else:
        shown = "not known" if value is None else str(value)
    return shown[:_TEXT_MAX]


def _put(tree: dict[str, Any], path: str, said: Mapping[str, Any]) -> None:
    *parts, last = path.split(".")
    for part in parts:
        tree = tree.setdefault(part, {})
    tree[last] = dict(said)
