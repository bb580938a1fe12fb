"""/v1/workloads: ask for work, see where it stands and why, cancel it, read its output."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from allod.api import views
from allod.api.access import access_of
from allod.api.bell import answer
from allod.api.body import documents_of
from allod.api.idempotency import idempotency_key
from allod.api.node_api import NodeApi
from allod.api.problems import InvalidField
from allod.api.routing import (
    READ_PROBLEMS,
    Admin,
    After,
    Limit,
    NodeDep,
    Reader,
    StrictRoute,
    Submitter,
    problems,
)
from allod.api.shapes import Decided, Erased, Explanation, Listed, Submission, Trial
from allod.api.streams import Streams, streams_of
from allod.api.views import JsonResponse
from allod.domain.document import Document
from allod.errors import AllodError, Forbidden, InvalidDocument, NotFound
from allod.run.node_views import (
    LIVE_STATES,
    Counted,
    Role,
    Sort,
    State,
    WorkloadQuery,
    WorkloadView,
)
from allod.run.ports import OutputPart, StreamName

router = APIRouter(prefix="/v1/workloads", tags=["workloads"], route_class=StrictRoute)

WorkloadId = Annotated[str, Path(max_length=64, description="Such as `w12`.")]
_LOG_BYTES_MAX = 1 << 24

_ACCEPTS: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            "description": "Chosen by you, new for each new workload. Sending the same request "
            "again with the same key gives the first answer and starts nothing. A dry run has no "
            "use for it.",
        },
        {
            "name": "dry_run",
            "in": "query",
            "required": False,
            "schema": {"type": "boolean", "default": False},
            "description": "Say what would be decided now and why, and record and start nothing.",
        },
    ],
    "requestBody": {
        "required": True,
        "description": "One document of kind Workload; `GET /v1/schemas/Workload` is its schema.",
        "content": {
            media: {"schema": {"$ref": "#/components/schemas/WorkloadDocument"}}
            for media in ("application/json", "application/yaml")
        },
    },
}


@router.post(
    "",
    status_code=201,
    summary="Submit a workload",
    responses={
        201: {
            "model": Submission,
            "description": "Created. Its first decision is durable: it was placed, waits, or was "
            "refused; `decision` says which, with all reasons.",
            "headers": {"Location": {"schema": {"type": "string"}}},
        },
        200: {
            "model": Submission | Trial,
            "description": "The key was known, and this is the answer given the first time; or "
            "with `dry_run` what would come of it.",
            "headers": {"Idempotency-Replayed": {"schema": {"const": "true"}}},
        },
        **problems(400, 401, 403, 409, 413, 415, 422, 503),
    },
    openapi_extra=_ACCEPTS | {"security": [{"token": []}]},
)
async def submit(request: Request) -> Response:
    """Ask for a workload to run. The answer comes when the decision about it is durable.

    With `dry_run` it is only tried, on a copy of all that the node knows: where it would go or what
    it would wait for, for every site.
    """
    token = await access_of(request).need(request, Role.SUBMIT)
    trying = _is_dry_run(request)
    key = idempotency_key(request)
    document = _the_workload(await documents_of(request))
    node: NodeApi = request.app.state.node
    if trying:
        tried = await run_in_threadpool(node.trials.submission, document, actor=token.name)
        return JsonResponse(views.trial(tried, document.name))
    # A key belongs to the token that it came with, so that nobody meets another's answer.
    scoped = f"{token.name}:{key}" if key is not None else None
    submitted = await answer(node.submit(document, actor=token.name, key=scoped))
    content = views.submission(submitted, document.name)
    headers = {"Location": f"/v1/workloads/{submitted.workload_id}"}
    if submitted.repeated:
        return JsonResponse(content, 200, headers | {"Idempotency-Replayed": "true"})
    return JsonResponse(content, 201, headers)


def _is_dry_run(request: Request) -> bool:
    """What `dry_run` says; here no router looks at the query."""
    for name, value in request.query_params.multi_items():
        if name != "dry_run":
            raise InvalidField(
                f"{name[:80]}: unknown query parameter",
                field=name[:80],
                mend="known here: dry_run",
            )
        if value not in ("true", "false"):
            raise InvalidField(
                "dry_run: is neither true nor false",
                field="dry_run",
                value=repr(value[:80]),
                mend="write 'true' or 'false'",
            )
    return request.query_params.get("dry_run") == "true"


def _the_workload(documents: tuple[Document, ...]) -> Document:
    if len(documents) != 1:
        raise InvalidDocument(
            f"there are {len(documents)} documents", mend="submit one workload at a time"
        )
    if documents[0].kind != "Workload":
        raise InvalidDocument(
            "is not a workload",
            path="kind",
            value=documents[0].kind,
            mend="send it to POST /v1/documents, or `allod service deploy FILE`: its replicas are "
            "workloads that the node starts"
            if documents[0].kind == "Service"
            else "send other documents to POST /v1/documents",
        )
    return documents[0]


def _query_of(
    state: Annotated[
        list[State] | None, Query(description="In this state; several: in one of them.")
    ] = None,
    live: Annotated[
        bool | None, Query(description="True: waits or holds room. False: has ended.")
    ] = None,
    project: Annotated[str | None, Query(max_length=64)] = None,
    site: Annotated[
        str | None, Query(max_length=64, description="Of the latest run; not of work that waits.")
    ] = None,
    access_class: Annotated[str | None, Query(max_length=64)] = None,
    q: Annotated[
        str | None,
        Query(max_length=64, description="Part of the name, or the beginning of the id."),
    ] = None,
) -> WorkloadQuery:
    """What every list and count is narrowed by."""
    states = frozenset(state or State)
    if live is not None:
        states &= LIVE_STATES if live else frozenset(State) - LIVE_STATES
    return WorkloadQuery(
        states=states,
        project=project or "",
        site=site or "",
        access_class=access_class or "",
        text=q or "",
    )


_Wanted = Annotated[WorkloadQuery, Depends(_query_of)]


@router.get(
    "",
    summary="List workloads",
    dependencies=[Reader],
    responses={200: {"model": Listed[WorkloadView]}, **READ_PROBLEMS},
)
def workloads(
    node: NodeDep,
    wanted: _Wanted,
    sort: Annotated[
        Sort,
        Query(
            description="submitted: the latest first; accelerators: the most first; expected: the "
            "soonest expected start first, work without one last; oldest: the first submitted "
            "first. Of equal ones the latest first."
        ),
    ] = Sort.SUBMITTED,
    skip: Annotated[
        int,
        Query(ge=0, le=1 << 53, description="Leave out so many, behind `after` if it is given."),
    ] = 0,
    after: After = None,
    limit: Limit = 100,
) -> Response:
    """Workloads, latest first or as `sort` says; every filter that is given must hold."""
    found = node.workloads(replace(wanted, sort=sort), skip=skip, after=after, limit=limit)
    return JsonResponse(views.page([views.workload(item) for item in found.items], found))


@router.get(
    "/count",
    summary="Count workloads",
    dependencies=[Reader],
    responses={200: {"model": Counted}, **READ_PROBLEMS},
)
def count(node: NodeDep, wanted: _Wanted) -> Response:
    """How many workloads the list with the same filters holds."""
    return JsonResponse(views.plain(node.workloads_count(wanted)))


@router.get(
    "/{workload_id}",
    summary="One workload",
    dependencies=[Reader],
    responses={200: {"model": WorkloadView}, **READ_PROBLEMS, **problems(404)},
)
def workload(node: NodeDep, workload_id: WorkloadId) -> Response:
    """The workload as the log tells it."""
    return JsonResponse(views.workload(node.workload(workload_id)))


@router.get(
    "/{workload_id}/why",
    summary="Why it stands where it stands",
    dependencies=[Reader],
    responses={200: {"model": Explanation}, **READ_PROBLEMS, **problems(404)},
)
def why(node: NodeDep, workload_id: WorkloadId) -> Response:
    """For every site all that is in its way now, the smallest change that would admit it, and an
    expected start with its basis. Of a workload that has ended or was refused: what was recorded.
    """
    state = node.workload(workload_id).state
    return JsonResponse(views.explanation(node.why(workload_id), state))


@router.get(
    "/{workload_id}/decisions",
    summary="All decisions about it",
    dependencies=[Reader],
    responses={200: {"model": Listed[Decided]}, **READ_PROBLEMS, **problems(404)},
)
def decisions(
    node: NodeDep, workload_id: WorkloadId, after: After = None, limit: Limit = 100
) -> Response:
    """The decisions about one workload, latest first."""
    node.workload(workload_id)
    found = node.decisions(workload_id, after=after, limit=limit)
    return JsonResponse(views.page([views.decision(item) for item in found.items], found))


@router.post(
    "/{workload_id}/cancel",
    summary="Cancel a workload",
    responses={200: {"model": WorkloadView}, **problems(401, 403, 404, 422, 503)},
)
async def cancel(node: NodeDep, workload_id: WorkloadId, token: Submitter) -> Response:
    """Take it from the queue, or have it stopped. One that has ended stays as it is.

    With the role `submit` you may cancel what your own token has submitted.
    """
    if not token.role.may(Role.OPERATOR):
        view = await run_in_threadpool(node.workload, workload_id)
        if view.actor != token.name:
            raise Forbidden(
                f"workload {workload_id} was submitted by another",
                mend="cancel your own, or use a token of role 'operator'",
            )
    return JsonResponse(views.workload(await answer(node.cancel(workload_id, actor=token.name))))


@router.post(
    "/{workload_id}/erase",
    summary="Erase what the log says of it",
    responses={200: {"model": Erased}, **problems(401, 403, 404, 409, 422, 503)},
)
def erase(node: NodeDep, workload_id: WorkloadId, token: Admin) -> Response:
    """Destroy for ever what the log says of a workload that has ended. That it was erased, when and
    by whom becomes a record; every proof that was given stays valid. Asked again it does nothing.
    """
    leaves = node.erase(workload_id, actor=token.name)
    return JsonResponse({"id": workload_id, "leaves": leaves})


@router.get(
    "/{workload_id}/logs",
    summary="Its output",
    dependencies=[Reader],
    responses={
        200: {
            "description": "The bytes that its command wrote.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
            "headers": {
                "Allod-Offset": {
                    "schema": {"type": "integer"},
                    "description": "Where this part begins; past `offset` if output between was "
                    "not kept. [bytes]",
                },
                "Allod-Next-Offset": {
                    "schema": {"type": "integer"},
                    "description": "Send this as `offset` to go on; not with `follow`. [bytes]",
                },
            },
        },
        **READ_PROBLEMS,
        **problems(404),
    },
)
def logs(
    node: NodeDep,
    request: Request,
    workload_id: WorkloadId,
    stream: StreamName = "stdout",
    run: Annotated[int | None, Query(ge=1, le=1 << 31, description="Default: the latest.")] = None,
    offset: Annotated[int, Query(ge=0, le=1 << 53, description="Where to begin. [bytes]")] = 0,
    limit: Annotated[int, Query(ge=1, le=_LOG_BYTES_MAX, description="[bytes]")] = 1 << 20,
    follow: Annotated[
        bool, Query(description="Go on as it is written, until the workload has ended.")
    ] = False,
) -> Response:
    """What its command has written so far, as it was written."""
    media = "text/plain; charset=utf-8"
    if not follow:
        part = node.logs(workload_id, run=run, stream=stream, offset=offset, limit=limit)
        headers = {"Allod-Offset": str(part.offset), "Allod-Next-Offset": str(part.next_offset)}
        return Response(part.data, headers=headers, media_type=media)

    def read(at: int) -> tuple[OutputPart, bool]:
        # Looked at first: what was written before the end is then surely read.
        ended = node.workload(workload_id).state not in LIVE_STATES
        try:
            part = node.logs(workload_id, run=run, stream=stream, offset=at, limit=limit)
        except NotFound:
            part = OutputPart(at, b"")  # It has not run yet, or never did.
        return part, ended

    node.workload(workload_id)
    streams = streams_of(request)
    return StreamingResponse(_followed(streams, read, offset), media_type=media)


async def _followed(
    streams: Streams, read: Callable[[int], tuple[OutputPart, bool]], offset: int
) -> AsyncIterator[bytes]:
    with streams.open() as stream:
        while not stream.closed:
            try:
                part, ended = await run_in_threadpool(read, offset)
            except AllodError:
                return  # The log is out of reach; the reader has what was written until now.
            if part.data:
                offset = part.next_offset
                yield part.data
            elif ended:
                return
            else:
                await stream.wait(streams.poll_s)
