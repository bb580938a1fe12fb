"""The published JSON Schemas of documents."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import Any

from allod.domain.document import API_VERSION, KINDS, Metadata
from allod.errors import NotFound


@cache
def document_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a document of `kind`; NotFound, with near names, if there is none."""
    model = KINDS.get(kind)
    if model is None:
        near = get_close_matches(kind, KINDS, 1, 0.4)
        raise NotFound(
            f"there is no kind '{kind[:80]}'",
            mend=f"did you mean {near[0]}?" if near else f"kinds are {', '.join(KINDS)}",
        )
    spec = model.model_json_schema(ref_template="#/$defs/{model}")
    metadata = Metadata.model_json_schema(ref_template="#/$defs/{model}")
    definitions = spec.pop("$defs", {}) | metadata.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:allod:schema:v1:{kind}",
        "title": kind,
        "description": (model.__doc__ or "").strip(),
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": kind},
            "metadata": metadata,
            "spec": spec,
        },
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": False,
        "$defs": definitions,
    }
