"""/v1/documents and the schemas: the description of the world, and what it may say."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from allod.api import schemas, views
from allod.api.access import access_of
from allod.api.bell import answer
from allod.api.body import DOCUMENTS_BODY, documents_of
from allod.api.routing import (
    READ_PROBLEMS,
    NodeDep,
    Operator,
    Reader,
    StrictRoute,
    problems,
)
from allod.api.shapes import Changes, Kinds, Listed
from allod.api.views import JsonResponse
from allod.domain.document import KINDS, Document
from allod.domain.schema import check_kind
from allod.errors import Conflict, InvalidDocument
from allod.run.node_views import DocumentView, Role

router = APIRouter(prefix="/v1", tags=["documents"], route_class=StrictRoute)

Kind = Annotated[str, Path(max_length=64, description="Such as `Site`.")]
Name = Annotated[str, Path(max_length=64)]


@router.post(
    "/documents",
    summary="Apply documents",
    responses={200: {"model": Changes}, **problems(400, 401, 403, 409, 413, 415, 422, 503)},
    openapi_extra=DOCUMENTS_BODY,
)
async def apply(
    request: Request,
    node: NodeDep,
    dry_run: Annotated[
        bool, Query(description="Say what would change, and change nothing.")
    ] = False,
) -> Response:
    """Make documents hold, all together or none of them."""
    token = await access_of(request).need(request, Role.OPERATOR)
    documents = await documents_of(request)
    _refuse_workloads(documents)
    # A dry run is done by whoever asks for it.
    future = await run_in_threadpool(node.apply, documents, actor=token.name, dry_run=dry_run)
    changes = await answer(future)
    return JsonResponse({"dry_run": dry_run, "changes": views.plain(changes)})


def _refuse_workloads(documents: tuple[Document, ...]) -> None:
    for document in documents:
        if document.kind == "Workload":
            raise InvalidDocument(
                f"{document.key} is work, not a part of the world",
                file=document.file,
                path="kind",
                mend="send it to POST /v1/workloads",
            )


@router.get(
    "/documents",
    summary="List documents",
    dependencies=[Reader],
    responses={200: {"model": Listed[DocumentView]}, **READ_PROBLEMS, **problems(404)},
)
def documents(node: NodeDep, kind: Annotated[str | None, Query(max_length=64)] = None) -> Response:
    """Documents that hold now, by kind and name."""
    if kind is not None:
        check_kind(kind)
    return _listed(node.documents(kind))


def _listed(found: list[DocumentView]) -> Response:
    return JsonResponse({"items": views.plain(found), "next": None})


@router.get(
    "/documents/{kind}/{name}",
    summary="One document",
    dependencies=[Reader],
    responses={200: {"model": DocumentView}, **READ_PROBLEMS, **problems(404)},
)
def document(node: NodeDep, kind: Kind, name: Name) -> Response:
    """The document, and when and by whom it came."""
    check_kind(kind)
    return JsonResponse(views.plain(node.document(kind, name)))


@router.delete(
    "/documents/{kind}/{name}",
    status_code=204,
    summary="Remove a document",
    responses=problems(401, 403, 404, 409, 422, 503),
)
async def remove(node: NodeDep, kind: Kind, name: Name, token: Operator) -> Response:
    """Let a document no longer hold; refused while something else needs it."""
    check_kind(kind)
    try:
        await answer(node.remove(kind, name, actor=token.name))
    except InvalidDocument as error:
        # What the world lacks without it is a fault of the document that names it.
        user, _, path = error.path.partition(": ")
        raise Conflict(
            f"{kind}/{name} is in use: {user} names it in {path}",
            mend=f"remove {user}, or apply it without that name, first",
        ) from error
    return Response(status_code=204)


@router.get(
    "/datasets",
    summary="List datasets",
    dependencies=[Reader],
    responses={200: {"model": Listed[DocumentView]}, **READ_PROBLEMS},
)
def datasets(node: NodeDep) -> Response:
    """The documents of kind Dataset."""
    return _listed(node.documents("Dataset"))


@router.get(
    "/datasets/{name}",
    summary="One dataset",
    dependencies=[Reader],
    responses={200: {"model": DocumentView}, **READ_PROBLEMS, **problems(404)},
)
def dataset(node: NodeDep, name: Name) -> Response:
    """The document of a dataset."""
    return JsonResponse(views.plain(node.document("Dataset", name)))


@router.get("/schemas", summary="List kinds", responses={200: {"model": Kinds}, **problems(422)})
async def kinds() -> Response:
    """The kinds of documents."""
    return JsonResponse({"items": list(KINDS)})


@router.get(
    "/schemas/{kind}",
    summary="The JSON Schema of a kind",
    responses={
        200: {
            "description": "JSON Schema, draft 2020-12.",
            "content": {"application/schema+json": {"schema": {"type": "object"}}},
        },
        **problems(404, 422),
    },
)
def schema(kind: Kind) -> Response:
    """What a document of this kind may say."""
    return JsonResponse(schemas.schema(kind), media_type="application/schema+json")
