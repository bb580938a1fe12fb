"""The catalogue's files: YAML documents beside this module, and the sources that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal

import yaml
from pydantic import TypeAdapter, ValidationError

from allod.domain.base import Part, Text
from allod.domain.document import CATALOGUE_KINDS, Document, asked_documents
from allod.domain.faults import invalid_document
from allod.domain.yaml_text import raw_documents
from allod.errors import InvalidDocument

SOURCES = "sources.yaml"
_SUFFIX = ".yaml"
_BETWEEN = " + "  #: Between the ids of two sources of one value.
#: A key that facts and declarations have, which may state a date; roles and claims have none.
_IS_SAID = frozenset({"value", "standing", "fact"})


class Source(Part):
    """Where something was read; facts name it by its id."""

    title: Text
    url: Text = ""
    kind: Literal["primary", "register", "data", "press", "secondary", "derived", "unchecked"]
    """'unchecked' is common knowledge that was not looked up; 'derived' is computed from others."""
    date: Date | None = None
    """When it was published; the last day of the month where no more than that is known."""
    read: Date | None = None
    """When it was read, for a source without any date."""

    @property
    def day(self) -> Date | None:
        """From when on its values are known to have been said."""
        return self.date or self.read

    @property
    def words(self) -> str:
        """Title and address."""
        return f"{self.title}: {self.url}" if self.url else self.title


Sources = Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The documents, and the sources by id."""

    documents: tuple[Document, ...]
    sources: Sources
    used: Mapping[str, tuple[str, ...]]  #: By document's key: the ids of sources that it names.


def read_shelf(folder: Traversable | None = None) -> Shelf:
    """All documents of `folder` (default: the catalogue's own), by kind and name.

    Raises:
        InvalidDocument: A file is not YAML, breaks its schema, or names a source that is not there.
    """
    root, own = folder or files(__package__), folder is None
    sources = read_sources((root / SOURCES).read_text(encoding="utf-8"))
    documents: dict[str, Document] = {}
    used: dict[str, tuple[str, ...]] = {}
    for name, item in sorted(_files(root, "")):
        ids: dict[str, None] = {}
        raw = raw_documents(item.read_text(encoding="utf-8"), f"catalogue/{name}", trusted=own)
        found = _spelt_out(raw, f"catalogue/{name}", sources, ids)
        for document in found:
            if document.key in documents:
                raise InvalidDocument(
                    f"{document.key} is there twice, also in {documents[document.key].file}",
                    file=document.file,
                    mend="remove one of them",
                )
            documents[document.key] = document
            used[document.key] = tuple(ids)
    order = list(CATALOGUE_KINDS)
    by_kind = sorted(documents.values(), key=lambda item: (order.index(item.kind), item.name))
    return Shelf(tuple(by_kind), sources, used)


def read_sources(text: str) -> Sources:
    """Sources by id, from YAML.

    Raises:
        InvalidDocument: It is no list of sources.
    """
    raw = yaml.load(text, Loader=yaml.CSafeLoader)
    try:
        return TypeAdapter(dict[str, Source]).validate_python(raw)
    except ValidationError as error:
        raise invalid_document(error, Source, f"catalogue/{SOURCES}", "") from error


def _files(folder: Traversable, above: str) -> Iterator[tuple[str, Traversable]]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _files(item, f"{above}{item.name}/")
        elif item.name.endswith(_SUFFIX) and item.name != SOURCES:
            yield above + item.name, item


def _spelt_out(
    raw: Sequence[tuple[int, Any]], file: str, sources: Sources, ids: dict[str, None]
) -> tuple[Document, ...]:
    """The documents of one file with the ids of sources spelled out; `ids` gathers those."""
    return asked_documents(
        [(line, _spelled(item, sources, ids, file)) for line, item in raw], file, CATALOGUE_KINDS
    )


def _spelled(value: Any, sources: Sources, ids: dict[str, None], file: str) -> Any:
    if isinstance(value, dict):
        return _dated(value, sources) | {
            key: _source(item, sources, ids, file)
            if key == "source" and isinstance(item, str)
            else _spelled(item, sources, ids, file)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_spelled(item, sources, ids, file) for item in value]
    return value


def _dated(value: dict[Any, Any], sources: Sources) -> dict[str, Date]:
    """The date of a fact that states none: that of its first source."""
    told = value.get("source")
    if not isinstance(told, str) or "date" in value or not _IS_SAID & value.keys():
        return {}
    source = sources.get(told.split(_BETWEEN)[0])
    return {"date": source.day} if source and source.day else {}


def _source(told: str, sources: Sources, ids: dict[str, None], file: str) -> str:
    named = told.split(_BETWEEN)
    for one in named:
        if one not in sources:
            raise InvalidDocument(
                "names a source that is not there",
                file=file,
                path="source",
                value=one,
                mend=f"add it to catalogue/{SOURCES}, with title, url and kind",
            )
        ids[one] = None
    return "; ".join(sources[one].words for one in named)
