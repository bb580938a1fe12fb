"""Faults: what breaks a document's schema, as one message with path, value and mend."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from allod.domain.base import NAME_PATTERN
from allod.domain.nearest import nearest
from allod.errors import InvalidDocument

#: How a number is written, by the last part of its key.
_UNITS = {
    "milli": "thousandths, such as 1150 for 1.15",
    "bp": "basis points, such as 2500 for 25 %",
    "w": "watts, such as 40000 or '40 kW'",
    "s": "seconds, or e.g. '90s', '2h', '2d'",
    "hours": "hours, such as 1000",
}
#: A fraction with such a key was probably meant in units of which there are so many to ours.
_PARTS = {"milli": (1000, "thousandths"), "bp": (10_000, "basis points")}
_NO_WHOLE_NUMBER = ("int_type", "int_parsing", "int_from_float", "int_parsing_size")


def invalid_document(
    error: ValidationError, model: type[BaseModel], file: str, prefix: str
) -> InvalidDocument:
    """The fault of `error` that says most as one clear message; further ones are counted.

    A slip of the pen in a key that is needed makes two faults, an unknown key and one that is
    missing; the first alone is told, with what was meant.
    """
    faults = error.errors(include_url=False)
    unknown = [fault for fault in faults if fault["type"] == "extra_forbidden"]
    fault = (unknown or faults)[0]
    message, mend = explained(fault, model, faults)
    meant = mend.removeprefix("write '").removesuffix("'")
    others = [other for other in faults if other is not fault and not _is(other, fault, meant)]
    path = ".".join([prefix, *(_step(part) for part in fault["loc"])])
    more = f"; after that see to {len(others)} more" if others else ""
    value = "" if fault["type"] == "missing" else shown(fault["input"])
    mend = f"{mend}{more}" if mend else more.removeprefix("; ")
    return InvalidDocument(message, file=file, path=path, value=value, mend=mend)


def _is(other: ErrorDetails, fault: ErrorDetails, meant: str) -> bool:
    """True if `other` misses the key that the unknown one of `fault` was meant to be."""
    beside = other["loc"][:-1] == fault["loc"][:-1]
    return other["type"] == "missing" and beside and other["loc"][-1] == meant


def explained(
    fault: ErrorDetails, model: type[BaseModel] | None, faults: list[ErrorDetails]
) -> tuple[str, str]:
    """What is wrong and how it is mended; of all `faults` and `model`, if any, what was meant."""
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        return "unknown key", _meant(fault, model, faults) if model else "remove it"
    if kind == "missing":
        return "is missing", f"add '{fault['loc'][-1]}:'"
    if kind == "value_error":
        message, _, mend = str(context.get("error", fault["msg"])).partition("; ")
        return message, mend
    if kind in ("enum", "literal_error"):
        return "is not one of the choices", f"write {context.get('expected', '')}"
    if kind == "string_pattern_mismatch":
        return _of_no_form(fault, context["pattern"])
    if kind in ("greater_than_equal", "less_than_equal"):
        return _out_of_bounds(fault)
    if kind in _NO_WHOLE_NUMBER:
        return "is not a whole number", _number(fault)
    if kind in ("bool_type", "bool_parsing"):
        return "is neither true nor false", "write true or false"
    return _KINDS.get(kind, (fault["msg"].lower(), ""))


def _of_no_form(fault: ErrorDetails, pattern: str) -> tuple[str, str]:
    if pattern != NAME_PATTERN:
        return "is not of the form that it must have", f"write what matches {pattern}"
    if fault["input"] == "":
        return "is empty", "write a name"
    return "has characters that a name may not have", "use a-z, 0-9 and '-'"


_MAPPING = ("is not a mapping", "write one: {key: value}")
#: Message and mend, by pydantic's word for the fault.
_KINDS = {
    "string_type": ("is not text", "put quotes around it"),
    "tuple_type": ("is not a list", "write one: [a, b]"),
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "too_short": ("has no entry", "write at least one"),
    "string_too_long": ("is too long", "shorten it"),
}


def _meant(fault: ErrorDetails, model: type[BaseModel], faults: list[ErrorDetails]) -> str:
    """What the unknown key may have been meant to be: one that is missing beside it, first."""
    *above, key = fault["loc"]
    missing = [f["loc"][-1] for f in faults if f["type"] == "missing" and [*f["loc"][:-1]] == above]
    known = sorted(_keys_at(model, tuple(above)))
    for names in ([str(name) for name in missing], known):
        if near := nearest(str(key), names):
            return f"write '{near}'"
    return f"known here: {', '.join(known)}"


def _out_of_bounds(fault: ErrorDetails) -> tuple[str, str]:
    context = fault.get("ctx", {})
    least, most = context.get("ge"), context.get("le")
    bound = f"at least {least:,}" if least is not None else f"at most {most:,}"
    unit = _unit(fault)
    hint = f", in {_UNITS[unit]}" if unit in _UNITS else ""
    return f"must be {bound}", f"write a number of {bound}{hint}".replace(",000", "000")


def _number(fault: ErrorDetails) -> str:
    unit, value = _unit(fault), fault["input"]
    if isinstance(value, float) and unit in _PARTS and value > 0:
        parts, word = _PARTS[unit]
        return f"write {round(value * parts)}: it is in {word}"
    return f"write whole {_UNITS[unit]}" if unit in _UNITS else "write a whole number"


def _unit(fault: ErrorDetails) -> str:
    """The unit that the key says it is in, '' if it says none."""
    keys = [part for part in fault["loc"] if isinstance(part, str) and part != "value"]
    return keys[-1].rpartition("_")[2] if keys else ""


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of `model`; making it takes longer than reading a document."""
    return model.model_json_schema()


def _keys_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> set[str]:
    """Keys that the schema knows at `loc`; found by walking the JSON Schema."""
    schema = _schema(model)
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


def shown(value: Any) -> str:
    """`value` as a message quotes it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
