"""The catalogue as a whole: what is in it, whether its rules hold, and it as linked data."""

from __future__ import annotations

from pathlib import Path

import typer

from allod import catalogue
from allod.catalogue.check import RULES, WORDS, check
from allod.catalogue.files import read_shelf
from allod.catalogue.linked import to_text
from allod.cli.announced import today
from allod.cli.output import Column, note, out, out_json, table
from allod.cli.words import power
from allod.domain.document import Document
from allod.domain.site import Site
from allod.errors import NotFound
from allod.replay.files import check_folder, whole

_LIST = (
    Column("kind"),
    Column("name"),
    Column("country"),
    Column("maturity"),
    Column("announced power", right=True),
    Column("title", wraps=True),
)
_FINDINGS = (
    Column("rule"),
    Column("document"),
    Column("where", wraps=True),
    Column("says", wraps=True),
    Column("mend", wraps=True),
)


def show_list(kind: str, *, as_json: bool) -> None:
    """Print all documents, or those of one kind.

    Raises:
        NotFound: There is no such kind.
    """
    found = catalogue.listed(kind)
    if as_json:
        out_json([item.to_json() for item in found])
        return
    table(_LIST, map(_row, found), none="nothing of that kind is there")


def _row(document: Document) -> tuple[object, ...]:
    spec = document.spec
    country = getattr(getattr(spec, "country", None) or getattr(spec, "seat", None), "value", None)
    dossier = spec.dossier if isinstance(spec, Site) else None
    return (
        document.kind,
        document.name,
        country or "",
        (dossier.maturity.value or "unknown") if dossier else "",
        power(dossier.capacity_w.value) if dossier and dossier.capacity_w.known else "",
        getattr(spec, "title", ""),
    )


def show_check(folder: Path | None, *, as_json: bool) -> None:
    """Print what breaks a rule; exit status 1 if something does.

    Raises:
        NotFound: There is no such folder.
        InvalidDocument: A file cannot be read as what it is to be.
    """
    if folder and not folder.is_dir():
        raise NotFound(f"there is no folder {folder}", mend="name one with sources.yaml in it")
    shelf = read_shelf(folder) if folder else catalogue.shelf()
    found = check(shelf, today())
    if as_json:
        rows = [
            {"rule": f.rule, "document": f.document, "path": f.path, "says": f.says, "mend": f.mend}
            for f in found
        ]
        out_json({"documents": len(shelf.documents), "rules": list(RULES), "findings": rows})
    elif found:
        table(_FINDINGS, ((f.rule, f.document, f.path, f.says, f.mend) for f in found), none="none")
    else:
        out(f"{len(shelf.documents)} documents, {len(shelf.sources)} sources: every rule holds")
        for name, words in WORDS.items():
            out(f"  {name:<9} {words}")
    if found:
        raise typer.Exit(1)


def export(file: Path) -> None:
    """Write the catalogue as JSON-LD (schema.org and DCAT).

    Raises:
        InvalidInput, Unavailable: It cannot be written there.
    """
    check_folder(file, "FILE")
    with whole(file) as part:
        part.write_text(to_text(catalogue.shelf()), encoding="utf-8")
    note(f"{len(catalogue.everything())} documents in {file}")
