"""The description of all public operations, of workers and desk alike (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from allod import __version__
from allod.gateway.cold.operations import OPERATIONS, Error, Operation

Json = dict[str, Any]
_REF = "#/components/schemas/{model}"
_DESCRIPTION = """\
AI services of a sovereign AI factory, for any client of OpenAI's API. A call goes only to sites
that the law of its data permits; the header `x-allod-site` of its answer says which one served it,
and `x-request-id` under which name it is counted.
"""
_REFUSALS = {
    "400": "The request cannot be understood.",
    "401": "There is no key, or it does not hold.",
    "403": "Law or charter do not permit it; the message says why, for every site.",
    "404": "There is nothing of that name for this key.",
    "429": "A limit of the key is reached, or too many wait.",
    "503": "It cannot be answered now; `Retry-After` says when to ask again.",
}


def openapi_of(app: FastAPI, url: str) -> Json:
    """The document of the gateway that answers at `url`."""
    document = get_openapi(
        title="Allod AI services",
        version=__version__,
        description=_DESCRIPTION,
        routes=app.routes,
        servers=[{"url": url}],
    )
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= _schemas()
    for each in OPERATIONS:
        document["paths"].setdefault(each[1], {})[each[0]] = _operation(each)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            _finish(path, operation)
    document["paths"]["/v1/files"]["post"]["requestBody"] = _UPLOAD
    document["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A key of a project."}
    }
    document["security"] = [{"key": []}]
    return document


def _schemas() -> Json:
    # What is asked is read, what is answered is written; none has fields of only one side.
    asked = {each[4] for each in OPERATIONS if each[4] is not None}
    models: list[type[BaseModel]] = sorted(
        {*asked, *(each[5] for each in OPERATIONS), Error}, key=lambda model: model.__name__
    )
    _, found = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    schemas: Json = found["$defs"]
    return schemas


def _operation(each: Operation) -> Json:
    _, path, name, title, asked, answered, streams = each
    content: Json = {"application/json": {"schema": _ref(answered)}}
    if streams:
        content["text/event-stream"] = {"schema": {"type": "string"}}
    operation: Json = {
        "operationId": name,
        "summary": title,
        "tags": ["models" if asked is None else "calls"],
        "responses": {"200": {"description": "Done.", "content": content}},
    }
    if asked is not None:
        body = {"application/json": {"schema": _ref(asked)}}
        operation["requestBody"] = {"required": True, "content": body}
    if "{model}" in path:
        operation["parameters"] = [
            {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
        ]
    return operation


def _finish(path: str, operation: Json) -> None:
    """Say of an operation how it is refused."""
    operation["responses"].pop("422", None)
    for status, text in _REFUSALS.items():
        operation["responses"][status] = {
            "description": text,
            "content": {"application/json": {"schema": _ref(Error)}},
        }
    if path.endswith("/content"):
        binary = {"schema": {"type": "string", "format": "binary"}}
        operation["responses"]["200"]["content"] = {"application/octet-stream": binary}


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": _REF.format(model=model.__name__)}


_UPLOAD: Json = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file", "purpose"],
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    "purpose": {
                        "type": "string",
                        "enum": [
                            "assistants", "batch", "evals", "fine-tune", "user_data", "vision",
                        ],
                    },
                    "expires_after[anchor]": {"type": "string", "enum": ["created_at"]},
                    "expires_after[seconds]": {
                        "type": "integer", "minimum": 3600, "maximum": 2592000,
                    },
                },
            }
        }
    },
}  # fmt: skip
