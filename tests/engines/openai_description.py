"""OpenAI's own published description of its API, cut to what the gateway serves.

`scripts/engines.sh openai-description` fetches it. Where it breaks with itself or with what
OpenAI's service answers, it is mended here, each time with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import yaml

from tests.engines.answer_faults import Json, Operation
from tests.engines.programs import need

FILE = "openai-spec-2.3.0.yml"
METHODS = ("get", "post", "put", "patch", "delete")


def published() -> Json:
    """All of it, as it was published; without it the test is skipped."""
    text = (need("openai-description") / FILE).read_bytes()
    # Its examples hold times, which JSON has not.
    plain: Json = json.loads(json.dumps(yaml.load(text, yaml.CSafeLoader), default=str))
    return plain


def operations_of(description: Json) -> set[Operation]:
    """All that a description has."""
    return {
        (method, path.removeprefix("/v1"))
        for path, item in description["paths"].items()
        for method in item
        if method in METHODS
    }


def cut(description: Json, served: Json) -> Json:
    """What `served`, the gateway's own description, has of it too, mended."""
    components = description["components"]
    paths: Json = {}
    for method, path in sorted(operations_of(description) & operations_of(served)):
        paths.setdefault(path, {})[method] = operation = description["paths"][path][method]
        # Only what goes well is described; the error object is there, and nothing names it.
        operation["responses"].setdefault("default", _answer("ErrorResponse"))
    _mend(paths, components["schemas"])
    reached: Json = {}
    _reach(paths, components["schemas"], reached)
    return {
        "openapi": description["openapi"],
        "info": description["info"],
        "paths": paths,
        "components": {"schemas": reached},
    }


def _mend(paths: Json, schemas: Json) -> None:
    """Change what is wrong in it; each time one line why."""
    # `nullable` is a word of OpenAPI 3.0 and means nothing in a description of 3.1, as this one is.
    for schema in _objects([paths, schemas]):
        if schema.pop("nullable", None) is True:
            _allow_null(schema)
    # The content of a file is its bytes, whatever they are, and not JSON that is a text.
    content = paths["/files/{file_id}/content"]["get"]["responses"]["200"]["content"]
    content["application/octet-stream"] = content.pop("application/json")
    # What a completion is asked for with `stream`, as the request has it, is described nowhere: the
    # same in parts, of which all but the last have not finished.
    part = deepcopy(schemas["CreateCompletionResponse"])
    _allow_null(part["properties"]["choices"]["items"]["properties"]["finish_reason"])
    completed = paths["/completions"]["post"]["responses"]["200"]
    completed["content"]["text/event-stream"] = {"schema": part}
    # `encoding_format: base64`, as the request has it, makes a text of it.
    vector = schemas["Embedding"]["properties"]["embedding"]
    schemas["Embedding"]["properties"]["embedding"] = {"anyOf": [vector, {"type": "string"}]}
    # Its own example of a batch has null for what did not happen.
    batch = schemas["Batch"]
    for name in batch["properties"].keys() - set(batch["required"]):
        _allow_null(batch["properties"][name])
    # A page without items has no first: lists that were described later (of videos, skills and
    # threads) have null for it, these forget it.
    for page in ("ListFilesResponse", "ListBatchesResponse"):
        for name in ("first_id", "last_id"):
            _allow_null(schemas[page]["properties"][name])
    # It lets a file be for `evals`, and then has no such file.
    purposes = schemas["CreateFileRequest"]["properties"]["purpose"]["enum"]
    known = schemas["OpenAIFile"]["properties"]["purpose"]["enum"]
    known += [purpose for purpose in purposes if purpose not in known]


def _allow_null(schema: Json) -> None:
    before = dict(schema)
    schema.clear()
    schema["anyOf"] = [before, {"type": "null"}]


def _answer(schema: str) -> Json:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": "Anything else", "content": content}


def _objects(found: Any) -> Iterator[Json]:
    """All objects in it, inner ones first."""
    inner = found.values() if isinstance(found, dict) else found
    if isinstance(found, dict | list):
        for each in list(inner):
            yield from _objects(each)
    if isinstance(found, dict):
        yield found


def _reach(found: Any, schemas: Json, reached: Json) -> None:
    for each in _objects(found):
        name = str(each.get("$ref", "")).rpartition("/")[2]
        if name in schemas and name not in reached:
            reached[name] = schemas[name]
            _reach(schemas[name], schemas, reached)
