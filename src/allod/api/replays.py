"""/v1/replays: what if: the node's engine on a trace or on its own work, in another world."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from allod.api import views
from allod.api.access import access_of
from allod.api.body import documents_of_json, documents_of_yaml
from allod.api.idempotency import idempotency_key, idempotency_parameter
from allod.api.problems import InvalidField
from allod.api.replay_desk import DeskDep, is_owner, of_owner
from allod.api.replay_shapes import Comparison, ReplayOutcome, ReplayWanted
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
from allod.domain.document import Document
from allod.run.replays.question import Question
from allod.run.replays.views import ReplayView

router = APIRouter(prefix="/v1/replays", tags=["replays"], route_class=StrictRoute)

ReplayId = Annotated[str, Path(max_length=64, description="Such as `replay-0a1b2c3d4e5f`.")]
_KEY: dict[str, Any] = {
    "parameters": [
        idempotency_parameter(
            "Chosen by you, new for each new replay. The same request with the same "
            "key gets the replay that was made the first time, as long as that is kept."
        )
    ]
}


@router.post(
    "",
    status_code=201,
    summary="Ask for a replay",
    responses={
        201: {
            "model": ReplayView,
            "description": "It runs as soon as those before it have ended.",
            "headers": {"Location": {"schema": {"type": "string"}}},
        },
        200: {
            "model": ReplayView,
            "description": "The key was known; this is the replay that it stands for.",
            "headers": {"Idempotency-Replayed": {"schema": {"const": "true"}}},
        },
        **problems(400, 401, 403, 404, 409, 413, 422, 503),
    },
    openapi_extra=_KEY,
)
async def ask(request: Request, desk: DeskDep, token: Submitter, wanted: ReplayWanted) -> Response:
    """Live through a trace, or the node's own work, in the node's world with your changes. Nothing
    of the node changes, and nothing comes into its log. Needs the role `submit`: it costs time of
    the processor. One runs at a time, behind all that the node does otherwise.

    The world is that of the node's documents now; it begins empty, with all accelerators that are
    live by the documents: what runs now, and nodes that are down, are not in it.
    """
    documents = await run_in_threadpool(_documents, wanted.documents)
    question = Question(
        trace=wanted.trace,
        name=wanted.name,
        documents=documents,
        without=tuple(wanted.without),
        policy=wanted.policy,
        pool=wanted.pool,
        mapping=wanted.mapping,
        starts_s=wanted.starts,
        from_s=wanted.from_s,
        to_s=wanted.to_s,
        seed=wanted.seed,
        strict=wanted.strict,
    )
    key = idempotency_key(request)
    made = await run_in_threadpool(desk.ask, question, actor=token.name, key=key)
    headers = {"Location": f"/v1/replays/{made.replay.id}"}
    if made.repeated:
        return JsonResponse(
            views.plain(made.replay), 200, headers | {"Idempotency-Replayed": "true"}
        )
    return JsonResponse(views.plain(made.replay), 201, headers)


def _documents(given: list[dict[str, Any]] | str) -> tuple[Document, ...]:
    if not given:
        return ()
    if isinstance(given, str):
        return documents_of_yaml(given.encode("utf-8", "surrogatepass"))
    try:
        body = orjson.dumps(given)
    except orjson.JSONEncodeError as error:
        raise InvalidField(
            f"documents: are no plain JSON: {str(error).lower()}",
            field="documents",
            mend="write whole numbers of 64 bits at most, texts in UTF-8, and few levels",
        ) from error
    return documents_of_json(body)


@router.get(
    "",
    summary="List replays",
    dependencies=[Reader],
    responses={200: {"model": Listed[ReplayView]}, **READ_PROBLEMS, **problems(404)},
)
def replays(desk: DeskDep, after: After = None, limit: Limit = 100) -> Response:
    """Replays that are kept, latest first."""
    return JsonResponse(views.part(desk.all(), after, limit))


@router.get(
    "/compare",
    summary="Two replays side by side",
    dependencies=[Reader],
    responses={200: {"model": Comparison}, **READ_PROBLEMS, **problems(404, 409)},
)
def compare(
    desk: DeskDep,
    a: Annotated[str, Query(max_length=64, description="Id of the one, such as how it is.")],
    b: Annotated[str, Query(max_length=64, description="Id of the other, such as what if.")],
) -> Response:
    """The same figures of both with their differences, and what of their inputs differs: what was
    asked, and each place in the documents of their worlds.
    """
    return JsonResponse(desk.compare(a, b))


@router.get(
    "/{id}",
    summary="One replay",
    dependencies=[Reader],
    responses={200: {"model": ReplayView}, **READ_PROBLEMS, **problems(404)},
)
def replay(desk: DeskDep, id: ReplayId) -> Response:
    """How far it is. Every number of `progress` is counted: a replay of half a year may be over
    before anybody looks.
    """
    return JsonResponse(views.plain(desk.get(id)))


@router.get(
    "/{id}/outcome",
    summary="What it came to",
    dependencies=[Reader],
    responses={200: {"model": ReplayOutcome}, **READ_PROBLEMS, **problems(404, 409)},
)
async def outcome(request: Request, desk: DeskDep, id: ReplayId) -> Response:
    """Figures of all, of sites, classes and projects, each with its unit and basis; series over
    time; refusals, floors and power. A conflict (409) while it is not done. Lines of the trace that
    could not be understood are for whoever asked and for operators alone.
    """
    token = await access_of(request).need_to_read(request)
    came_to = await run_in_threadpool(desk.outcome, id)
    if not is_owner(token, (await run_in_threadpool(desk.get, id)).actor):
        came_to = came_to | {"trace": came_to["trace"] | {"broken_first": []}}
    return JsonResponse(came_to)


@router.post(
    "/{id}/cancel",
    summary="Cancel a replay",
    responses={200: {"model": ReplayView}, **problems(401, 403, 404, 422, 503)},
)
def cancel(desk: DeskDep, token: Submitter, id: ReplayId) -> Response:
    """Let it not run, or no further; its process ends at once. One that has ended stays as it is.
    Others' replays need the role `operator`.
    """
    of_owner(token, desk.get(id).actor, f"replay {id}")
    return JsonResponse(views.plain(desk.cancel(id)))


@router.delete(
    "/{id}",
    status_code=204,
    summary="Remove a replay",
    responses=problems(401, 403, 404, 409, 422, 503),
)
def remove(desk: DeskDep, token: Submitter, id: ReplayId) -> Response:
    """Forget it and its outcome; refused while it may still run. Others' replays need the role
    `operator`.
    """
    of_owner(token, desk.get(id).actor, f"replay {id}")
    desk.remove(id)
    return Response(status_code=204)
