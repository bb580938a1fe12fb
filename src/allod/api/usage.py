"""/v1/usage: what projects called, in tokens and joules, and the records that it is the sum of."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from allod.api import views
from allod.api.access import access_of
from allod.api.routing import READ_PROBLEMS, Limit, NodeDep, Reader, StrictRoute, node_of
from allod.api.shapes import Listed
from allod.api.views import JsonResponse
from allod.domain.units import InstantS
from allod.errors import Forbidden
from allod.run.serving.energy_kept import EnergyCheck
from allod.run.serving.kept import By, UsageFilter, UsageSum
from allod.run.serving.usage import UsageRecord

router = APIRouter(prefix="/v1/usage", tags=["usage"], route_class=StrictRoute)


Named = Annotated[str, Query(max_length=128)]
Instant = Annotated[
    InstantS | None,
    Query(description="Seconds since 1970, a day, which means its beginning, or an RFC 3339 time."),
]


async def _seen_by(request: Request) -> str:
    """The project whose key is shown, which sees its own; '' of whoever may read all.

    Raises:
        Unauthorized: Neither a key nor a token of the node.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        node = await node_of(request)
        key = await run_in_threadpool(node.keys.holder, secret.strip())
        if key is not None:
            return key.project
    await access_of(request).need_to_read(request)
    return ""


def where(
    since: Instant = None,
    until: Instant = None,
    project: Named = "",
    key: Named = "",
    service: Named = "",
    model: Named = "",
    site: Named = "",
    access_class: Named = "",
) -> UsageFilter:
    """The records that a request is about: received from `since` on and before `until`."""
    return UsageFilter(
        since_ms=None if since is None else since * 1000,
        until_ms=None if until is None else until * 1000,
        project=project,
        key=key,
        service=service,
        model=model,
        site=site,
        access_class=access_class,
    )


async def where_seen(
    request: Request, asked: Annotated[UsageFilter, Depends(where)]
) -> UsageFilter:
    """Of those that are asked for, the records that the caller may see.

    Raises:
        Forbidden: They are another project's than the one whose key is shown.
    """
    own = await _seen_by(request)
    if own and asked.project not in ("", own):
        raise Forbidden(
            f"a key of project {own} sees what {own} called, not {asked.project}",
            mend=f"leave 'project' out, or write {own}",
        )
    return replace(asked, project=own) if own else asked


Where = Annotated[UsageFilter, Depends(where_seen)]


@router.get(
    "",
    summary="Sums of usage",
    responses={200: {"model": Listed[UsageSum]}, **READ_PROBLEMS},
)
def usage(
    node: NodeDep,
    where: Where,
    by: Annotated[
        list[By] | None, Query(max_length=len(By), description="Once for each; none: one sum.")
    ] = None,
) -> Response:
    """Calls, tokens, energy and carbon, summed by what you name. Energy is that of the calls of
    which it is known; `energy_measured`, `energy_estimated` and `energy_unknown` count calls that
    were served, and `energy_per_1000_tokens_mj` goes by the tokens of those whose energy is known,
    of prompts and answers together.

    With the key of a project: what that project called.
    """
    found = node.usage.usage(by or [], where)
    return JsonResponse({"items": views.plain(found), "next": None})


@router.get(
    "/requests",
    summary="Records of single calls",
    responses={200: {"model": Listed[UsageRecord]}, **READ_PROBLEMS},
)
def requests(
    node: NodeDep,
    where: Where,
    after: Annotated[str, Query(max_length=200, description="`next` of the part before.")] = "",
    limit: Limit = 100,
) -> Response:
    """Records of calls, newest first: who called what, where it was served, tokens, times, energy.
    No record has a word of what was said. With the key of a project: those of that project.
    """
    found = node.usage.records(where, limit, after)
    following = found[-1].id if len(found) == limit else None
    return JsonResponse({"items": views.plain(found), "next": following})


@router.get(
    "/energy",
    dependencies=[Reader],
    summary="Whether energy adds up",
    responses={200: {"model": EnergyCheck}, **READ_PROBLEMS},
)
def energy(node: NodeDep) -> Response:
    """What meters of replicas counted, and who got it: records of calls, calls whose record is not
    settled yet, the reserve drawn while nobody called, and gaps in which a counter began anew.
    `faults` is empty if all of it is exact, to the millijoule.
    """
    return JsonResponse(views.plain(node.energy.check()))
