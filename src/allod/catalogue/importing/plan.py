"""What follows for the documents from facts that are new, changed or gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date as Date
from typing import Any

from allod.catalogue.files import Shelf, Source
from allod.catalogue.importing.facts import Facts, Origin, Told
from allod.catalogue.importing.fields import FIELDS, LINKED, Field
from allod.catalogue.importing.record import Record
from allod.catalogue.importing.skeleton import file_of, kind_of, name_of, skeleton, words
from allod.domain.antenna import Antenna
from allod.domain.document import Document
from allod.domain.fact import Fact
from allod.errors import InvalidInput

_KINDS = {
    "seed": "press",
    "press": "press",
    "press-copy": "press",
    "primary": "primary",
    "primary-copy": "primary",
    "primary-old": "primary",
    "law-copy": "primary",
    "dataset": "data",
    "data-snapshot": "data",
    "derived": "derived",
    "background": "unchecked",
}
_ABSENT: Fact[Any] = Fact()
_LISTED_MAX = 8


@dataclass(frozen=True, slots=True)
class Change:
    """A value of a document that is to be replaced; what it was stays as its history."""

    document: str  #: Kind and name.
    path: str
    before: str
    after: str
    said: Mapping[str, Any]  #: The new fact, as YAML has it.
    fact: tuple[str, str]  #: Subject and field.
    adds: bool = False  #: True: it is one more of a list.


@dataclass(frozen=True, slots=True)
class ToRead:
    """What only a person can carry over."""

    documents: tuple[str, ...]
    fact: tuple[str, str]  #: Subject and field; the field is empty where it is the whole subject.
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class New:
    """A document that is not there yet."""

    document: str
    file: str
    subject: str
    tree: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that follows."""

    changes: tuple[Change, ...] = ()
    new: tuple[New, ...] = ()
    to_read: tuple[ToRead, ...] = ()
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Fields of sources that are new or otherwise called, by id."""

    @property
    def empty(self) -> bool:
        """True if nothing has changed."""
        return not (self.changes or self.new or self.to_read or self.sources)


def planned(facts: Facts, record: Record, shelf: Shelf) -> Plan:
    """What follows from `facts`, beside what was read so far.

    Raises:
        InvalidInput: A new or changed fact names a source that the facts do not have.
    """
    return _Planning(facts, record, shelf).plan()


class _Planning:
    def __init__(self, facts: Facts, record: Record, shelf: Shelf) -> None:
        self.facts, self.record, self.shelf = facts, record, shelf
        self.by_key = {document.key: document for document in shelf.documents}
        self.cited: set[str] = set()

    def plan(self) -> Plan:
        changes: list[Change] = []
        to_read: list[ToRead] = []
        new: list[New] = []
        old = self.record.facts.subjects
        for subject, fields in sorted(self.facts.subjects.items()):
            if subject not in old and kind_of(subject):
                self._begin(subject, fields, new, to_read)
                continue
            for name, told, was in _differing(fields, old.get(subject, {})):
                found = self._changed(subject, name, told, was)
                (changes if isinstance(found[0], Change) else to_read).extend(found)  # type: ignore[arg-type]
        for subject in sorted(set(old) - set(self.facts.subjects)):
            keys = self.record.documents.get(subject, ())
            why = "is gone from the facts: withdraw it in its document, with date and source"
            to_read.append(ToRead(keys, (subject, ""), "there", "gone", why))
        sources = dict(self._sources(to_read))
        return Plan(tuple(changes), tuple(new), tuple(to_read), sources)

    def _begin(
        self, subject: str, fields: Mapping[str, Told], new: list[New], to_read: list[ToRead]
    ) -> None:
        key = f"{kind_of(subject)}/{name_of(subject)}"
        if key in self.by_key:
            why = "is new, but a document of that name is there: see whether it is the same"
            to_read.append(ToRead((key,), (subject, ""), "", "new", why))
            return
        if unsourced := [name for name, told in fields.items() if not told.sources]:
            words = f"{subject} is new, and {', '.join(unsourced)} of it name no source"
            raise InvalidInput(words, mend="write 's: [ID]' beside its id, with ids of sources")
        linked = {
            other.split("/")[1]: keys[0].split("/")[1]
            for other, keys in self.record.documents.items()
            if other.startswith("ai_factories/")
        }
        tree = skeleton(subject, fields, self._said, linked)
        new.append(New(key, file_of(subject), subject, tree))
        why = "is new: read its sources, fill what is unknown, add it to its cluster"
        to_read.append(ToRead((key,), (subject, ""), "", "new", why))

    def _changed(
        self, subject: str, name: str, told: Told | None, was: Told | None
    ) -> list[Change] | list[ToRead]:
        keys = self.record.documents.get(subject, ())
        before, after = _shown(was), _shown(told)

        def read(why: str) -> list[ToRead]:
            return [ToRead(keys, (subject, name), before, after, why)]

        if told is None or told.value is None:
            return read("no value is told any more: see why, and say so in the document")
        if was and was.value == told.value:
            return read("only its note or its sources are others")
        if not told.sources:
            return read("names no source")
        if name == LINKED:
            return self._linked(subject, told, was) or read("a factory is not linked any more")
        fits = FIELDS.get(subject.split("/", maxsplit=1)[0], {}).get(name)
        value = fits.taken(told.value) if fits else None
        if fits is None or value is None:
            return read("is free text, or a list, that is read into values")
        former = fits.taken(was.value) if was and was.value is not None else None
        for key in keys:
            for path in fits.paths:
                fact = _at(self.by_key.get(key), path)
                if fact is not None and fact.value == value:
                    return read("the document has this value already")
                if fact is not None and fact.value == former:
                    return self._proposed(
                        key, path, fact, (told, value, fits), (subject, name)
                    ) or (read(f"the document has a later word on it, of {fact.date}"))
        return read("the document does not have the value that was told before")

    def _proposed(
        self,
        key: str,
        path: str,
        fact: Fact[Any],
        new: tuple[Told, Any, Field],
        of: tuple[str, str],
    ) -> list[Change]:
        told, value, fits = new
        said = self._said(told, fits.written(value))
        day = said.get("date") or self._source(told.sources[0], of).day
        if fact.date and day and day < fact.date:
            return []
        before = None if fact.value is None else _yaml(fits, fact.value)
        return [Change(key, path, *_beside(before, _yaml(fits, value)), said, of)]

    def _linked(self, subject: str, told: Told, was: Told | None) -> list[Change] | None:
        """New links of an Antenna; None if one is gone, or names no factory."""
        old = was.value if was and isinstance(was.value, list) else []
        new = told.value if isinstance(told.value, list) else []
        key = next(iter(self.record.documents.get(subject, ())), "")
        spec = self.by_key[key].spec if key in self.by_key else None
        if set(old) - set(new) or not isinstance(spec, Antenna):
            return None
        there = {host.value for host in spec.hosts}
        found: list[Change] = []
        for name in new:
            site = self.record.documents.get(f"ai_factories/{name}", ("/",))[0].split("/")[1]
            if not site:
                return None
            if site not in there:
                said = self._said(told, site)
                before = ", ".join(sorted(str(host) for host in there))
                of = (subject, LINKED)
                found.append(Change(key, "hosts", before, f"and {site}", said, of, adds=True))
        return found or None

    def _said(self, told: Told, value: Any) -> dict[str, Any]:
        """A fact as YAML has it, with the day on which its first source said so."""
        ids = told.sources
        source = self._source(ids[0], ("", ""))
        self.cited.update(ids)
        day: Date | None = source.date or self.facts.made
        dated = {"date": day} if day != source.day else {}
        noted = {"note": told.note} if told.note else {}
        return {"value": value, "source": " + ".join(ids), **dated, **noted}

    def _source(self, name: str, of: tuple[str, str]) -> Source:
        if name in self.shelf.sources:
            return self.shelf.sources[name]
        if name not in self.facts.sources:
            where = " of " + ": ".join(of) if of[0] else ""
            mend = "add it to the facts' sources, with title, url and kind"
            raise InvalidInput(
                f"a fact{where} names source '{name}', which is not there", mend=mend
            )
        return _source_of(self.facts.sources[name], self.facts.made)

    def _sources(self, to_read: list[ToRead]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Sources that are cited and new, or called otherwise than before."""
        for name in sorted(self.cited - set(self.shelf.sources)):
            source = self._source(name, ("", ""))
            yield name, source.model_dump(exclude_defaults=True)
        for name, origin in sorted(self.facts.sources.items()):
            was, here = self.record.facts.sources.get(name), self.shelf.sources.get(name)
            if was is None or here is None or was == origin:
                continue
            told = {"title": (was.title, origin.title), "url": (was.url, origin.url)}
            new = {
                field: after
                for field, (before, after) in told.items()
                if before != after and getattr(here, field) == before
            }
            if new:
                yield name, new
            if any(a != b and field not in new for field, (a, b) in told.items()):
                why = "the catalogue calls this source otherwise than the facts did"
                fact = (f"sources/{name}", "")
                to_read.append(ToRead(("sources.yaml",), fact, was.title, origin.title, why))


