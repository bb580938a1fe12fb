"""Known sites as documents, every value with source, date and standing.

What no source says is unknown here; a scenario may assume it. What sources disagree on has the
better founded value, and the others in its note.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import files

from allod.domain.document import Document, read_documents
from allod.errors import NotFound

_SUFFIX = ".yaml"


def names() -> tuple[str, ...]:
    """The names under which `load` knows sites, sorted."""
    return tuple(
        sorted(
            item.name.removesuffix(_SUFFIX)
            for item in files(__name__).iterdir()
            if item.name.endswith(_SUFFIX)
        )
    )


def load(*wanted: str) -> tuple[Document, ...]:
    """The documents of the known sites of these names: parties, site, charter.

    Each document comes once, also where two sites have a party in common.

    Raises:
        NotFound: There is no known site of that name.
    """
    documents: dict[str, Document] = {}
    for name in wanted:
        if name not in names():
            near = get_close_matches(name, names(), 1, 0.5)
            mend = f"write '{near[0]}'" if near else f"known: {', '.join(names())}"
            raise NotFound(f"the catalogue has no site '{name}'", mend=mend)
        text = files(__name__).joinpath(f"{name}{_SUFFIX}").read_text(encoding="utf-8")
        for document in read_documents(text, file=f"catalogue/{name}{_SUFFIX}"):
            documents.setdefault(document.key, document)
    return tuple(documents.values())
