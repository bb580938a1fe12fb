"""/v1/traces: files of jobs that are sent for replays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from time import monotonic
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from allod.api import views
from allod.api.access import access_of
from allod.api.guard import TRACES
from allod.api.problems import InvalidField, UnsupportedMedia
from allod.api.replay_desk import DeskDep, is_owner, of_owner
from allod.api.routing import (
    READ_PROBLEMS,
    After,
    Limit,
    Reader,
    StrictRoute,
    Submitter,
    problems,
)
from allod.api.shapes import Listed
from allod.api.views import JsonResponse
from allod.errors import InvalidInput
from allod.run.node_views import Token
from allod.run.replays.traces import Arriving
from allod.run.replays.views import TraceView

router = APIRouter(prefix=TRACES[1], tags=["replays"], route_class=StrictRoute)

TraceId = Annotated[str, Path(max_length=64, description="Such as `trace-0a1b2c3d4e5f`.")]
Format = Literal[
    "swf",
    "helios",
    "philly",
    "alibaba-pai",
    "alibaba-openb",
    "alibaba-dlrm",
    "arrivals",
    "allod",
]
#: Larger pieces, fewer turns of threads.
_PIECE_BYTES = 1 << 20
#: After so long without a byte a trace is given up. [s]
_SILENT_S = 60
#: What comes slower than that in all, once so long has passed, is given up too. [bytes/s]
_SLOWEST_BYTES_PER_S = 4096

_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself, as `curl --data-binary @FILE` sends it: text, gzip or "
        "parquet. It may be much larger than other bodies (`trace_bytes_max`, 256 MiB).",
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post(
    "",
    status_code=201,
    summary="Send a trace",
    responses={
        201: {
            "model": TraceView,
            "description": "It is here. It is now read from end to end: `state` becomes `ready`, "
            "or `unreadable` with a `fault`. A replay of it may be asked for at once.",
            "headers": {"Location": {"schema": {"type": "string"}}},
        },
        **problems(401, 403, 404, 413, 415, 422, 503),
    },
    openapi_extra=_BODY,
)
async def send(
    request: Request,
    desk: DeskDep,
    token: Submitter,
    name: Annotated[
        str,
        Query(
            min_length=1, max_length=200, description="What you call it, such as the file's name."
        ),
    ],
    format: Annotated[
        Format | None, Query(description="Default: found out from what is in it.")
    ] = None,
) -> Response:
    """Send a file of jobs that replays can name. Needs the role `submit`: reading it costs time of
    the processor. Where too many are kept, whoever keeps most makes room: the oldest that no
    replay waits for goes.
    """
    _check_head(request)
    _check_name(name)
    arriving = await run_in_threadpool(desk.traces.receive, name, format=format, actor=token.name)
    try:
        await _take(request, arriving)
        view = await run_in_threadpool(arriving.keep)
    except BaseException as error:  # Whatever it was, a caller that left too; it goes on up.
        arriving.drop()
        if isinstance(error, ClientDisconnect):
            return Response(status_code=400)  # Nobody is there who reads it.
        raise
    return JsonResponse(views.plain(view), 201, {"Location": f"/v1/traces/{view.id}"})


def _check_head(request: Request) -> None:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == "multipart/form-data":
        raise UnsupportedMedia(
            "a form is not read here",
            mend="send the file itself as the body: curl --data-binary @FILE",
        )
    if request.headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedMedia(
            "the body is compressed by Content-Encoding",
            mend="leave that out: a file that is gzip in itself is read as it is",
        )


def _check_name(name: str) -> None:
    if not name.isprintable():
        raise InvalidField(
            "name: has a character that cannot be shown",
            field="name",
            value=ascii(name)[:80],
            mend="give the file's name alone",
        )


async def _take(request: Request, arriving: Arriving) -> None:
    """Have all of the body on the disk; nobody else waits for that."""
    held: list[bytes] = []
    size = total = 0
    async for chunk in _coming(request):
        held.append(chunk)
        size += len(chunk)
        total += len(chunk)
        if size >= _PIECE_BYTES:
            await run_in_threadpool(arriving.write, b"".join(held))
            held, size = [], 0
    if not total:
        raise InvalidInput("the body is empty", field="body", mend="send the file as the body")
    if held:
        await run_in_threadpool(arriving.write, b"".join(held))


async def _coming(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes; only so many may come at once, so none may stand still or creep."""
    body, total = request.stream(), 0
    patient_until_s = monotonic() + _SILENT_S
    while True:
        try:
            async with asyncio.timeout(_SILENT_S):
                chunk = await anext(body, None)
        except TimeoutError:
            raise _too_slow(f"nothing more of the body came within {_SILENT_S} s") from None
        if chunk is None:
            return
        total += len(chunk)
        if total < (monotonic() - patient_until_s) * _SLOWEST_BYTES_PER_S:
            raise _too_slow(f"the body comes slower than {_SLOWEST_BYTES_PER_S} bytes/s")
        yield chunk


def _too_slow(why: str) -> InvalidInput:
    return InvalidInput(why, field="body", mend="send the file again, over a quicker line")


@router.get(
    "",
    summary="List traces",
    dependencies=[Reader],
    responses={200: {"model": Listed[TraceView]}, **READ_PROBLEMS, **problems(404)},
)
async def traces(
    request: Request, desk: DeskDep, after: After = None, limit: Limit = 100
) -> Response:
    """Traces that are kept, latest first; lines of them for their senders and operators alone."""
    token = await access_of(request).need_to_read(request)
    kept = await run_in_threadpool(desk.traces.all)
    return JsonResponse(views.part([_shown(token, one) for one in kept], after, limit))


@router.get(
    "/{id}",
    summary="One trace",
    dependencies=[Reader],
    responses={200: {"model": TraceView}, **READ_PROBLEMS, **problems(404)},
)
async def trace(request: Request, desk: DeskDep, id: TraceId) -> Response:
    """What was found in it: format, jobs, and lines that could not be understood; these lines are
    for whoever sent it and for operators alone, as they may hold names of people.
    """
    token = await access_of(request).need_to_read(request)
    view = await run_in_threadpool(desk.traces.get, id)
    return JsonResponse(views.plain(_shown(token, view)))


def _shown(token: Token | None, view: TraceView) -> TraceView:
    """The trace as the holder of `token` may see it."""
    if view.facts is None or is_owner(token, view.actor):
        return view
    return replace(view, facts=replace(view.facts, broken_first=()))


@router.delete(
    "/{id}",
    status_code=204,
    summary="Remove a trace",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def remove(desk: DeskDep, token: Submitter, id: TraceId) -> Response:
    """Forget a trace; refused while a replay needs it. The outcomes of replays stay. Others' traces
    need the role `operator`.
    """
    of_owner(token, desk.traces.get(id).actor, f"trace {id}")
    desk.traces.remove(id)
    return Response(status_code=204)
