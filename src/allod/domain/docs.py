"""What the models' source says of their fields, read when a schema is made."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from functools import cache
from textwrap import dedent
from typing import Any

from pydantic import BaseModel

from allod.domain.base import Part


@cache
def attribute_docs(model: type[BaseModel]) -> dict[str, str]:
    """The text below each field in the source of `model`, and of what it inherits from."""
    docs: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if issubclass(kind, Part) and kind is not Part and "[" not in kind.__name__:
            docs |= _of_class(kind)
    return docs


def _of_class(kind: type) -> dict[str, str]:
    (tree,) = ast.parse(dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            told = text.value.value if _is_text(text) else None  # type: ignore[attr-defined]
            if told:
                found[field.target.id] = inspect.cleandoc(told)
    return found


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def describe(
    definitions: dict[str, dict[str, Any]], named: Mapping[str, type[BaseModel]] | None = None
) -> None:
    """Put the text of each field into the JSON Schemas of our models, by the models' names.

    `named` has models whose schema goes by another name. Facts describe themselves.
    """
    models = {model.__name__: model for model in _models(Part)} | dict(named or {})
    for name, node in definitions.items():
        docs = attribute_docs(models[name]) if name in models else {}
        for field, text in docs.items():
            if field in node.get("properties", {}):
                node["properties"][field].setdefault("description", text)


def _models(base: type[Part]) -> list[type[Part]]:
    return [one for kind in base.__subclasses__() for one in (kind, *_models(kind))]
