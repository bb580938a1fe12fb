"""Documents: YAML with apiVersion, kind, metadata and spec, read into frozen models.

Errors name the file, the path in it, the value and the mend; unknown keys are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import yaml
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
from allod.domain.party import Party
from allod.domain.project import Project
from allod.domain.scenario import Scenario
from allod.domain.service import Service
from allod.domain.site import Site
from allod.domain.workload import Workload
from allod.errors import InvalidDocument

API_VERSION = "allod/v1"
_ENVELOPE = ("apiVersion", "kind", "metadata", "spec")
_DEPTH_MAX = 64
_ALIASES_MAX = 1000

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
    return asked_documents(raw_documents(text, file), file, kinds)


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


def raw_documents(
    text: str, file: str = "input", *, trusted: bool = False
) -> list[tuple[int, Any]]:
    """Plain values of all documents of a YAML text, each with the line on which it begins.

    `trusted`: it came with Allod, so nobody nested it to do harm; double keys are refused still.

    Raises:
        InvalidDocument: The text is not YAML, or holds no document.
    """
    try:
        raw = [(line, item) for line, item in _load_all(text, trusted) if item is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "cannot be read"
        raise InvalidDocument(
            f"not valid YAML: {problem}", file=file, path=line, mend=_yaml_mend(problem)
        ) from error
    if not raw:
        raise InvalidDocument("there is no document", file=file, mend="write at least one document")
    return raw


def _yaml_mend(problem: str) -> str:
    if "cannot start any token" in problem:
        return "write spaces in place of tabs, and quote text that begins with @, ` or %"
    if problem.endswith("is there twice"):
        return "remove one of them"
    if any(words in problem for words in ("block end", "mapping values", "expected key")):
        return "see that keys beside each other begin in the same column"
    return "mend the YAML syntax"


class _Loader(yaml.CSafeLoader):
    """YAML in which only true and false are booleans: NO is Norway, not a no (as in YAML 1.2)."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:bool"]
        for first, known in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF")
)
#: How plain words of a document are read, for whoever reads one as nodes.
RESOLVERS = _Loader.yaml_implicit_resolvers


def _load_all(text: str, trusted: bool) -> Iterator[tuple[int, Any]]:
    if not trusted:
        _refuse_depth(text)
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None  # check_node has seen one.
            _refuse_double_keys(node)
            yield node.start_mark.line + 1, loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_depth(text: str) -> None:
    """Deep nesting would end the process in the parser; aliases of aliases grow without bound."""
    anchored: list[bool] = []
    aliases = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        problem = ""
        if isinstance(event, yaml.AliasEvent):
            aliases += 1
            if any(anchored) or aliases > _ALIASES_MAX:
                problem = f"an alias inside an anchor, or more than {_ALIASES_MAX} of them"
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            anchored.append(event.anchor is not None)
            if len(anchored) > _DEPTH_MAX:
                problem = f"nested more than {_DEPTH_MAX} deep"
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            anchored.pop()
        if problem:
            mark: Any = event.start_mark  # Two kinds of marks: the parser's own and Python's.
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _refuse_double_keys(node: yaml.Node) -> None:
    """YAML keeps the last of two equal keys without a word; a lost rule must not be silent."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"key '{key.value}' is there twice", problem_mark=key.start_mark
                    )
                seen.add(key.value)
            if not isinstance(value, yaml.ScalarNode):
                _refuse_double_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_double_keys(value)


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


def _check_envelope(item: dict[str, Any], file: str, kinds: Kinds) -> None:
    # A key with a slip of the pen is missing too; what was meant is of more use.
    for key in item:
        if key not in _ENVELOPE:
            lacking = [name for name in _ENVELOPE if name not in item]
            near = get_close_matches(str(key).lower(), lacking, 1, 0.5)
            mend = f"write '{near[0]}'" if near else "remove it or move it into spec"
            raise InvalidDocument("unknown key", file=file, path=str(key), mend=mend)
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
        near = get_close_matches(str(item["kind"]), kinds, 1, 0.4)
        raise InvalidDocument(
            "unknown kind",
            file=file,
            path="kind",
            value=shown(item["kind"]),
            mend=f"write {near[0]}" if near else f"write one of {', '.join(kinds)}",
        )
