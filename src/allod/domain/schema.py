"""The JSON Schemas of the documents: what an editor or another program may write.

They are made from the models. Where a model reads more than its type says ('2h', '230 MW', a bare
value for a fact), the schema says so too. Rules across fields, such as floors that fit into their
class, are in the models alone.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from allod.domain.areas import AREAS, check_area, check_country
from allod.domain.country_names import COUNTRIES
from allod.domain.docs import describe
from allod.domain.document import API_VERSION, CATALOGUE_KINDS, KINDS, Metadata
from allod.domain.fact import Fact, Said
from allod.domain.nearest import nearest
from allod.domain.period import parse_period
from allod.domain.units import (
    NEVER_S,
    parse_duration_s,
    parse_energy_wh,
    parse_instant_s,
    parse_power_w,
)
from allod.errors import NotFound

DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: What a node holds, and then what the catalogue alone holds.
ALL_KINDS = {**KINDS, **CATALOGUE_KINDS}

_INTEGER = {"type": "integer", "minimum": 0}
#: Types of ours that the models know by the function that reads them.
_SHARED: dict[str, JsonSchemaValue] = {
    "Duration": {
        "title": "Duration",
        "description": "Seconds, or text such as '90s', '2h', '1h30m', '2d'.",
        "anyOf": [
            _INTEGER,
            {
                "type": "string",
                "pattern": r"^\s*([0-9]+|([0-9]+\s*([sSmMhHdDwW]|[mM][iI][nN])\s*)+)$",
            },
        ],
    },
    "Power": {
        "title": "Power",
        "description": "Watts, or text such as '1200 W', '40 kW', '1.5 MW'.",
        "anyOf": [
            {**_INTEGER, "maximum": 10**12},
            {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*([kKmMgG]?[wW])?\s*$"},
        ],
    },
    "Energy": {
        "title": "Energy",
        "description": "Watt-hours, or text such as '1200 Wh', '40 kWh', '1.5 MWh'.",
        "anyOf": [
            {**_INTEGER, "maximum": 10**15},
            {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*([kKmMgG]?[wW][hH])?\s*$"},
        ],
    },
    "Instant": {
        "title": "Instant",
        "description": "A date or time (UTC unless it says otherwise) such as 2026-12-31 or "
        "2026-12-31T06:00Z, or epoch seconds.",
        "anyOf": [
            _INTEGER,
            {"type": "string", "pattern": r"^\s*([0-9]+|[0-9]{4}-?[0-9W][-0-9:TWZ+. ]*)\s*$"},
        ],
    },
    "Period": {
        "title": "Period",
        "description": "A year, half-year, quarter, month or day: 2026, 2026-H2, 2026-Q3, 2026-09.",
        "anyOf": [
            {"type": "integer", "minimum": 1000, "maximum": 9999},
            {"type": "string", "pattern": r"^[0-9]{4}(-(H[12]|Q[1-4]|[01][0-9](-[0-3][0-9])?))?$"},
        ],
    },
    "Country": {
        "title": "Country",
        "description": "ISO 3166-1 alpha-2 code.",
        "enum": sorted(COUNTRIES),
    },
    "Area": {
        "title": "Area",
        "description": "A country, or a named area that stands for its countries.",
        "anyOf": [{"$ref": "#/$defs/Country"}, {"enum": sorted(AREAS)}],
    },
}
_READERS: dict[Any, str] = {
    parse_duration_s: "Duration",
    parse_power_w: "Power",
    parse_energy_wh: "Energy",
    parse_instant_s: "Instant",
    parse_period: "Period",
    check_country: "Country",
    check_area: "Area",
}
_MARK = "x-allod-type"
#: Fields of a fact that hold other values of it.
_HISTORY = ("earlier", "others")
#: How pydantic writes the module of `Fact` where two facts of it are spelt alike.
_FACT_MODULE = Fact.__module__.replace(".", "__")
#: Limits that the shared types state already.
_LIMITS_OF_TYPES = (0, 10**12, 10**15, NEVER_S)


class _Generator(GenerateJsonSchema):
    """Marks our own types, so that `_finished` can put their schema in."""

    def function_before_schema(
        self, schema: core_schema.BeforeValidatorFunctionSchema
    ) -> JsonSchemaValue:
        return _marked(schema["function"]["function"], super().function_before_schema(schema))

    def function_after_schema(
        self, schema: core_schema.AfterValidatorFunctionSchema
    ) -> JsonSchemaValue:
        return _marked(schema["function"]["function"], super().function_after_schema(schema))


def _marked(reader: Any, made: JsonSchemaValue) -> JsonSchemaValue:
    """The mark of our type that `reader` reads, with the limits of the field; else `made`."""
    if reader not in _READERS:
        return made
    return {_MARK: _READERS[reader]} | {
        key: limit for key, limit in made.items() if key in ("minimum", "maximum")
    }


def check_kind(kind: str) -> None:
    """Refuse a kind that no document has.

    Raises:
        NotFound: There is no such kind.
    """
    if kind not in ALL_KINDS:
        near = nearest(kind.capitalize(), ALL_KINDS, 0.4)
        mend = f"write {near}" if near else f"write one of {', '.join(ALL_KINDS)}"
        raise NotFound(f"there is no kind of document '{kind}'", mend=mend)


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema of documents of `kind`.

    Raises:
        NotFound: There is no such kind.
    """
    check_kind(kind)
    spec = ALL_KINDS[kind].model_json_schema(schema_generator=_Generator)
    metadata = Metadata.model_json_schema(schema_generator=_Generator)
    definitions = {**spec.pop("$defs", {}), "Metadata": metadata, kind: spec}
    facts = {name: Fact for name in definitions if _is_of(Fact, name)}
    describe(definitions, {kind: ALL_KINDS[kind], **facts})
    finished = {
        name: _finished(node) for name, node in definitions.items() if not _is_of(Said, name)
    }
    renamed = _names_of_facts(finished)
    for old, new in renamed.items():
        finished[new] = _fact(finished.pop(old))
    envelope: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": f"urn:{API_VERSION.replace('/', ':')}:{kind}",
        "title": kind,
        "description": finished[kind].get("description", ""),
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": kind},
            "metadata": {"$ref": "#/$defs/Metadata"},
            "spec": {"$ref": f"#/$defs/{kind}"},
        },
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": False,
        "$defs": finished,
    }
    relinked: dict[str, Any] = _relinked(envelope, renamed)
    relinked["$defs"] |= {name: _SHARED[name] for name in _used(relinked)}
    relinked["$defs"] = dict(sorted(relinked["$defs"].items()))
    return relinked


