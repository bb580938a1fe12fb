"""The documents that hold after an event, and the names that work may take from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from allod.decide.world import World, meant
from allod.domain.document import Document, from_json
from allod.domain.event import DocumentRemoved, DocumentsApplied
from allod.domain.workload import Workload
from allod.errors import Conflict, InvalidInput, NotFound

if TYPE_CHECKING:
    from allod.decide.engine import Engine


def with_documents(
    documents: Mapping[str, Document], event: DocumentsApplied
) -> dict[str, Document]:
    """`documents` and those of `event`, which come in the place of others of their name."""
    found = dict(documents)
    for item in event.documents:
        document = from_json(item)
        found[document.key] = document
    return found


def without_document(engine: Engine, event: DocumentRemoved) -> dict[str, Document]:
    """The documents of `engine` without the one that `event` names.

    Raises:
        NotFound: There is no such document.
        Conflict: Live work needs it.
    """
    key = f"{event.kind}/{event.name}"
    if key not in engine.documents:
        raise NotFound(f"there is no {key}", mend=meant(key, engine.documents))
    if event.kind == "Project":
        using = [w for w, live in engine.live.items() if live.workload.project == event.name]
        if using:
            raise Conflict(
                f"project '{event.name}' has live work, such as {using[0]}",
                mend="cancel it or wait for its end",
            )
    if event.kind == "Dataset":  # Without it nobody knows its rule any more (L4).
        reading = [w for w, live in engine.live.items() if event.name in live.workload.reads]
        if reading:
            raise Conflict(
                f"dataset '{event.name}' is read by live work, such as {reading[0]}",
                mend="cancel it or wait for its end",
            )
    return {name: document for name, document in engine.documents.items() if name != key}


def check_names(
    name: str, workload: Workload, world: World, inherited: Mapping[str, object]
) -> None:
    """Names in a workload are those of documents."""
    for noun, names, known in (
        ("project", (workload.project,), world.projects),
        ("dataset", workload.reads, {**world.datasets, **inherited}),
        ("site", workload.sites, world.sites),
    ):
        for item in names:
            if item not in known:
                raise InvalidInput(
                    f"Workload/{name}: no {noun} is called '{item}'", mend=meant(item, known)
                )
