"""Idempotency-Key: by it a caller may send the same request again, and it is done once."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from allod.api.problems import InvalidField


def idempotency_parameter(description: str) -> dict[str, Any]:
    """The header in the OpenAPI description; `description` says what the same key gives."""
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        "description": description,
    }


def idempotency_key(request: Request) -> str | None:
    """The key that the caller chose, without the quotes of the draft standard; None: it has none.

    Raises:
        InvalidField: It is no key.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    # The draft standard quotes it, most clients do not; both mean the same key.
    bare = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if not 1 <= len(bare) <= 255 or not all("!" <= sign <= "~" for sign in bare):
        raise InvalidField(
            "Idempotency-Key: is not a key",
            field="Idempotency-Key",
            value=repr(key[:80]),
            mend="send 1 to 255 printable ASCII characters without spaces, such as a UUID",
        )
    return bare