def _finished(node: Any) -> Any:
    """`node` with our types named, limits as JSON Schema words, and mappings closed."""
    if isinstance(node, list):
        return [_finished(item) for item in node]
    if not isinstance(node, dict):
        return node
    done = {key: _finished(item) for key, item in node.items()}
    if _MARK in done:
        done["$ref"] = f"#/$defs/{done.pop(_MARK)}"
    for ours, theirs in (("ge", "minimum"), ("le", "maximum")):
        wider, limit = done.pop(ours, None), done.pop(theirs, None)
        limit = wider if limit is None else limit
        if isinstance(limit, int) and not ("$ref" in done and limit in _LIMITS_OF_TYPES):
            done[theirs] = limit
    if "patternProperties" in done:
        done.setdefault("additionalProperties", False)
    default = done.get("default")
    if default == NEVER_S:
        del done["default"]
        done["description"] = f"{done.get('description', '')} Default: never.".strip()
    if isinstance(default, dict) and "standing" in default:
        done["default"] = "unknown" if default["value"] is None else default["value"]
    return done


def _is_of(model: type[Said[Any]], name: str) -> bool:
    """True if a schema's name is that of `model` with a type put in."""
    # pydantic puts the module before a name that it would give twice.
    return name.startswith((f"{model.__name__}_", f"{_FACT_MODULE}__{model.__name__}_"))


def _names_of_facts(finished: dict[str, Any]) -> dict[str, str]:
    """A name for each kind of fact: 'FactOfPower'; of numbers the widest range has the short one.

    Narrower ones add where they begin and, if that is not enough, where they end; texts that
    differ in their form alone are numbered.
    """
    values = {
        name: node["properties"]["value"]["anyOf"][0]
        for name, node in finished.items()
        if _is_of(Fact, name)
    }
    renamed: dict[str, str] = {}
    for name, value in sorted(values.items(), key=lambda item: -_width(item[1])):
        word = f"FactOf{_word(value)}"
        for ending in ("minimum", "maximum"):
            if word in renamed.values() and ending in value:
                word += f"{'From' if ending == 'minimum' else 'To'}{value[ending]}"
        same = sum(other.rstrip("0123456789") == word for other in renamed.values())
        renamed[name] = f"{word}{same + 1}" if word in renamed.values() else word
    return renamed


def _width(value: dict[str, Any]) -> int:
    """How many whole numbers a value may be; 0 for what is no number."""
    return int(value["maximum"] - value["minimum"]) if "minimum" in value else 0


def _fact(node: dict[str, Any]) -> dict[str, Any]:
    """The schema of a fact: the bare value, 'unknown', or the value and where it is from."""
    value = node["properties"]["value"]["anyOf"][0]
    once = {name: item for name, item in node["properties"].items() if name not in _HISTORY}
    said = {**node, "title": "Said", "properties": once}
    said["description"] = "A value as somebody said it: one source, one day."
    listed = {name: {**node["properties"][name], "items": said} for name in _HISTORY}
    node = {**node, "properties": {**once, **listed}}
    return {
        "description": "The value, 'unknown', or the value with source, date and standing.",
        "anyOf": [value, {"const": "unknown"}, {"type": "null"}, {**node, "title": "Fact"}],
    }


def _word(value: dict[str, Any]) -> str:
    """A word for the type of a fact's value: 'Power', 'Zone', 'Name', 'Integer', 'PhaseState'."""
    if "$ref" in value:
        return str(value["$ref"].rsplit("/", 1)[-1])
    if "title" in value:
        return str(value["title"])
    if value["type"] == "array":
        return f"{_word(value['items'])}List"
    return "Name" if "pattern" in value else str(value["type"]).capitalize()


def _relinked(node: Any, renamed: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_relinked(item, renamed) for item in node]
    if not isinstance(node, dict):
        return node
    done = {key: _relinked(item, renamed) for key, item in node.items()}
    if "$ref" in done and isinstance(done["$ref"], str):
        name = done["$ref"].rsplit("/", 1)[-1]
        done["$ref"] = f"#/$defs/{renamed.get(name, name)}"
    return done


def _used(node: Any) -> set[str]:
    """The types of ours that `node` names, and those that they name."""
    if isinstance(node, list):
        return {name for item in node for name in _used(item)}
    if not isinstance(node, dict):
        return set()
    names = {name for item in node.values() for name in _used(item)}
    reference = node.get("$ref")
    if isinstance(reference, str) and (name := reference.rsplit("/", 1)[-1]) in _SHARED:
        names |= {name} | _used(_SHARED[name])
    return names
