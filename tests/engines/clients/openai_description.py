"""An OpenAPI description of what the gateway serves, by the types of the official openai-python.

These are made by their publisher from the description that it publishes, and come as a package that
is pinned by hash. Run by the Python that has it; prints JSON.
"""

from __future__ import annotations

import json
from typing import Any

from openai.types import (
    Batch,
    Completion,
    CreateEmbeddingResponse,
    FileDeleted,
    FileObject,
    Model,
    batch_create_params,
    completion_create_params,
    embedding_create_params,
)
from openai.types.chat import ChatCompletion
from openai.types.chat import completion_create_params as chat_create_params
from openai.types.responses import Response, response_create_params
from pydantic import TypeAdapter

REF = "#/components/schemas/{model}"
#: What a call is refused with; the types have none for it, the reference in words does.
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
POSTS: dict[str, tuple[Any, Any]] = {
    "/chat/completions": (chat_create_params.CompletionCreateParamsNonStreaming, ChatCompletion),
    "/completions": (completion_create_params.CompletionCreateParamsNonStreaming, Completion),
    "/embeddings": (embedding_create_params.EmbeddingCreateParams, CreateEmbeddingResponse),
    "/responses": (response_create_params.ResponseCreateParamsNonStreaming, Response),
    "/batches": (batch_create_params.BatchCreateParams, Batch),
}
ONE: dict[str, tuple[str, Any]] = {
    "/models/{id}": ("get", Model),
    "/files/{id}": ("get", FileObject),
    "/batches/{id}": ("get", Batch),
    "/batches/{id}/cancel": ("post", Batch),
}
LISTS: dict[str, Any] = {"/models": Model, "/files": FileObject, "/batches": Batch}


def description() -> dict[str, Any]:
    """All of it."""
    schemas: dict[str, Any] = {"Error": ERROR}

    def schema(kind: Any) -> dict[str, Any]:
        made = TypeAdapter(kind).json_schema(ref_template=REF)
        schemas.update(made.pop("$defs", {}))
        return dict(made)

    def answers(shape: dict[str, Any]) -> dict[str, Any]:
        return {
            "200": {"description": "OK", "content": {"application/json": {"schema": shape}}},
            "default": {
                "description": "An error",
                "content": {"application/json": {"schema": {"$ref": REF.format(model="Error")}}},
            },
        }

    paths: dict[str, Any] = {}
    for path, (asked, answered) in POSTS.items():
        body = {"required": True, "content": {"application/json": {"schema": schema(asked)}}}
        paths[path] = {"post": {"requestBody": body, "responses": answers(schema(answered))}}
    where = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    for path, (method, answered) in ONE.items():
        paths[path] = {method: {"parameters": where, "responses": answers(schema(answered))}}
    paths["/files/{id}"]["delete"] = {
        "parameters": where,
        "responses": answers(schema(FileDeleted)),
    }
    for path, item in LISTS.items():
        shape = {
            "type": "object",
            "required": ["object", "data"],
            "properties": {
                "object": {"const": "list"},
                "data": {"type": "array", "items": schema(item)},
            },
        }
        paths.setdefault(path, {})["get"] = {"responses": answers(shape)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "OpenAI API, what of it is served", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


if __name__ == "__main__":
    print(json.dumps(description()))
