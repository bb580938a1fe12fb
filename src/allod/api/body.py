"""Bodies: documents out of JSON or YAML that a stranger may have written."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
import yaml
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from allod.api.problems import InvalidBody, UnsupportedMedia
from allod.domain.document import Document, asked_document, read_documents
from allod.errors import InvalidDocument

_YAML = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})
#: Deeper than any document goes. What reads YAML calls itself at each level, and would end the
#: whole process where the stack ends.
_DEPTH_MAX = 64
#: Finds every key of a JSON text, and perhaps more: never fewer than were written.
_KEY = re.compile(rb'"[ \t\r\n]*:')

_MEDIA = ("application/json", "application/yaml")
#: What the OpenAPI document says of a body that `documents_of` reads.
DOCUMENTS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One document or several: a JSON object or list, or YAML with `---`.",
        "content": {
            media: {
                "schema": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/DocumentBody"},
                        {"type": "array", "items": {"$ref": "#/components/schemas/DocumentBody"}},
                    ]
                }
            }
            for media in _MEDIA
        },
    }
}


async def documents_of(request: Request) -> tuple[Document, ...]:
    """The documents in the body of `request`, in its order.

    Raises:
        UnsupportedMedia: It is neither JSON nor YAML.
        InvalidBody: It is not what it claims to be.
        InvalidDocument: A document breaks its schema.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedMedia("the body is compressed", mend="send it as it is")
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if media == "application/json" or media.endswith("+json"):
        return documents_of_json(body)
    if media in _YAML:
        # Parsing a large YAML takes longer than others should wait.
        return await run_in_threadpool(documents_of_yaml, body)
    raise UnsupportedMedia(
        f"the content type is '{media[:80]}'" if media else "there is no content type",
        mend="send 'Content-Type: application/json' or 'Content-Type: application/yaml'",
    )


def documents_of_json(body: bytes) -> tuple[Document, ...]:
    """The documents in `body`: one object, or a list of them."""
    try:
        # Strict where json is lax (NaN, halves of surrogate pairs, depth) ...
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidBody(
            f"not valid JSON: {error.msg}, line {error.lineno} column {error.colno}",
            mend="mend the JSON syntax",
        ) from error
    if len(_KEY.findall(body)) != _keys_in(value):
        # ... and json tells of double keys. Seldom needed: a text may look like a key too.
        json.loads(body, object_pairs_hook=_without_doubles)
    _refuse_nul(b"\\u0000" in body)
    if not isinstance(value, list):
        return (asked_document(value, file=""),)
    if not value:
        raise InvalidDocument("there is no document", mend="send at least one document")
    documents = tuple(asked_document(item, file=f"[{i}]") for i, item in enumerate(value))
    keys: set[str] = set()
    for document in documents:
        if document.key in keys:
            raise InvalidDocument(
                f"{document.key} is there twice", file=document.file, mend="remove one of them"
            )
        keys.add(document.key)
    return documents


def documents_of_yaml(body: bytes) -> tuple[Document, ...]:
    """The documents in `body`, without the parts of YAML that let a small text grow huge."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InvalidBody("the body is not UTF-8 text", mend="send it as UTF-8") from error
    _refuse_traps(text)
    return read_documents(text, "body")


def _keys_in(value: Any) -> int:
    """Keys of all mappings in `value`."""
    count, left = 0, [value]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            count += len(item)
            left.extend(item.values())
        elif isinstance(item, list):
            left.extend(item)
    return count


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A lost rule must not be silent."""
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        double = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise InvalidBody(f"key '{double}' is there twice", mend="remove one of them")
    return value


def _refuse_nul(there: bool) -> None:
    """No command, name or database takes it."""
    if there:
        raise InvalidBody("the body holds a NUL character", mend="remove '\\0' from the text")


def _refuse_traps(text: str) -> None:
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise InvalidBody(
                    f"{_line(event)}: aliases (*name) are not read here",
                    mend="write the value out",
                )
            if isinstance(event, yaml.ScalarEvent):
                _refuse_nul("\0" in event.value)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEPTH_MAX:
                raise InvalidBody(
                    f"{_line(event)}: nested over {_DEPTH_MAX} levels deep",
                    mend="write it flatter",
                )
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        what = getattr(error, "problem", None) or "cannot be read"
        raise InvalidBody(f"not valid YAML: {where}{what}", mend="mend the YAML syntax") from error


def _line(event: yaml.Event) -> str:
    return f"line {event.start_mark.line + 1}" if event.start_mark else "body"
