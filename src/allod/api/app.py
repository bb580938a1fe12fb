"""The application: routes, guard and errors around one node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from allod import __version__
from allod.api import (
    attention,
    audit,
    catalogue,
    documents,
    events,
    foresight,
    gateway,
    keys,
    log,
    me,
    probes,
    problems,
    projects,
    replays,
    reports,
    schemas,
    services,
    site_details,
    sites,
    statements,
    tokens,
    traces,
    usage,
    witness,
    workloads,
)
from allod.api.access import Access
from allod.api.guard import Guard, HttpMetrics
from allod.api.node_api import NodeApi
from allod.api.problems import of_error
from allod.api.settings import ApiSettings
from allod.api.streams import Streams
from allod.api.views import JsonResponse
from allod.errors import AllodError


def create_app(
    node: NodeApi, *, settings: ApiSettings | None = None, pages: Sequence[BaseRoute] = ()
) -> FastAPI:
    """The API of `node`; `pages` are routes to serve beside it.

    The caller closes the node; `close_streams` ends what would otherwise go on for ever.
    """
    settings = settings or ApiSettings()
    app = FastAPI(
        title="Allod",
        version=__version__,
        # Their own pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        # Spans would carry paths, and paths name workloads (L7); `HttpMetrics` counts instead.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    metrics = HttpMetrics()
    app.state.node = node
    app.state.settings = settings
    app.state.access = Access(node, settings)
    app.state.metrics = metrics
    app.state.streams = Streams(
        most=settings.streams_max, heartbeat_s=settings.heartbeat_s, poll_s=settings.poll_s
    )
    routes = app.router.routes
    for module in (
        workloads,
        documents,
        projects,
        sites,
        site_details,
        attention,
        foresight,
        statements,
        catalogue,
        reports,
        events,
        log,
        audit,
        me,
        tokens,
        services,
        gateway,
        keys,
        usage,
        traces,
        replays,
        witness,
        probes,
    ):
        routes.extend(module.router.routes)
    routes.append(_BareRoute("/v1/openapi.json", _openapi_route(app), methods=["GET"]))
    routes.extend(pages)
    problems.install(app)
    # The busiest address. The router has the same handler, and what FastAPI puts around it.
    submit = _Direct(Route("/v1/workloads", workloads.submit, methods=["POST"]), workloads.submit)
    app.add_middleware(Guard, settings=settings, metrics=metrics, direct={submit.key: submit})
    return app


def close_streams(app: FastAPI) -> None:
    """End all streams of `app`; they would keep a server from stopping."""
    streams: Streams = app.state.streams
    streams.close()


class _Direct:
    """A handler that is asked without a router; its errors of ours are problems all the same."""

    def __init__(self, route: Route, handler: Callable[[Request], Awaitable[Response]]) -> None:
        self.key = ("POST", route.path)
        self._route, self._handler = route, handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self._route
        request = Request(scope, receive)
        try:
            response = await self._handler(request)
        except AllodError as error:
            response = of_error(request, error)
        await response(scope, receive, send)


class _BareRoute(Route):
    """A plain route that says which it is, as FastAPI's own do."""

    def matches(self, scope: Any) -> Any:
        match, child = super().matches(scope)
        child["route"] = self
        return match, child


def _openapi_route(app: FastAPI) -> Any:
    made: dict[str, Any] = {}

    async def openapi(request: Any) -> Response:
        if not made:
            made.update(await run_in_threadpool(schemas.openapi, app))
        return JsonResponse(made)

    return openapi
