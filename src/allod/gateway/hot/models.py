"""/v1/models: what a key may call, answered from bytes that are made once for each rule."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import orjson

from allod.gateway.hot.errors import Refused
from allod.gateway.hot.routes import Route
from allod.run.serving.table import ServiceEntry, Table

PATH = b"/v1/models"


class Models:
    """The models of a table, by rule."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lists: dict[str, bytes] = {}
        self._ones: dict[str, dict[str, bytes]] = {}

    def all(self, rule: str) -> bytes:
        """The list of those that `rule` may call."""
        if rule not in self._lists:
            self._make(rule)
        return self._lists[rule]

    def one(self, rule: str, path: bytes) -> bytes:
        """The one whose name stands in `path`.

        Raises:
            Refused: There is none of that name that `rule` may call.
        """
        name = unquote(path.decode("latin-1"))
        if rule not in self._ones:
            self._make(rule)
        body = self._ones[rule].get(name)
        if body is None:
            raise unknown(name)
        return body

    def _make(self, rule: str) -> None:
        entries = sorted(self._table.services, key=lambda entry: entry.model)
        shown = [_plain(entry) for entry in entries if Route(self._table, rule, entry).sites]
        self._ones[rule] = {plain["id"]: orjson.dumps(plain) for plain in shown}
        self._lists[rule] = orjson.dumps({"object": "list", "data": shown})


def unknown(name: str) -> Refused:
    """No such model."""
    return Refused(
        404,
        f"The model '{name[:200]}' does not exist or you do not have access to it. "
        "GET /v1/models lists yours.",
        code="model_not_found",
        param="model",
    )


def _plain(entry: ServiceEntry) -> dict[str, Any]:
    return {
        "id": entry.model,
        "object": "model",
        "created": entry.created_at_s,
        "owned_by": "allod",
        "max_model_len": entry.context_tokens,
    }
