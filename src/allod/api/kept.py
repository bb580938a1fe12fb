"""Kept: answers that are the same until the day or the catalogue is another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date as Date
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, ParamSpec

import orjson
from fastapi import Depends, Query, Request
from starlette.responses import Response

from allod.api.routing import NodeDep
from allod.run.statement_changes import day_of

P = ParamSpec("P")

#: How many answers to one kind of question are kept; the catalogue never changes in a process.
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Kept:
    """The bytes of an answer, and the tag by which it is known."""

    content: bytes
    tag: str
    media_type: str = "application/json"

    def response(self, request: Request) -> Response:
        """The answer, or word that the caller has it already."""
        # Asked for again each time, sent again only when it has changed.
        headers = {"Cache-Control": "no-cache", "ETag": self.tag}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        return Response(self.content, headers=headers, media_type=self.media_type)


def keep(content: bytes, media_type: str = "application/json") -> Kept:
    """`content` with its tag."""
    return Kept(content, f'"{sha256(content).hexdigest()[:32]}"', media_type)


def kept(answer: Callable[P, dict[str, Any]]) -> Callable[P, Kept]:
    """`answer`, written once for each question; what it raises is not kept."""

    @lru_cache(maxsize=_KEPT)
    def written(*args: P.args, **more: P.kwargs) -> Kept:
        return keep(orjson.dumps(answer(*args, **more)))

    return written  # type: ignore[return-value]


def _day(
    node: NodeDep,
    at: Annotated[
        Date | None,
        Query(description="As it was known at the end of that day; default: today, UTC."),
    ] = None,
) -> Date:
    return at or day_of(node.health().at_s)


Day = Annotated[Date, Depends(_day)]
#: What an answer of this kind may be beside the answer itself.
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The caller has it already: its `ETag` was sent as `If-None-Match`."}
}
