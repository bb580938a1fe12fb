"""Announced sites, factories, antennas and programmes as documents, every value sourced and dated.

What no source says is unknown here; a scenario may assume it. What sources disagree on has the
better founded value, and the others beside it. What was said before stays, with its date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from allod.catalogue.files import Shelf, read_shelf
from allod.domain.charter import Charter
from allod.domain.document import CATALOGUE_KINDS, Document
from allod.domain.nearest import mend_of
from allod.domain.party import Party
from allod.domain.site import Site
from allod.errors import NotFound

__all__ = ["everything", "find", "kind_named", "listed", "load", "names", "shelf", "site_name"]


@cache
def shelf() -> Shelf:
    """All documents with the sources that they name, read once."""
    return read_shelf()


def everything() -> tuple[Document, ...]:
    """All documents, by kind and name."""
    return shelf().documents


def kind_named(asked: str) -> str:
    """The kind that `asked` stands for, however its letters are written.

    Raises:
        NotFound: The catalogue has no such kind.
    """
    kinds = {kind.lower(): kind for kind in CATALOGUE_KINDS}
    if asked.lower() not in kinds:
        mend = f"write one of {', '.join(kinds)}"
        raise NotFound(f"the catalogue has no kind '{asked}'", mend=mend, field="kind", value=asked)
    return kinds[asked.lower()]


def listed(kind: str = "") -> tuple[Document, ...]:
    """All documents, or those of one kind.

    Raises:
        NotFound: The catalogue has no such kind.
    """
    wanted = kind_named(kind) if kind else ""
    return tuple(item for item in everything() if wanted in ("", item.kind))


def names() -> tuple[str, ...]:
    """The names of the sites, sorted."""
    return tuple(sorted(item.name for item in everything() if item.kind == "Site"))


def load(*wanted: str) -> tuple[Document, ...]:
    """The documents that the sites of these names need: the parties they name, site, charter.

    Each document comes once, also where two sites have a party in common.

    Raises:
        NotFound: There is no known site of that name.
    """
    by_key = {document.key: document for document in everything()}
    found: dict[str, Document] = {}
    for asked in wanted:
        name = site_name(asked)
        document = by_key[f"Site/{name}"]
        assert isinstance(document.spec, Site)
        charters = [
            item
            for item in everything()
            if isinstance(item.spec, Charter) and item.spec.site == name
        ]
        for party in _parties(document.spec, charters, by_key):
            found.setdefault(party.key, party)
        found.setdefault(document.key, document)
        found.update((item.key, item) for item in charters)
    return tuple(found.values())


def site_name(asked: str) -> str:
    """The name of the site that people call `asked`.

    Raises:
        NotFound: There is no such site.
    """
    if asked in names():
        return asked
    for item in everything():
        dossier = item.spec.dossier if isinstance(item.spec, Site) else None
        if dossier and asked in dossier.known_as:
            return item.name
    mend = mend_of(asked, names())
    raise NotFound(f"the catalogue has no site '{asked}'", mend=mend, field="site", value=asked)


def find(asked: str, kind: str = "") -> Document:
    """The document that people call `asked`: a site by any of its names, then others.

    With `kind`, those of one kind alone.

    Raises:
        NotFound: There is none.
    """
    there = [item for item in everything() if kind in ("", item.kind)]
    for document in sorted(there, key=lambda item: _FOUND_FIRST.index(item.kind)):
        record = document.spec.dossier if isinstance(document.spec, Site) else document.spec
        if asked in (document.name, document.key, *getattr(record, "known_as", ())):
            return document
    known = sorted({item.name for item in there})
    mend = mend_of(asked, known, "'allod catalogue list' has all names")
    what = f"{kind.lower()} '{asked}'" if kind else f"'{asked}'"
    raise NotFound(f"the catalogue has no {what}", mend=mend, field="name", value=asked)


#: Kinds in the order in which a name that several have is looked for: a party is asked for least.
_FOUND_FIRST = ("Site", "Cluster", "Antenna", "AccessMode", "FundingCall", "Charter", "Party")


def _parties(
    site: Site, charters: Sequence[Document], by_key: Mapping[str, Document]
) -> Iterator[Document]:
    """The parties that `site` and its charters name, each after its owners."""
    seen: set[str] = set()

    def with_owners(name: str) -> Iterator[Document]:
        document = by_key.get(f"Party/{name}")
        if document is None or name in seen:
            return
        seen.add(name)
        assert isinstance(document.spec, Party)
        for holding in document.spec.owners:
            yield from with_owners(holding.party)
        yield document

    named = [site.operator.value or "", *(role.party for role in site.parties)]
    for item in charters:
        assert isinstance(item.spec, Charter)
        for access_class in (one for top in item.spec.classes for one in top.walk()):
            named += access_class.eligible.parties
            named += [access_class.anchor.party] if access_class.anchor else []
    for name in named:
        yield from with_owners(name)
