"""Documents: YAML with apiVersion, kind, metadata and spec, read into frozen models.

Errors name the file, the path in it, the value and the mend; unknown keys are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from allod.domain.access_mode import AccessModeTerms
from allod.domain.antenna import Antenna
from allod.domain.base import Name, Part
from allod.domain.charter import Charter
from allod.domain.cluster import Cluster
from allod.domain.dataset import Dataset
from allod.domain.fact import Fact, Standing
from allod.domain.faults import invalid_document, shown
from allod.domain.funding_call import FundingCall
from allod.domain.nearest import mend_of, nearest
from allod.domain.party import Party
from allod.domain.project import Project
from allod.domain.scenario import Scenario
from allod.domain.service import Service
from allod.domain.site import Site
from allod.domain.workload import Workload
from allod.domain.yaml_text import line_of, raw_documents
from allod.errors import InvalidDocument

API_VERSION = "allod/v1"
_ENVELOPE = ("apiVersion", "kind", "metadata", "spec")

Spec = (
    Site
    | Party
    | Charter
    | Project
    | Dataset
    | Workload
    | Scenario
    | Service
    | Antenna
    | AccessModeTerms
    | Cluster
    | FundingCall
)
Kinds = Mapping[str, type[Spec]]

#: The kinds of documents that a node holds, in the order in which they are applied.
KINDS: dict[str, type[Spec]] = {
    "Party": Party,
    "Site": Site,
    "Charter": Charter,
    "Dataset": Dataset,
    "Project": Project,
    "Scenario": Scenario,
    "Service": Service,
    "Workload": Workload,
}

#: The kinds of documents that the catalogue holds: what a node may hold, and what was announced.
CATALOGUE_KINDS: dict[str, type[Spec]] = {
    "Party": Party,
    "Site": Site,
    "Charter": Charter,
    "Cluster": Cluster,
    "Antenna": Antenna,
    "AccessMode": AccessModeTerms,
    "FundingCall": FundingCall,
}


class Metadata(Part):
    """What a document is called."""

    name: Name


@dataclass(frozen=True, slots=True)
class Document:
    """A document: kind, name and the model that its spec became."""

    kind: str
    name: str
    spec: Spec
    file: str = ""  #: Where it was read, for messages only.

    @property
    def key(self) -> str:
        """'Kind/name', unique in a world."""
        return f"{self.kind}/{self.name}"

    def to_json(self) -> dict[str, Any]:
        """The document as plain values, defaults left out; `from_json` reads it back."""
        return {
            "apiVersion": API_VERSION,
            "kind": self.kind,
            "metadata": {"name": self.name},
            "spec": self.spec.model_dump(mode="json", exclude_defaults=True),
        }


def read_documents(text: str, file: str = "input", kinds: Kinds = KINDS) -> tuple[Document, ...]:
    """All documents of a YAML text, in its order.

    Raises:
        InvalidDocument: The text is not YAML, or a document breaks its schema.
    """
    try:
        return asked_documents(raw_documents(text, file), file, kinds)
    except InvalidDocument as error:
        raise _at_its_line(error, text, file) from error


def _at_its_line(error: InvalidDocument, text: str, file: str) -> InvalidDocument:
    """The error with the line of its field in place of that on which the document begins."""
    # A file may itself be called 'x:7'; of a text that is not YAML there is no line here.
    begins = error.file.removeprefix(f"{file}:")
    if not error.path or begins == error.file:
        return error
    path = error.path.rpartition(": ")[2]
    return error.at(f"{file}:{line_of(text, int(begins), path)}")


def asked_documents(
    raw: Sequence[tuple[int, Any]], file: str = "input", kinds: Kinds = KINDS
) -> tuple[Document, ...]:
    """The documents that plain values hold, each with the line on which it begins.

    Raises:
        InvalidDocument: One breaks its schema, or is there twice.
    """
    documents = tuple(asked_document(item, f"{file}:{line}", kinds) for line, item in raw)
    seen: dict[str, Document] = {}
    for document in documents:
        if document.key in seen:
            raise InvalidDocument(
                f"{document.key} is there twice", file=document.file, mend="remove one of them"
            )
        seen[document.key] = document
    return documents


def asked_document(item: Any, file: str = "input", kinds: Kinds = KINDS) -> Document:
    """The document that `item` holds, as people may write it: without facts that are assumed.

    Raises:
        InvalidDocument: It breaks its schema, or assumes what only a scenario may.
    """
    document = from_json(item, file, kinds)
    # Work has no facts, and is asked for a thousand times a second.
    path = "" if isinstance(document.spec, Workload) else _assumed_in(document.spec, "spec")
    if path:
        raise InvalidDocument(
            "only a scenario may assume a fact",
            file=file,
            path=f"{document.key}: {path}",
            value="standing: assumed",
            mend="write 'declared' with a source, or 'unknown' here and the value in a Scenario's "
            "spec.assumptions",
        )
    return document


def _assumed_in(value: Any, path: str) -> str:
    """The path of the first fact in `value` that is assumed; empty if none is."""
    if isinstance(value, Fact):
        return path if value.standing is Standing.ASSUMED else ""
    parts: list[tuple[str, Any]] = []
    if isinstance(value, BaseModel):
        parts = [(name, getattr(value, name)) for name in value.model_fields_set]
    elif isinstance(value, dict):
        parts = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, tuple):
        parts = [(f"[{i}]", item) for i, item in enumerate(value)]
    found = (_assumed_in(item, f"{path}.{name}") for name, item in sorted(parts, key=_first))
    return next(filter(None, found), "")


def _first(part: tuple[str, Any]) -> str:
    return part[0]


def from_json(item: Any, file: str = "input", kinds: Kinds = KINDS) -> Document:
    """The document that `item` (plain values) holds; a record may hold facts that are assumed.

    Raises:
        InvalidDocument: It breaks its schema.
    """
    if not isinstance(item, dict):
        raise InvalidDocument(
            "a document is a mapping",
            file=file,
            value=shown(item),
            mend="begin with 'apiVersion:'",
        )
    _check_envelope(item, file, kinds)
    if "\\x00" in repr(item):  # At once; where it may be, the walk finds it, or that it is none.
        _refuse_nul(item, file, "")
    model = kinds[item["kind"]]
    try:
        metadata = Metadata.model_validate(item["metadata"])
    except ValidationError as error:
        raise invalid_document(error, Metadata, file, "metadata") from error
    try:
        spec = model.model_validate(item.get("spec", {}))
    except ValidationError as error:
        raise invalid_document(
            error, model, file, f"{item['kind']}/{metadata.name}: spec"
        ) from error
    return Document(item["kind"], metadata.name, spec, file)


def _refuse_nul(value: Any, file: str, path: str) -> None:
    """No text may hold the character NUL: neither databases nor processes take it."""
    if isinstance(value, str) and "\0" in value:
        raise InvalidDocument("has a NUL character", file=file, path=path, mend="remove it")
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_nul(key, file, path)
            _refuse_nul(item, file, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for item in value:
            _refuse_nul(item, file, path)


def _check_envelope(item: dict[Any, Any], file: str, kinds: Kinds) -> None:
    # A key with a slip of the pen is missing too; what was meant is of more use.
    for key in item:
        if key not in _ENVELOPE:
            lacking = [name for name in _ENVELOPE if name not in item]
            mend = mend_of(str(key).lower(), lacking, "remove it or move it into spec")
            path = "~" if key is None else str(key)
            raise InvalidDocument("unknown key", file=file, path=path, mend=mend)
    for key in _ENVELOPE:
        if key not in item:
            raise InvalidDocument(f"'{key}' is missing", file=file, mend=f"add '{key}:'")
    if item["apiVersion"] != API_VERSION:
        raise InvalidDocument(
            "unknown version",
            file=file,
            path="apiVersion",
            value=shown(item["apiVersion"]),
            mend=f"write {API_VERSION}",
        )
    if not isinstance(item["kind"], str) or item["kind"] not in kinds:
        near = nearest(str(item["kind"]), kinds, 0.4)
        raise InvalidDocument(
            "unknown kind",
            file=file,
            path="kind",
            value=shown(item["kind"]),
            mend=f"write {near}" if near else f"write one of {', '.join(kinds)}",
        )
