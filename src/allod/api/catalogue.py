"""/v1/catalogue: what was announced. Public facts, which need no token, node or database."""

from __future__ import annotations

from datetime import date as Date
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from allod import catalogue
from allod.api.catalogue_shapes import AnnouncedChanges, AnnouncedDocument
from allod.api.kept import UNCHANGED, Day, Kept, keep, kept
from allod.api.problems import InvalidField
from allod.api.routing import After, Limit, NodeDep, StrictRoute, problems
from allod.api.shapes import DocumentBody, Listed
from allod.catalogue.answers import document as answers
from allod.catalogue.linked import to_text
from allod.run.statement_changes import day_of

router = APIRouter(prefix="/v1", tags=["catalogue"], route_class=StrictRoute)

_LINKED = "application/ld+json"
_Kind = Annotated[str, Path(max_length=64, description="Such as `Site`.")]
_Name = Annotated[str, Path(max_length=100, description="A site may go by any of its names.")]


@router.get(
    "/catalogue",
    summary="List what was announced",
    responses={200: {"model": Listed[DocumentBody]}, **UNCHANGED, **problems(404, 422)},
)
def documents(
    request: Request,
    kind: Annotated[
        str | None, Query(max_length=64, description="Only of this kind, such as `Antenna`.")
    ] = None,
    after: After = None,
    limit: Limit = 100,
) -> Response:
    """All documents as they are known now, by kind and name."""
    return _documents(kind or "", after, limit).response(request)


@kept
def _documents(kind: str, after: str | None, limit: int) -> dict[str, Any]:
    found = catalogue.listed(kind)
    begin = 0 if after is None else _place(after, [item.key for item in found])
    items = found[begin : begin + limit]
    more = begin + limit < len(found)
    return {"items": [item.to_json() for item in items], "next": items[-1].key if more else None}


def _place(after: str, keys: list[str]) -> int:
    """Where the list goes on."""
    if after not in keys:
        raise InvalidField(
            "after: no part ends there",
            field="after",
            value=after,
            mend="send `next` of the part before, with the same kind",
        )
    return keys.index(after) + 1


@router.get(
    "/catalogue.jsonld",
    summary="The whole catalogue as linked data",
    responses={
        200: {
            "description": "JSON-LD in the words of schema.org, DCAT and PROV.",
            "content": {_LINKED: {"schema": {"type": "object"}}},
        },
        **UNCHANGED,
        **problems(422),
    },
)
def linked(request: Request) -> Response:
    """Every document as a `dcat:Dataset`, each value with its day and its source."""
    return _linked().response(request)


@cache
def _linked() -> Kept:
    return keep(to_text(catalogue.shelf()).encode(), _LINKED)


@router.get(
    "/catalogue/{kind}/{name}",
    summary="What was announced, as known at a day",
    responses={200: {"model": AnnouncedDocument}, **UNCHANGED, **problems(404, 422)},
)
def document(request: Request, kind: _Kind, name: _Name, at: Day) -> Response:
    """The document with the values, phases and parties that were known at the end of the day, and
    the paths of what is not known.
    """
    return _document(catalogue.kind_named(kind), name, at).response(request)


@kept
def _document(kind: str, name: str, day: Date) -> dict[str, Any]:
    return answers.shown(name, day, kind).to_json()


@router.get(
    "/catalogue/{kind}/{name}/changes",
    summary="What changed in what was announced",
    responses={200: {"model": AnnouncedChanges}, **UNCHANGED, **problems(404, 422)},
)
def changes(
    request: Request,
    node: NodeDep,
    kind: _Kind,
    name: _Name,
    begin: Annotated[Date, Query(alias="from", description="The earlier day.")],
    end: Annotated[
        Date | None, Query(alias="to", description="The later day; default: today, UTC.")
    ] = None,
) -> Response:
    """Each value that was not the same at the ends of the two days, with its sources: how a plan
    was revised.
    """
    last = end or day_of(node.health().at_s)
    return _changes(catalogue.kind_named(kind), name, begin, last).response(request)


@kept
def _changes(kind: str, name: str, begin: Date, end: Date) -> dict[str, Any]:
    return answers.changed(name, begin, end, kind).to_json()