def _differing(
    fields: Mapping[str, Told], old: Mapping[str, Told]
) -> Iterator[tuple[str, Told | None, Told | None]]:
    """Fields that are new, changed or gone, with what is and what was told."""
    for name in (*fields, *(name for name in old if name not in fields)):
        told, was = fields.get(name), old.get(name)
        if told != was and not (was is None and told and told.value is None):
            yield name, told, was


def _at(document: Document | None, path: str) -> Fact[Any] | None:
    """The fact at `path`; unknown where nothing is said there, None where nothing could be."""
    value: Any = document.spec if document else None
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part, _ABSENT)
        elif value is None or not hasattr(value, part):
            return None
        else:
            value = getattr(value, part)
    return value if isinstance(value, Fact) else None


def _yaml(fits: Field, value: Any) -> Any:
    written = fits.written(value)
    return [str(item) for item in written] if isinstance(written, list) else written


def _beside(before: Any, after: Any) -> tuple[str, str]:
    """Both in words; of a long list only what is more in it, and what is not there any more."""
    if isinstance(before, list) and isinstance(after, list) and len(before) > _LISTED_MAX:
        more = [f"and {item}" for item in after if item not in before]
        less = [f"without {item}" for item in before if item not in after]
        return f"{len(before)} values", ", ".join((*more, *less)) or "in another order"
    return "unknown" if before is None else words(before), words(after)


