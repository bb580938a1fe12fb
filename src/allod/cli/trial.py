"""Trying submissions: what a node would decide, and for every site why; nothing is started."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from allod.cli.client import Json, connect
from allod.cli.explanation import told_sites
from allod.cli.output import out, out_json
from allod.cli.submission import decision_told
from allod.cli.words import counted, printable
from allod.domain.document import Document
from allod.errors import InvalidInput

_WOULD = {"placed": "would be placed", "waits": "would wait", "refused": "would be refused"}


def refuse_beside(*, wait: bool, count: int, key: str) -> None:
    """Refuse what means nothing where nothing is started.

    Raises:
        InvalidInput: One of them is given.
    """
    for given, option in ((wait, "--wait"), (count > 1, "--count"), (key, "--key")):
        if given:
            raise InvalidInput(f"--dry-run starts nothing, so {option} means nothing beside it")


def perform(data: Path, documents: Sequence[Document], *, as_json: bool) -> bool:
    """Try each by itself and say what would become of it; True if none would be refused."""
    with connect(data) as node:
        tried = [
            # It changes nothing, so it may be asked again.
            node.post("/v1/workloads", document.to_json(), dry_run=True)
            for document in documents
        ]
    if as_json:
        out_json(tried)
    else:
        for document, answer in zip(documents, tried, strict=True):
            for line in told(answer, document.to_json()["spec"].get("sites", ())):
                out(line)
    return all(answer["state"] != "refused" for answer in tried)


def told(answer: Json, sites: Sequence[str]) -> Iterator[str]:
    """The lines that say what would become of a workload."""
    verb, rest = decision_told(answer["decision"], sites)
    yield f"{printable(answer['name'])} {_WOULD[verb]}{rest}"
    reclaimed = [one for one in answer["others"] if one["kind"] == "reclaim"]
    if reclaimed:
        names = ", ".join(printable(one["workload_id"]) for one in reclaimed)
        yield f"for it {counted(len(reclaimed), 'workload')} would lose lent room: {names}"
    ended = answer["state"] == "refused"
    yield from told_sites(answer["explanation"], int(time.time()), ended=ended)
