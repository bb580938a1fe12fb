"""A file of collected facts: what sources say of each subject, field by field.

Its shape: lists of subjects with an `id` and maps of facts `{v, m, s, note}`: value, mark, ids of
sources, note. A field without its own mark and sources has those of its subject.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import Any

import yaml

from allod.errors import InvalidDocument

#: Parts that are about the file itself, or about what the catalogue does not hold.
_APART = frozenset(
    {
        "meta",
        "sources",
        "personas",
        "frameworks",
        "latency_floor_rtt_ms",
        "bidding_zones",
        "price_points_found",
    }
)
#: Keys that say how a subject is called and how well it is told, not what is told.
_ABOUT = frozenset({"id", "m", "s", "city_mark", "seed_ref"})
#: Marks that stand for a source of their own: the id that the catalogue knows it by.
_MARKED = {"background_unverified": "BG", "derived": "DERIVED"}


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one field."""

    value: Any  #: Text, number, list or map; None: looked for, and not found.
    sources: tuple[str, ...]  #: Ids.
    note: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """A source as the facts name it."""

    title: str
    url: str
    kind: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is told."""

    made: Date
    subjects: Mapping[str, Mapping[str, Told]]  #: By 'part/id', then by field.
    sources: Mapping[str, Origin]


def read_facts(text: str, file: str) -> Facts:
    """The facts of a file.

    Raises:
        InvalidDocument: It is no YAML, or not of this shape; names the file, path and mend.
    """
    try:
        raw = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        words = " ".join(str(error).split())
        raise InvalidDocument(f"is not YAML: {words}", file=file, mend="mend it there") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("sources"), dict):
        mend = "give a file with meta, sources and lists of subjects, as the how-to shows"
        raise InvalidDocument("is no file of facts: it has no map 'sources'", file=file, mend=mend)
    return Facts(
        made=_made(raw, file),
        subjects={name: dict(fields) for name, fields in _subjects(raw, file)},
        sources={str(name): _origin(name, item, file) for name, item in raw["sources"].items()},
    )


def _made(raw: Mapping[str, Any], file: str) -> Date:
    meta = raw.get("meta")
    made = plain(meta.get("made")) if isinstance(meta, dict) else None
    try:
        return Date.fromisoformat(str(made))
    except ValueError as error:
        mend = "write the day on which the facts were collected, such as 2026-11-21"
        raise InvalidDocument(
            "is no day", file=file, path="meta.made", value=str(made), mend=mend
        ) from error


def _origin(name: Any, item: Any, file: str) -> Origin:
    if not isinstance(item, dict) or not isinstance(item.get("title"), str):
        mend = "write {title, url, kind}"
        raise InvalidDocument("has no title", file=file, path=f"sources.{name}", mend=mend)
    # What stands in brackets after an address says how somebody got there.
    url = str(item.get("url") or "").split(" (")[0]
    return Origin(item["title"], "" if url == "-" else url, str(item.get("kind") or ""))


def _subjects(raw: Mapping[str, Any], file: str) -> Iterator[tuple[str, dict[str, Told]]]:
    for part, told in raw.items():
        if part in _APART:
            continue
        if isinstance(told, dict):
            yield part, _fields(told, part, file)
        elif isinstance(told, list) and all(isinstance(item, dict) for item in told):
            yield from _listed(part, told, file)
        else:
            mend = "write a map, or a list of maps with 'id'"
            raise InvalidDocument("is no part of facts", file=file, path=str(part), mend=mend)


def _listed(part: str, told: list[Any], file: str) -> Iterator[tuple[str, dict[str, Told]]]:
    if not any("id" in item for item in told):
        yield part, {"all": Told(plain(told), ())}
        return
    seen = set()
    for number, item in enumerate(told):
        where, name = f"{part}.{number}", item.get("id")
        if not isinstance(name, str) or not name or name in seen:
            mend = "give each subject of a list an id of its own"
            raise InvalidDocument("has no id of its own", file=file, path=where, mend=mend)
        seen.add(name)
        yield f"{part}/{name}", _fields(item, f"{part}.{name}", file)


def _fields(told: Mapping[str, Any], where: str, file: str) -> dict[str, Told]:
    return dict(_spread("", told, _sources(told, (), where, file), where, file))


def _spread(
    above: str, told: Mapping[str, Any], sources: tuple[str, ...], where: str, file: str
) -> Iterator[tuple[str, Told]]:
    for key, value in told.items():
        name = f"{above}{key}"
        if key in _ABOUT:
            continue
        if not isinstance(value, dict):
            yield name, Told(plain(value), sources)
        elif "v" in value:
            own = _sources(value, sources, f"{where}.{name}", file)
            yield name, Told(plain(value["v"]), own, str(value.get("note") or ""))
        else:
            own = _sources(value, sources, f"{where}.{name}", file)
            yield from _spread(f"{name}.", value, own, where, file)


def _sources(
    told: Mapping[str, Any], default: tuple[str, ...], where: str, file: str
) -> tuple[str, ...]:
    ids = told.get("s")
    if ids is not None and not (isinstance(ids, list) and all(isinstance(x, str) for x in ids)):
        mend = "write a list of ids of sources, such as [KH, GYR]"
        raise InvalidDocument("is no list of sources", file=file, path=f"{where}.s", mend=mend)
    marked = _MARKED.get(str(told.get("m")))
    return tuple(ids) if ids else (marked,) if marked else default


def plain(value: Any) -> Any:
    """`value` as JSON would give it back: dates are text, keys are text."""
    if isinstance(value, Date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