def _shown(told: Told | None) -> str:
    if told is None:
        return ""
    more = f" ({told.note})" if told.note else ""
    return f"{words(told.value)}{more} [{', '.join(told.sources)}]"


def _source_of(origin: Origin, made: Date) -> Source:
    kind: Any = _KINDS.get(origin.kind, "secondary")
    return Source(title=origin.title, url=origin.url, kind=kind, read=made)


def read_now(plan: Plan, facts: Facts, record: Record, *, everything: bool) -> Record:
    """The record after `plan` was written: what it carried over is read.

    What is left to a person stays as it was, so that it is shown again, unless `everything`.
    """
    made = {subject: (key,) for key, subject in ((n.document, n.subject) for n in plan.new)}
    documents = {**record.documents, **made}
    if everything:
        kept = {name: keys for name, keys in documents.items() if name in facts.subjects}
        return Record(facts, kept)
    subjects = {name: dict(fields) for name, fields in record.facts.subjects.items()}
    for change in plan.changes:
        subject, name = change.fact
        subjects.setdefault(subject, {})[name] = facts.subjects[subject][name]
    for item in plan.new:
        subjects[item.subject] = dict(facts.subjects[item.subject])
    sources = dict(record.facts.sources)
    for name in plan.sources:
        sources[name] = facts.sources[name]
    return Record(replace(record.facts, subjects=subjects, sources=sources), documents)
