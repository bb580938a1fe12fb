"""What was announced: a document of the catalogue as it stood at a day, and what changed since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from datetime import date as Date
from typing import Any

from allod.catalogue.answers.document import Shown, changed, shown
from allod.cli.output import Column, out, out_json, pairs, table
from allod.cli.values import shown as in_words
from allod.domain.fact import Said
from allod.domain.revision import Change, leaves
from allod.domain.site import Site

_VALUES = (
    Column("what", wraps=True),
    Column("value", wraps=True),
    Column("said on"),
    Column("source", wraps=True),
)
_CHANGES = (
    Column("what", wraps=True),
    Column("before", wraps=True),
    Column("after", wraps=True),
    Column("said on"),
    Column("source", wraps=True),
)
_UNKNOWN_SHOWN = 12


def today() -> Date:
    """The day, UTC."""
    return datetime.now(UTC).date()


def show(name: str, on: Date | None, *, as_json: bool) -> None:
    """Print the document of the catalogue that people call `name` as it stood on `on`."""
    found = shown(name, on or today())
    if as_json:
        out_json(found.to_json())
        return
    pairs(_head(found))
    out()
    rows = [_row(path, said) for path, said in leaves(found.spec) if path not in _IN_HEAD]
    table(_VALUES, rows, none="nothing else was said by then")
    if unknown := found.unknown:
        more = f" and {len(unknown) - _UNKNOWN_SHOWN} more" if len(unknown) > _UNKNOWN_SHOWN else ""
        out()
        out(f"unknown ({len(unknown)}): {', '.join(unknown[:_UNKNOWN_SHOWN])}{more}")


_IN_HEAD = ("title", "dossier.known_as", "dossier.announced")


def _head(found: Shown) -> Iterator[tuple[str, object]]:
    document, spec = found.document, found.spec
    yield document.kind.lower(), document.name
    yield "title", getattr(spec, "title", "")
    yield "as known on", found.day.isoformat()
    if isinstance(spec, Site) and spec.dossier:
        yield "announced", spec.dossier.announced or "day not known"
        yield "also called", ", ".join(spec.dossier.known_as)


def diff(name: str, begin: Date, end: Date | None, *, as_json: bool) -> None:
    """Print what changed in what was announced between two days."""
    last = end or today()
    found = changed(name, begin, last)
    if as_json:
        out_json(found.to_json())
        return
    name = found.document.name
    if found.is_new:
        out(f"{name} was not announced by {begin}: all of it is new.")
    none = f"nothing that was said of {name} changed from {begin} to {last}"
    table(_CHANGES, map(_change_row, found.changes), none=none)


def _row(path: str, said: Said[Any]) -> tuple[object, ...]:
    return _path(path), in_words(path, said.value), said.date or "", _told_by(said.source)


def titles_of(source: str) -> str:
    """Sources without their addresses, which --json has."""
    return "; ".join(part.split(": http")[0] for part in source.split("; "))


def _told_by(source: str) -> str:
    return "" if source == "this document" else titles_of(source)


def _path(path: str) -> str:
    return path.removeprefix("dossier.")


def _change_row(change: Change) -> tuple[object, ...]:
    said = change.after or change.before
    before, after = (
        in_words(change.path, side.value) if side else "-" for side in (change.before, change.after)
    )
    assert said is not None  # One of the two is there.
    return _path(change.path), before, after, said.date or "", _told_by(said.source)
