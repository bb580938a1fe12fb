"""/v1/sites/{name}/forecast and /curtailment: what is told of the time to come."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from allod.api import views
from allod.api.bell import answer
from allod.api.routing import NodeDep, Operator, StrictRoute, problems
from allod.api.shapes import Foretold
from allod.api.views import JsonResponse
from allod.domain.foresight import Call, Forecast
from allod.run.foresight import Told

router = APIRouter(prefix="/v1/sites/{name}", tags=["sites"], route_class=StrictRoute)

Name = Annotated[str, Path(max_length=64)]
DryRun = Annotated[bool, Query(description="Say what would be decided, and change nothing.")]
_RESPONSES = {200: {"model": Foretold}, **problems(400, 401, 403, 404, 413, 422, 503)}


@router.post("/forecast", summary="Give a forecast", responses=_RESPONSES)
async def forecast(
    node: NodeDep, token: Operator, name: Name, told: Forecast, dry_run: DryRun = False
) -> Response:
    """Say what weather and supply of a site will be; it takes the place of the forecast before.

    Where the site has a cooling model, what its envelope leaves for IT follows from it.
    """
    return await _told(node, told.event(name, token.name), dry_run)


@router.post("/curtailment", summary="Call for less power", responses=_RESPONSES)
async def curtailment(
    node: NodeDep, token: Operator, name: Name, told: Call, dry_run: DryRun = False
) -> Response:
    """Let a site, hall or pool draw less for a time; the shed plan says what gives way for it."""
    return await _told(node, told.event(name, token.name), dry_run)


async def _told(node: NodeDep, event: Told, dry_run: bool) -> Response:
    # A dry run is done by whoever asks for it.
    future = await run_in_threadpool(node.foresight.tell, event, dry_run=dry_run)
    made = await answer(future)
    return JsonResponse({"dry_run": dry_run, "decisions": views.plain(made)})
