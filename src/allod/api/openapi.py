"""The OpenAPI document: the contract, as FastAPI finds it and as `views.py` writes it."""

from __future__ import annotations

import inspect
import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from allod import __version__
from allod.api.shapes import DocumentBody, Problem
from allod.api.views import STEP_WORDS
from allod.domain import decision, said
from allod.domain.docs import describe
from allod.domain.said import SAYINGS
from allod.domain.schema import schema_of
from allod.plan import concentration, find, regions, roadmap
from allod.run import attention, node_map, node_views, power_views, project_views
from allod.run.replays import views as replay_views
from allod.run.serving import kept, service_views
from allod.run.serving import usage as serving_usage

Json = dict[str, Any]

_DESCRIPTION = """\
Ask a node for work, see what it decided and why, describe its world.

Every change is durable in the node's log before it is answered. Times are seconds since 1970-01-01
UTC (`_at_s`), durations seconds (`_s`), power watts (`_w`); a time of 2**53 means never. Errors are
problem documents (RFC 9457). Writing needs a bearer token; reading needs none on loopback unless
the node is set so.
"""
_TAGS = [
    {"name": "workloads", "description": "What is asked to run."},
    {"name": "documents", "description": "What the node knows of the world."},
    {"name": "projects", "description": "Who asks, what was given to them and what is used."},
    {"name": "sites", "description": "Capacity, access classes and power now."},
    {"name": "sovereignty", "description": "What facts come to, and how well they stand."},
    {
        "name": "catalogue",
        "description": "What was announced, with dates and sources: facts that anybody may read.",
    },
    {
        "name": "reports",
        "description": "Questions over the catalogue.",
    },
    {"name": "tokens", "description": "Who may do what."},
    {"name": "services", "description": "Models behind the gateway, and their replicas."},
    {"name": "keys", "description": "By which projects call services."},
    {"name": "usage", "description": "What projects called, in tokens and joules."},
    {
        "name": "replays",
        "description": "What if: traces and recorded work through the node's engine, in another "
        "world. A replay is a question; it changes nothing and is not in the log.",
    },
    {"name": "log", "description": "What was decided, as it is decided."},
    {"name": "evidence", "description": "The sealed log (C2SP tlog-tiles), and receipts from it."},
    {"name": "probes", "description": "For monitoring; no word about any workload."},
]
#: Where the node's own classes stand that are answers as they are.
_DESCRIBED_IN = (
    node_views,
    power_views,
    node_map,
    attention,
    project_views,
    decision,
    said,
    roadmap,
    concentration,
    find,
    regions,
    service_views,
    kept,
    serving_usage,
    replay_views,
)
_DECISIONS = ("Placement", "Hold", "Refusal", "Reclaim", "ShedPlan", "PowerCap", "PowerUncap")
#: What needs no token, wherever the node listens.
_OPEN = ("/v1/schemas", "/v1/catalogue", "/healthz", "/readyz", "/log/")
#: What needs one even for reading, wherever it listens.
_GUARDED = ("/v1/tokens", "/v1/keys", "/v1/log/section")
#: What is posted there is a question, and changes nothing.
_ASKED = ("/v1/reports/",)
_METHODS_OF_WRITING = ("post", "put", "patch", "delete")


def openapi_of(app: FastAPI) -> Json:
    """The OpenAPI 3.1 document of `app`."""
    document = get_openapi(
        title="Allod",
        version=__version__,
        summary="The HTTP API of an Allod node",
        description=_DESCRIPTION,
        routes=app.routes,
        tags=_TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    schemas: Json = document["components"]["schemas"]
    for model in (Problem, DocumentBody):
        schemas[model.__name__] = model.model_json_schema()
    describe(schemas)
    _add_workload_document(schemas)
    _as_views_write_them(schemas)
    for name, schema in schemas.items():
        _describe(name, schema)
    document["components"]["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "`allod token make` makes one.",
        }
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            writes = method in _METHODS_OF_WRITING and not path.startswith(_ASKED)
            if writes or path.startswith(_GUARDED):
                operation["security"] = [{"token": []}]
            elif path == "/metrics" or not path.startswith(_OPEN):
                operation["security"] = [{}, {"token": []}]
    return document


def _add_workload_document(schemas: Json) -> None:
    whole = schema_of("Workload")
    parts = whole.pop("$defs")
    # The address of a schema is for readers of the schema alone; here it would change all `$ref`s.
    for key in ("$id", "$schema"):
        del whole[key]
    # A residency rule is a part of both; whatever else is named alike must be the same too.
    assert all(_fields(parts[name]) == _fields(schemas[name]) for name in parts.keys() & schemas), (
        "two things have the same name in the OpenAPI document"
    )
    schemas["WorkloadDocument"] = _moved(whole)
    schemas.update(_moved(parts))


def _fields(schema: Json) -> list[str]:
    return sorted(schema.get("properties", {"": None}))


def _moved(value: Any) -> Any:
    """`value` with its references pointing into the components."""
    if isinstance(value, dict):
        return {
            key: item.replace("#/$defs/", "#/components/schemas/")
            if key == "$ref"
            else _moved(item)
            for key, item in value.items()
        }
    return [_moved(item) for item in value] if isinstance(value, list) else value


def _as_views_write_them(schemas: Json) -> None:
    schemas["Step"] = {
        "type": "string",
        "enum": list(STEP_WORDS.values()),
        "description": "The order in which a workload is judged.",
    }
    schemas["Said"]["properties"]["code"]["enum"] = list(SAYINGS)
    for name in _DECISIONS:
        schema = schemas[name]
        schema["properties"] = {"kind": {"const": name.lower()}, **schema["properties"]}
        schema["required"] = ["kind", *schema["required"]]
    decided = schemas["Decided"]
    seq, kinds = decided["properties"]["seq"], decided["properties"]["decision"]
    del decided["required"], decided["properties"], decided["type"]
    decided["allOf"] = [{"properties": {"seq": seq}, "required": ["seq"]}, kinds]
    workload = schemas["WorkloadView"]
    properties = workload["properties"]
    workload["properties"] = {"id": properties.pop("workload_id"), **properties}
    workload["required"] = [{"workload_id": "id"}.get(key, key) for key in workload["required"]]


def _describe(name: str, schema: Json) -> None:
    """Give fields of the node's own classes the words that stand beside them in the source."""
    found = (getattr(module, name, None) for module in _DESCRIBED_IN)
    # What a module has from elsewhere may be another thing of the same name.
    ours = (kind for kind in found if getattr(kind, "__module__", "").startswith("allod."))
    source: type[Any] | None = next(ours, None)
    if source is None:
        return
    for name_there, words in comments_of(source).items():
        field = "id" if (name, name_there) == ("WorkloadView", "workload_id") else name_there
        if "description" not in schema.get("properties", {}).get(field, {"description": ""}):
            schema["properties"][field]["description"] = words


def comments_of(kind: type[Any]) -> dict[str, str]:
    """The `#:` comments of each field of `kind`: those above it, or the one beside it."""
    found: dict[str, str] = {}
    above: list[str] = []
    for line in inspect.getsource(kind).splitlines():
        if over := re.fullmatch(r"    #: (.+)", line):
            above.append(over[1])
            continue
        if field := re.match(r"    (\w+): [^#]*(?:#: (.+))?$", line):
            words = " ".join([*above, *([field[2]] if field[2] else [])])
            found |= {field[1]: words} if words else {}
        above = []
    return found
