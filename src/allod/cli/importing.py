"""A changed file of facts beside the catalogue: what it changes, and what a person must read."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from allod.catalogue.files import read_shelf
from allod.catalogue.importing import planned, read_facts, read_record, replace, texts
from allod.catalogue.importing.facts import plain
from allod.catalogue.importing.plan import Change, Plan, ToRead, read_now
from allod.catalogue.importing.record import RECORD
from allod.cli.announced import today
from allod.cli.output import Column, note, out, out_json, table
from allod.cli.words import counted
from allod.errors import InvalidInput, NotFound

_CHANGES = (
    Column("document"),
    Column("what", wraps=True),
    Column("before", wraps=True),
    Column("after", wraps=True),
    Column("source"),
)
_SHOWN = 90


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for."""

    facts: Path
    into: Path | None
    write: bool
    read: bool


def show(asked: Asked, *, as_json: bool) -> None:
    """Print what the facts change, and write it if that was asked for.

    Raises:
        InvalidDocument: The file is no file of facts, or the folder no catalogue.
        NotFound: There is no such file, or folder with a record.
        InvalidInput: A rule of the catalogue would not hold, or nothing can be written there.
    """
    if asked.read and not asked.write:
        raise InvalidInput("--read records what was read, so it writes", mend="add --write")
    folder = asked.into or Path(str(files("allod.catalogue")))
    facts = read_facts(_text(asked.facts, "give a YAML file of facts"), asked.facts.name)
    mend = f"name a folder with sources.yaml and {RECORD} by --into"
    record = read_record(_text(folder / RECORD, mend), RECORD)
    shelf = read_shelf(folder)
    plan = planned(facts, record, shelf)
    after = read_now(plan, facts, record, everything=asked.read)
    changed = texts(plan, after, shelf, folder) if asked.write and not plan.empty else {}
    if changed:
        replace(folder, changed, today())
    if as_json:
        out_json(_json(plan, sorted(changed)))
        return
    _print(plan)
    for name in sorted(changed):
        note(f"written: {name}")
    if not asked.write and (plan.changes or plan.new or plan.sources):
        note("Nothing is written; --write does it.")


def _text(path: Path, mend: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}", mend=mend) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read as text", mend=mend) from error


def _print(plan: Plan) -> None:
    if plan.empty:
        out("nothing has changed")
        return
    out(
        f"{counted(len(plan.changes), 'value')} changed, {counted(len(plan.new), 'new document')}, "
        f"{counted(len(plan.sources), 'source')} new or changed, {len(plan.to_read)} to be read"
    )
    if plan.changes:
        out()
        table(_CHANGES, map(_change_row, plan.changes), none="")
    for item in plan.new:
        out()
        out(f"new: {item.document} in {item.file}, a skeleton")
    for name, fields in plan.sources.items():
        out()
        out(f"source {name}: {', '.join(f'{key} {value}' for key, value in fields.items())}")
    if plan.to_read:
        out()
        out("to be read by a person:")
    for one in plan.to_read:
        _print_read(one)


def _change_row(one: Change) -> tuple[object, ...]:
    day = f" ({one.said['date']})" if "date" in one.said else ""
    return one.document, one.path, one.before, one.after, f"{one.said['source']}{day}"


def _print_read(one: ToRead) -> None:
    where = ", ".join(one.documents) or "no document is made from it"
    out(f"  {where}, from {': '.join(part for part in one.fact if part)}")
    for word, text in (("was", one.before), ("now", one.after), ("why", one.why)):
        if text:
            out(f"    {word}  {_short(text)}")


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"


def _json(plan: Plan, written: list[str]) -> dict[str, Any]:
    return {
        "changes": [
            {
                "document": one.document,
                "path": one.path,
                "before": one.before,
                "after": one.after,
                "said": _plain(one.said),
                "fact": list(one.fact),
            }
            for one in plan.changes
        ],
        "new": [
            {"document": one.document, "file": one.file, "subject": one.subject} for one in plan.new
        ],
        "sources": {name: _plain(fields) for name, fields in plan.sources.items()},
        "to_read": [
            {
                "documents": list(one.documents),
                "fact": [part for part in one.fact if part],
                "before": one.before,
                "after": one.after,
                "why": one.why,
            }
            for one in plan.to_read
        ],
        "written": written,
    }


def _plain(fields: Any) -> Any:
    return plain(dict(fields))
