"""/healthz, /readyz and /metrics: how the node is, without a word about any workload (L7)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from allod import __version__
from allod.api.access import may_read
from allod.api.guard import HttpMetrics
from allod.api.routing import NodeDep, Reader, StrictRoute, problems
from allod.api.shapes import Alive, Ready
from allod.api.views import JsonResponse
from allod.errors import AllodError, Unavailable

router = APIRouter(tags=["probes"], route_class=StrictRoute)


@router.get("/healthz", summary="Is it alive?", responses={200: {"model": Alive}, **problems(422)})
async def healthz(node: NodeDep, request: Request) -> Response:
    """200 as long as the process answers, even when its log is out of reach: restarting it would
    not bring the log back. `status` tells the two apart. How much goes on is for who may read.
    """
    health = await run_in_threadpool(node.health)
    body: dict[str, Any] = {
        "status": "ok" if health.ready and not health.seal else "degraded",
        # What exactly is wrong names hosts and paths; the node's own log has it.
        "log": "ok" if health.log == "ok" else "out of reach",
        "sealed": not health.seal,
        "at_s": health.at_s,
        "version": __version__,
    }
    try:
        await may_read(request)
    except AllodError:  # A probe needs no token, so a wrong one is no error.
        return JsonResponse(body)
    counts = {
        "seq": health.seq,
        "waiting": health.waiting,
        "running": health.running,
        "queue": health.queue,
        "out_of_reach": len(health.out_of_reach),
    }
    return JsonResponse(body | counts)


@router.get(
    "/readyz", summary="Does it take work?", responses={200: {"model": Ready}, **problems(422, 503)}
)
def readyz(node: NodeDep) -> Response:
    """200 if the node takes and decides work now, 503 if not."""
    if not node.ready():
        raise Unavailable(
            "the node does not take work now",
            mend="ask again; if it lasts, look at the node's own log",
        )
    return JsonResponse({"ready": True})


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    dependencies=[Reader],
    responses={
        200: {
            "description": "Prometheus text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **problems(401, 403, 422),
    },
)
def metrics(node: NodeDep, request: Request) -> Response:
    """Counters of the node and of this API."""
    own: HttpMetrics = request.app.state.metrics
    content = generate_latest(node.metrics) + generate_latest(own.registry)
    return Response(content, media_type=CONTENT_TYPE_PLAIN_0_0_4)
