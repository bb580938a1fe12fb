"""Documents: applied, removed, listed, shown; and their schemas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from allod.cli.client import Json, connect, part
from allod.cli.output import Column, out, out_json, table
from allod.cli.words import instant
from allod.domain.document import KINDS, Document
from allod.errors import InvalidDocument, InvalidInput

_LIST = (Column("kind"), Column("name"), Column("changed"), Column("by"))


def apply(data: Path, files: Sequence[Path], *, dry_run: bool, as_json: bool) -> None:
    """Read all files and apply them in one request, so that all hold or none."""
    from allod.cli.reading import read_all

    answer = applied(data, read_all(files), dry_run=dry_run)
    if as_json:
        out_json(answer)
    else:
        tell(answer)


def applied(data: Path, documents: Sequence[Document], *, dry_run: bool) -> Json:
    """What the node made of `documents`."""
    for document in documents:
        if document.kind == "Workload":
            raise InvalidDocument(
                f"{document.key} is work, not a part of the world",
                file=document.file,
                mend="give it to `allod submit`",
            )
        if document.kind == "Scenario":
            raise InvalidDocument(
                f"{document.key} holds for replays alone, not for a node",
                file=document.file,
                mend="give its file to `allod replay TRACE --scenario FILE`",
            )
    body = [document.to_json() for document in documents]
    with connect(data) as node:
        try:
            answer: Json = node.post("/v1/documents", body, dry_run=dry_run)
        except InvalidInput as error:
            raise _in_its_file(error, documents) from error
    return answer


def tell(answer: Json) -> None:
    """Print what the node made of each document, or would make."""
    tried = " (dry run)" if answer["dry_run"] else ""
    for change in answer["changes"]:
        out(f"{change['kind']}/{change['name']} {change['what']}{tried}")


def _in_its_file(error: InvalidInput, documents: Sequence[Document]) -> InvalidInput:
    """The node's error about a document, with file and line in place of the node's 'input'."""
    from allod.cli.reading import place_of

    for document in documents:
        # A rule of the world names the document alone.
        message = error.message.removeprefix("input: ").removeprefix(document.key)
        if message.startswith(": "):
            place = place_of(document.file, message[2:].partition(": ")[0])
            return InvalidInput(f"{place}: {document.key}{message}", mend=error.mend)
    return error


def remove(data: Path, kind: str, name: str, *, as_json: bool) -> None:
    """Remove a document."""
    if "/" in kind:
        raise InvalidInput(
            f"'{kind}' is no kind of documents",
            mend=f"write 'allod remove {kind.replace('/', ' ')}', one at a time",
        )
    kind = spelt(kind)
    with connect(data) as node:
        node.delete(f"/v1/documents/{part(kind)}/{part(name)}")
    if as_json:
        out_json({"kind": kind, "name": name, "what": "removed"})
    else:
        out(f"{kind}/{name} removed")


def show_list(data: Path, kind: str, *, as_json: bool) -> None:
    """Print the documents that hold now."""
    found = documents_of(data, spelt(kind))
    if as_json:
        out_json(found)
        return
    rows = (
        (item["kind"], item["name"], instant(item["changed_at_s"]), item["actor"] or "-")
        for item in found
    )
    table(_LIST, rows, none=f"no document{f' of kind {spelt(kind)}' if kind else ''} is there")


def documents_of(data: Path, kind: str) -> list[Json]:
    """The documents of a kind that hold now; of all kinds if it is empty."""
    with connect(data) as node:
        found: list[Json] = node.get("/v1/documents", kind=kind)["items"]
    return found


def show(data: Path, kind: str, name: str, *, as_json: bool) -> None:
    """Print a document in the form in which it is written."""
    with connect(data) as node:
        view = node.get(f"/v1/documents/{part(spelt(kind))}/{part(name)}")
    if as_json:
        out_json(view)
        return
    by = f" by {view['actor']}" if view["actor"] else ""
    out(f"# leaf {view['seq']}, {instant(view['changed_at_s'])}{by}")
    out(yaml.safe_dump(view["document"], sort_keys=False, allow_unicode=True).rstrip("\n"))


def spelt(kind: str) -> str:
    """The kind as documents spell it, for 'site' and 'sites' too; others stay as they are."""
    by_word = {word: known for known in KINDS for word in (known.lower(), f"{known.lower()}s")}
    return by_word.get(kind.lower(), "Party" if kind.lower() == "parties" else kind)


def schema(kind: str) -> None:
    """Print the JSON Schema of a kind, or of all by kind."""
    from allod.domain.schema import schema_of

    if kind == "all":
        out_json({name: schema_of(name) for name in KINDS})
    else:
        out_json(schema_of(spelt(kind)))
