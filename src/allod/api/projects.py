"""/v1/projects: who asks, what was given to them, and what of it is used."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from allod.api import views
from allod.api.routing import READ_PROBLEMS, NodeDep, Reader, StrictRoute, problems
from allod.api.shapes import Listed
from allod.api.views import JsonResponse
from allod.run.project_views import ProjectView

router = APIRouter(prefix="/v1/projects", tags=["projects"], route_class=StrictRoute)


@router.get(
    "",
    summary="List projects",
    dependencies=[Reader],
    responses={200: {"model": Listed[ProjectView]}, **READ_PROBLEMS},
)
def projects(node: NodeDep) -> Response:
    """All projects by name, with their grants, the account of their use, and their work now."""
    return JsonResponse({"items": views.plain(node.projects.all()), "next": None})


@router.get(
    "/{name}",
    summary="One project",
    dependencies=[Reader],
    responses={200: {"model": ProjectView}, **READ_PROBLEMS, **problems(404)},
)
def project(node: NodeDep, name: Annotated[str, Path(max_length=64)]) -> Response:
    """A project with its grants, the account of their use, and its work now."""
    return JsonResponse(views.plain(node.projects.one(name)))
