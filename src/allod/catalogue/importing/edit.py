"""Edits of a YAML file that leave every other line of it, comments and order as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from allod.domain.yaml_text import RESOLVERS
from allod.errors import InvalidDocument

_WIDE = 10**9
_LINE_MAX = 110
_COMMENT = re.compile(r"^[ \t]*(#.*)$", re.MULTILINE)
#: Parts of a fact that say what was, or is elsewhere, said of it.
_BESIDE = ("earlier", "others")


class _Loader(yaml.SafeLoader):
    """YAML as documents have it, with nodes that know where in the text they are."""

    yaml_implicit_resolvers = RESOLVERS


def with_fact(text: str, key: str, path: str, said: Mapping[str, Any]) -> str:
    """`text` with a new fact at `path` of the document `key`; what stood there becomes earlier.

    Raises:
        InvalidDocument: There is no place for it.
    """
    parent, rest = _deepest(_spec(text, key), path.split("."))
    if len(rest) > 1 or (found := _pair(parent, rest[0])) is None:
        return _inserted(text, parent, rest, said, key)
    name, old = found
    return _replaced(text, name, old, _joined(old, said), flow=bool(parent.flow_style))


def with_item(text: str, key: str, path: str, said: Mapping[str, Any]) -> str:
    """`text` with one more fact at the end of the list at `path`.

    Raises:
        InvalidDocument: There is no such list of lines.
    """
    parent, rest = _deepest(_spec(text, key), path.split("."))
    found = _pair(parent, rest[0]) if len(rest) == 1 else None
    if found is None or not isinstance(found[1], SequenceNode) or found[1].flow_style:
        raise InvalidDocument("has no list of lines there", file=key, path=path)
    items = found[1]
    dash = " " * items.start_mark.column + "- "
    end = _end(text, items)
    return f"{text[:end]}\n{dash}{_flow(said)}{text[end:]}"


def with_source(text: str, name: str, fields: Mapping[str, Any]) -> str:
    """The text of sources.yaml with these fields of one source; a new one comes in its order."""
    root = yaml.compose(text, Loader=_Loader)
    assert isinstance(root, MappingNode)
    if (found := _pair(root, name)) is None:
        lines = "".join(f"  {field}: {_flow(value)}\n" for field, value in fields.items())
        later = (key for key, _ in root.value if key.value > name)
        at = next((key.start_mark.index for key in later), len(text))
        return f"{text[:at]}{_flow(name)}:\n{lines}{text[at:]}"
    for field, value in fields.items():
        root = yaml.compose(text, Loader=_Loader)
        found = _pair(root, name)
        assert found is not None
        assert isinstance(found[1], MappingNode)
        if (one := _pair(found[1], field)) is None:
            text = _inserted(text, found[1], [field], value, name)
        else:
            end = _end(text, one[1])
            text = text[: one[1].start_mark.index] + _flow(value) + text[end:]
    return text


def appended(text: str, document: str) -> str:
    """`text` with one more document at its end."""
    return f"{text.rstrip()}\n---\n{document}"


def document_text(tree: Mapping[str, Any]) -> str:
    """A document as YAML: a line for each fact, where it fits."""
    return "".join(_lines(tree, ""))


def _spec(text: str, key: str) -> MappingNode:
    kind, name = key.split("/")
    for root in yaml.compose_all(text, Loader=_Loader):
        head = _value(root)
        if head.get("kind") == kind and head.get("metadata", {}).get("name") == name:
            found = _pair(root, "spec")
            assert found is not None
            assert isinstance(found[1], MappingNode)
            return found[1]
    raise InvalidDocument("is not in its file", file=key)


def _value(node: Node) -> Any:
    return _Loader("").construct_document(node)


def _pair(node: Node | None, name: str) -> tuple[Node, Node] | None:
    pairs = node.value if isinstance(node, MappingNode) else []
    return next(((key, value) for key, value in pairs if key.value == name), None)


def _is_flow(node: Node) -> bool:
    return bool(getattr(node, "flow_style", False))


def _deepest(node: MappingNode, parts: list[str]) -> tuple[MappingNode, list[str]]:
    """The last map on the way that is there, and what of the way is left."""
    while len(parts) > 1 and (found := _pair(node, parts[0])):
        if not isinstance(found[1], MappingNode):
            break
        node, parts = found[1], parts[1:]
    return node, parts


def _joined(old: Node, said: Mapping[str, Any]) -> dict[str, Any]:
    """The new fact with its history: what `old` had as history, then `old` itself."""
    value = _value(old)
    was = value if isinstance(value, dict) else {"value": value}
    one = {name: item for name, item in was.items() if name not in _BESIDE}
    known = one.get("value") not in (None, "unknown")
    earlier = [*was.get("earlier", ()), *([one] if known else [])]
    others = was.get("others")
    return {
        **said,
        **({"earlier": earlier} if earlier else {}),
        **({"others": others} if others else {}),
    }


def _replaced(text: str, name: Node, old: Node, said: Mapping[str, Any], *, flow: bool) -> str:
    begin = text.index(":", name.end_mark.index) + 1
    end = _end(text, old)
    if flow:
        return f"{text[:begin]} {_flow(said)}{text[end:]}"
    pad = " " * (name.start_mark.column + 2)
    kept = (
        ""
        if _is_flow(old)
        else "".join(f"\n{pad}{comment}" for comment in _COMMENT.findall(text[begin:end]))
    )
    return f"{text[:begin]}{kept}{_fact(said, pad, kept=bool(kept))}{text[end:]}"


def _fact(said: Mapping[str, Any], pad: str, *, kept: bool = False) -> str:
    """A fact after its colon: on the same line if it is short and has no history."""
    line = f" {_flow(said)}"
    if not kept and not any(name in said for name in _BESIDE) and len(pad + line) < _LINE_MAX - 20:
        return line
    lines = []
    for name, value in said.items():
        if name in _BESIDE or (len(one := _flow(value)) > _LINE_MAX and isinstance(value, list)):
            lines += [f"{pad}{name}:", *(f"{pad}  - {_flow(item)}" for item in value)]
        else:
            lines.append(f"{pad}{name}: {one}")
    return "\n" + "\n".join(lines)


def _inserted(text: str, parent: MappingNode, rest: list[str], said: Any, key: str) -> str:
    """A new key at the end of `parent`, with the maps that lead to it."""
    if parent.flow_style:
        raise InvalidDocument("has no room there", file=key, path=".".join(rest))
    tree: Any = said
    for part in reversed(rest):
        tree = {part: tree}
    end = _end(text, parent)
    lines = "".join(_lines(tree, " " * parent.start_mark.column)).rstrip("\n")
    return f"{text[:end]}\n{lines}{text[end:]}"


def _lines(tree: Mapping[str, Any], pad: str) -> Iterator[str]:
    for name, value in tree.items():
        key = _flow(name)
        if isinstance(value, Mapping) and _is_fact(value):
            yield f"{pad}{key}:{_fact(value, pad + '  ')}\n"
        elif isinstance(value, Mapping) and pad:
            yield f"{pad}{key}:\n"
            yield from _lines(value, f"{pad}  ")
        elif isinstance(value, Mapping):
            inner = value if name == "spec" else None
            yield f"{key}:\n" if inner else f"{key}: {_flow(value)}\n"
            yield from _lines(inner or {}, "  ")
        elif isinstance(value, list) and value and all(isinstance(x, Mapping) for x in value):
            yield f"{pad}{key}:\n"
            yield from (f"{pad}  - {_flow(item)}\n" for item in value)
        else:
            yield f"{pad}{key}: {_flow(value)}\n"


def _is_fact(value: Mapping[str, Any]) -> bool:
    return bool({"value", "standing"} & value.keys())


def _flow(value: Any) -> str:
    """A value on one line."""
    shown = yaml.dump(
        value,
        Dumper=yaml.SafeDumper,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=_WIDE,
    )
    return "\n".join(takewhile(lambda line: line != "...", shown.splitlines()))


def _end(text: str, node: Node) -> int:
    """Where a node's own text ends, before what PyYAML counts to it: blank lines, comments."""
    last = node
    while not isinstance(last, ScalarNode) and not _is_flow(last) and last.value:
        item = last.value[-1]
        last = item[1] if isinstance(item, tuple) else item
    end: int = last.end_mark.index
    return len(text[:end].rstrip()) if isinstance(last, ScalarNode) else end
