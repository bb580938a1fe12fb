"""/metrics, the description of all operations, and a page that shows it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import HTMLResponse, JSONResponse, Response

from allod.gateway.cold.docs_page import page_of
from allod.gateway.cold.errors import Refused
from allod.gateway.cold.openapi import openapi_of
from allod.gateway.cold.state import StateDep, from_worker, state_of

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """How many calls, tokens and joules, how long, by service and site.

    Where others than this machine reach the gateway, they are read at the desk's own port, which
    is on loopback and needs no key: what goes on here is the operator's alone to know.
    """
    state = state_of(request)
    if "authorization" in request.headers:
        from_worker(request)
        if not state.config.loopback:
            raise Refused(403, "Metrics are read on the machine of the gateway, at its desk.")
    return Response(state.metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


@router.get("/health")
@router.get("/healthz")
def health(state: StateDep) -> Response:
    """200 while calls can be answered: the gateway knows from its node what it may."""
    if state.known.table() is None:
        return JSONResponse({"status": "no table"}, 503, headers={"retry-after": "5"})
    return JSONResponse({"status": "ok"})


@router.get("/openapi.json")
def openapi(request: Request, state: StateDep) -> Response:
    """All public operations."""
    return JSONResponse(openapi_of(request.app, state.url))


@router.get("/docs")
def docs(request: Request, state: StateDep) -> Response:
    """The same for people."""
    page = page_of(openapi_of(request.app, state.url))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return HTMLResponse(page, headers={"content-security-policy": policy})
