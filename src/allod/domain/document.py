"""Documents: YAML with apiVersion, kind, metadata and spec, read into frozen models.

Errors name the file, the path in it, the value and the mend; unknown keys are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from allod.domain.base import Name, Part
from allod.domain.charter import Charter
from allod.domain.dataset import Dataset
from allod.domain.party import Party
from allod.domain.project import Project
from allod.domain.scenario import Scenario
from allod.domain.site import Site
from allod.domain.workload import Workload
from allod.errors import InvalidDocument

API_VERSION = "allod/v1"
_DEPTH_MAX = 64
_ALIASES_MAX = 1000

Spec = Site | Party | Charter | Project | Dataset | Workload | Scenario

#: The kinds of documents, in the order in which they are applied.
KINDS: dict[str, type[Spec]] = {
    "Party": Party,
    "Site": Site,
    "Charter": Charter,
    "Dataset": Dataset,
    "Project": Project,
    "Scenario": Scenario,
    "Workload": Workload,
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


def read_documents(text: str, file: str = "input") -> tuple[Document, ...]:
    """All documents of a YAML text, in its order.

    Raises:
        InvalidDocument: The text is not YAML, or a document breaks its schema.
    """
    try:
        raw = [(node, item) for node, item in _load_all(text) if item is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "cannot be read"
        raise InvalidDocument(
            f"not valid YAML: {problem}", file=file, path=line, mend="mend the YAML syntax"
        ) from error
    if not raw:
        raise InvalidDocument("there is no document", file=file, mend="write at least one document")
    documents = tuple(from_json(item, file=f"{file}:{line}") for line, item in raw)
    seen: dict[str, Document] = {}
    for document in documents:
        if document.key in seen:
            raise InvalidDocument(
                f"{document.key} is there twice", file=document.file, mend="remove one of them"
            )
        seen[document.key] = document
    return documents


class _Loader(yaml.CSafeLoader):
    """YAML in which only true and false are booleans: NO is Norway, not a no (as in YAML 1.2)."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:bool"]
        for first, known in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF")
)


def _load_all(text: str) -> Iterator[tuple[int, Any]]:
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
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
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
            _refuse_double_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_double_keys(value)


def from_json(item: Any, file: str = "input") -> Document:
    """The document that `item` (plain values) holds.

    Raises:
        InvalidDocument: It breaks its schema.
    """
    if not isinstance(item, dict):
        raise InvalidDocument(
            "a document is a mapping",
            file=file,
            value=_shown(item),
            mend="begin with 'apiVersion:'",
        )
    _check_envelope(item, file)
    _refuse_nul(item, file, "")
    model = KINDS[item["kind"]]
    try:
        metadata = Metadata.model_validate(item["metadata"])
    except ValidationError as error:
        raise _invalid(error, Metadata, file, "metadata") from error
    try:
        spec = model.model_validate(item.get("spec", {}))
    except ValidationError as error:
        raise _invalid(error, model, file, f"{item['kind']}/{metadata.name}: spec") from error
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


def _check_envelope(item: dict[str, Any], file: str) -> None:
    for key in ("apiVersion", "kind", "metadata", "spec"):
        if key not in item:
            raise InvalidDocument(f"'{key}' is missing", file=file, mend=f"add '{key}:'")
    for key in item:
        if key not in ("apiVersion", "kind", "metadata", "spec"):
            raise InvalidDocument(
                "unknown key", file=file, path=str(key), mend="remove it or move it into spec"
            )
    if item["apiVersion"] != API_VERSION:
        raise InvalidDocument(
            "unknown version",
            file=file,
            path="apiVersion",
            value=_shown(item["apiVersion"]),
            mend=f"write {API_VERSION}",
        )
    if not isinstance(item["kind"], str) or item["kind"] not in KINDS:
        near = get_close_matches(str(item["kind"]), KINDS, 1, 0.4)
        raise InvalidDocument(
            "unknown kind",
            file=file,
            path="kind",
            value=_shown(item["kind"]),
            mend=f"write {near[0]}" if near else f"write one of {', '.join(KINDS)}",
        )


def _invalid(
    error: ValidationError, model: type[BaseModel], file: str, prefix: str
) -> InvalidDocument:
    """The first fault of `error` as one clear message; further ones are counted."""
    faults = error.errors(include_url=False)
    fault = faults[0]
    path = ".".join([prefix, *(_step(part) for part in fault["loc"])])
    more = f"; and {len(faults) - 1} more" if len(faults) > 1 else ""
    message, mend = _explained(fault, model)
    value = "" if fault["type"] == "missing" else _shown(fault["input"])
    return InvalidDocument(message + more, file=file, path=path, value=value, mend=mend)


def _explained(fault: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        known = sorted(_keys_at(model, fault["loc"][:-1]))
        near = get_close_matches(str(fault["loc"][-1]), known, 1, 0.5)
        mend = f"write '{near[0]}'" if near else f"known here: {', '.join(known)}"
        return "unknown key", mend
    if kind == "missing":
        return "is missing", f"add '{fault['loc'][-1]}:'"
    if kind == "value_error":
        message, _, mend = str(context.get("error", fault["msg"])).partition("; ")
        return message, mend
    if kind in ("enum", "literal_error"):
        return "is not one of the choices", f"write {context.get('expected', '')}"
    if kind == "string_pattern_mismatch":
        return "has characters that a name may not have", "use a-z, 0-9 and '-'"
    return fault["msg"].lower(), ""


def _keys_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> set[str]:
    """Keys that the schema knows at `loc`; found by walking the JSON Schema."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    nodes = [schema]
    for part in loc:
        following: list[dict[str, Any]] = []
        for node in _resolved(nodes, definitions):
            if isinstance(part, int):
                following += [node["items"]] if "items" in node else node.get("prefixItems", [])
            elif part in node.get("properties", {}):
                following.append(node["properties"][part])
            elif isinstance(node.get("additionalProperties"), dict):
                following.append(node["additionalProperties"])
        nodes = following
    return {key for node in _resolved(nodes, definitions) for key in node.get("properties", {})}


def _resolved(nodes: list[dict[str, Any]], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """`nodes` with references followed and alternatives laid side by side."""
    found: list[dict[str, Any]] = []
    for node in nodes:
        if "$ref" in node:
            found += _resolved([definitions[node["$ref"].rsplit("/", 1)[-1]]], definitions)
        elif "anyOf" in node:
            found += _resolved(node["anyOf"], definitions)
        else:
            found.append(node)
    return found


def _step(part: int | str) -> str:
    return f"[{part}]" if isinstance(part, int) else str(part)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
