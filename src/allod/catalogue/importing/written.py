"""The files of a catalogue as an import leaves them; they are replaced all or none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from allod.catalogue.check import check
from allod.catalogue.files import SOURCES, Shelf, read_shelf
from allod.catalogue.importing.edit import (
    appended,
    document_text,
    with_fact,
    with_item,
    with_source,
)
from allod.catalogue.importing.plan import Plan
from allod.catalogue.importing.record import RECORD, Record, record_text
from allod.errors import InvalidInput

_PART = ".part"


def texts(plan: Plan, record: Record, shelf: Shelf, folder: Path) -> dict[str, str]:
    """Each file that becomes another, as it is to be, by its path in `folder`."""
    # A document's file is told with the line on which it begins.
    files = {
        item.key: item.file.removeprefix("catalogue/").rsplit(":", 1)[0] for item in shelf.documents
    }
    found: dict[str, str] = {}

    def text(name: str) -> str:
        path = folder / name
        return found.get(name) or (path.read_text(encoding="utf-8") if path.exists() else "")

    for change in plan.changes:
        name = files[change.document]
        edit = with_item if change.adds else with_fact
        found[name] = edit(text(name), change.document, change.path, change.said)
    for item in plan.new:
        document, before = document_text(item.tree), text(item.file)
        found[item.file] = appended(before, document) if before else document
    for name, fields in plan.sources.items():
        found[SOURCES] = with_source(text(SOURCES), name, fields)
    found[RECORD] = record_text(record)
    return {name: new for name, new in found.items() if not _same(folder / name, new)}


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def replace(folder: Path, files: Mapping[str, str], today: Date) -> None:
    """Write `files` into `folder` if every rule of the catalogue holds then; all of them or none.

    Raises:
        InvalidDocument, InvalidInput: A rule would not hold, or the folder cannot be written.
    """
    _hold(folder, files, today)
    before = {name: _bytes(folder / name) for name in files}
    try:
        for name, text in files.items():
            part = folder / (name + _PART)
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(text, encoding="utf-8")
        for name in files:
            (folder / (name + _PART)).replace(folder / name)
    except OSError as error:
        for name, old in before.items():
            _restore(folder / name, old)
        words = f"{folder} cannot be written: {(error.strerror or str(error)).lower()}"
        raise InvalidInput(words, mend="name a folder of yours by --into") from error


def _hold(folder: Path, files: Mapping[str, str], today: Date) -> None:
    with TemporaryDirectory() as made:
        trial = Path(made) / "catalogue"
        copytree(folder, trial, ignore=lambda _, names: [n for n in names if n.endswith(".py")])
        for name, text in files.items():
            (trial / name).parent.mkdir(parents=True, exist_ok=True)
            (trial / name).write_text(text, encoding="utf-8")
        found = check(read_shelf(trial), today)
    if found:
        first = found[0]
        where = f"{first.document}: {first.path}" if first.path else first.document
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise InvalidInput(
            f"the rule '{first.rule}' would not hold: {where} {first.says}{more}; "
            "nothing is written",
            mend=first.mend,
        )


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _restore(path: Path, old: bytes | None) -> None:
    """What was there before, as far as it is not there any more."""
    path.with_name(path.name + _PART).unlink(missing_ok=True)
    now = _bytes(path)
    if old is None and now is not None:
        path.unlink()
    elif old is not None and now != old:
        path.write_bytes(old)
