"""/v1/sites and /v1/decisions: capacity and power now, and what was decided last."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from allod.api import views
from allod.api.routing import (
    READ_PROBLEMS,
    After,
    Limit,
    NodeDep,
    Operator,
    Reader,
    StrictRoute,
    problems,
)
from allod.api.shapes import Checked, Decided, Listed
from allod.api.views import JsonResponse
from allod.run.node_views import SiteView

router = APIRouter(prefix="/v1", route_class=StrictRoute)


@router.get(
    "/sites",
    tags=["sites"],
    summary="List sites",
    dependencies=[Reader],
    responses={200: {"model": Listed[SiteView]}, **READ_PROBLEMS},
)
def sites(node: NodeDep) -> Response:
    """All sites as they are now: capacity, classes, power, and the facts that law is decided on."""
    return JsonResponse({"items": views.plain(node.sites()), "next": None})


@router.get(
    "/sites/{name}",
    tags=["sites"],
    summary="One site",
    dependencies=[Reader],
    responses={200: {"model": SiteView}, **READ_PROBLEMS, **problems(404)},
)
def site(node: NodeDep, name: Annotated[str, Path(max_length=64)]) -> Response:
    """The site as it is now."""
    return JsonResponse(views.plain(node.site(name)))


@router.post(
    "/sites/{name}/check",
    tags=["sites"],
    summary="Check a site's cluster",
    responses={200: {"model": Checked}, **problems(401, 403, 404, 422, 503)},
)
def check(node: NodeDep, token: Operator, name: Annotated[str, Path(max_length=64)]) -> Response:
    """Connect to the cluster, look at all that is needed, and say what works and what mends the
    rest. Nothing is changed, and what fails is no error of this request.
    """
    found = node.check_site(name)
    works = all(item.state != "fails" for item in found)
    return JsonResponse({"site": name, "works": works, "findings": views.plain(found)})


@router.get(
    "/decisions",
    tags=["log"],
    summary="List decisions",
    dependencies=[Reader],
    responses={200: {"model": Listed[Decided]}, **READ_PROBLEMS},
)
def decisions(node: NodeDep, after: After = None, limit: Limit = 100) -> Response:
    """Decisions about all workloads, latest first."""
    found = node.decisions(None, after=after, limit=limit)
    return JsonResponse(views.page([views.decision(item) for item in found.items], found))
