"""YAML text: plain values with the lines that they came from, without what would end a process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from allod.domain.faults import shown
from allod.errors import InvalidDocument

_DEPTH_MAX = 64
_ALIASES_MAX = 1000
#: What is not closed, by what the parser says that it was doing.
_LEFT_OPEN = {
    "while parsing a flow mapping": "'{'",
    "while parsing a flow sequence": "'['",
    "while scanning a quoted scalar": "quote",
}
#: What PyYAML lets through of a value such as 2024-13-45, `!!int x` or a number of 5,000 digits.
_NOT_CAUGHT = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
#: Kinds of values by the last part of their tag, where that is no word for people.
_CALLED = {"timestamp": "date", "int": "whole number", "float": "number", "bool": "true or false"}
_ITEM = re.compile(r"\[(\d+)\]")


def raw_documents(
    text: str, file: str = "input", *, trusted: bool = False
) -> list[tuple[int, Any]]:
    """Plain values of all documents of a YAML text, each with the line on which it begins.

    `trusted`: it came with Allod, so nobody nested it to do harm; double keys are refused still.

    Raises:
        InvalidDocument: The text is not YAML, or holds no document.
    """
    raw = values_of(text, file, trusted=trusted)
    if not raw:
        raise InvalidDocument("there is no document", file=file, mend="write at least one document")
    return raw


def values_of(text: str, file: str, *, trusted: bool = False) -> list[tuple[int, Any]]:
    """The same; none where the text says nothing.

    Raises:
        InvalidDocument: The text is not YAML.
    """
    try:
        return [(line, item) for line, item in _load_all(text, trusted) if item is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "cannot be read"
        raise InvalidDocument(
            f"not valid YAML: {problem}", file=file, path=line, mend=_mend(error, problem)
        ) from error


def the_only(found: list[tuple[int, Any]], file: str) -> tuple[int, Any]:
    """The document of a text that may hold but one, with the line on which it begins.

    Raises:
        InvalidDocument: There are more; the second would be lost without a word.
    """
    if len(found) > 1:
        line, value = found[1]
        raise InvalidDocument(
            "one document is read here, and this is a second",
            file=file,
            path=f"line {line}",
            value=shown(value),
            mend="write all into one, with no line '---' in it",
        )
    return found[0]


class _Unreadable(yaml.MarkedYAMLError):
    """A plain value that is not what it looks like; `note` says how it is mended."""


def _mend(error: yaml.YAMLError, problem: str) -> str:
    if isinstance(error, _Unreadable):
        return str(error.note)
    begun, mark = getattr(error, "context", None), getattr(error, "context_mark", None)
    for doing, sign in _LEFT_OPEN.items():
        if mark and begun == doing:
            return f"close the {sign} that line {mark.line + 1} opens"
    if problem == "did not find expected node content":
        return "close each '{' and '[', or write a value after it"
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
            try:
                value = loader.construct_document(node)
            except _NOT_CAUGHT as error:
                raise _unreadable(node) from error
            yield node.start_mark.line + 1, value
    finally:
        loader.dispose()


def _unreadable(document: yaml.Node) -> yaml.MarkedYAMLError:
    """The error for the first plain value in `document` that is not what it looks like."""
    loader: Any = _Loader("")  # The one that failed takes the value for one inside itself.
    for node in _plain(document):
        try:
            loader.construct_object(node)
        except _NOT_CAUGHT:
            kind = node.tag.rpartition(":")[2]
            # Without this tag it would be text.
            tagged = loader.resolve(yaml.ScalarNode, node.value, (True, False)) != node.tag
            return _Unreadable(
                problem=f"{shown(node.value)} is no {_CALLED.get(kind, kind)}",
                problem_mark=node.start_mark,
                note=f"remove the tag '!!{kind}'" if tagged else "put quotes around what is text",
            )
    return yaml.MarkedYAMLError(problem="cannot be read", problem_mark=document.start_mark)


def _plain(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """The plain values and keys in `node`, in their order."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.MappingNode):
        for pair in node.value:
            for part in pair:
                yield from _plain(part)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _plain(item)


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


def line_of(text: str, begins: int, path: str) -> int:
    """The line of the field at `path`, such as 'spec.replicas.min' or 'spec.command.[4]', in the
    document that begins on a line; of what is around it where the path leads to nothing.
    """
    for node in yaml.compose_all(text, Loader=_Loader):
        if node.start_mark.line + 1 == begins:
            return _line_in(node, path, begins)
    return begins


def _line_in(node: yaml.Node, path: str, line: int) -> int:
    rest = path.lstrip(".")
    if isinstance(node, yaml.SequenceNode) and (item := _ITEM.match(rest)):
        at = int(item[1])
        if at < len(node.value):
            value = node.value[at]
            return _line_in(value, rest[item.end() :], value.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        # A key may have dots in it, so the longest that fits is meant.
        for key, value in sorted(node.value, key=lambda pair: -len(str(pair[0].value))):
            after = rest.removeprefix(str(key.value))
            if after != rest and after[:1] in ("", ".", "["):
                return _line_in(value, after, key.start_mark.line + 1)
    return line
