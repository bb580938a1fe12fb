"""/v1/services: models behind the gateway, their replicas, and how many there may be."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from allod.api import views
from allod.api.bell import answer
from allod.api.node_api import NodeApi
from allod.api.routing import READ_PROBLEMS, NodeDep, Operator, Reader, StrictRoute, problems
from allod.api.shapes import Listed
from allod.api.views import JsonResponse
from allod.errors import Unavailable
from allod.run.node_views import Scaled
from allod.run.serving.service_views import ServiceView

router = APIRouter(prefix="/v1/services", tags=["services"], route_class=StrictRoute)

Name = Annotated[str, Path(max_length=64)]


class ScaleWanted(BaseModel):
    """How many replicas of a service there may be at each site."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    min: int | None = Field(default=None, ge=0, le=10_000)
    """So many are kept also when nobody calls; left out: as many as before. [1]"""
    max: int | None = Field(default=None, ge=1, le=10_000)
    """Left out: as many as before. [1]"""

    @model_validator(mode="after")
    def _says_something(self) -> ScaleWanted:
        if self.min is None and self.max is None:
            raise ValueError("neither min nor max; give one of them, or both")
        return self


@router.get(
    "",
    summary="List services",
    dependencies=[Reader],
    responses={200: {"model": Listed[ServiceView]}, **READ_PROBLEMS},
)
def services(node: NodeDep) -> Response:
    """All services by name, each with its replicas."""
    return JsonResponse({"items": views.plain(node.services()), "next": None})


@router.get(
    "/{name}",
    summary="One service",
    dependencies=[Reader],
    responses={200: {"model": ServiceView}, **READ_PROBLEMS, **problems(404)},
)
def service(node: NodeDep, name: Name) -> Response:
    """A service with its replicas, and what keeps it from having as many as it wants."""
    return JsonResponse(views.plain(_service(node, name)))


@router.post(
    "/{name}/scale",
    summary="Say how many replicas there may be",
    responses={200: {"model": Scaled}, **problems(400, 401, 403, 404, 413, 422, 503)},
)
async def scale(node: NodeDep, token: Operator, name: Name, wanted: ScaleWanted) -> Response:
    """Change `replicas.min` and `replicas.max` of the service's document, and nothing else."""
    done = await answer(node.scale(name, wanted.min, wanted.max, actor=token.name))
    return JsonResponse(views.plain(done))


def _service(node: NodeApi, name: str) -> ServiceView:
    for view in node.services():
        if view.name == name:
            return view
    node.document("Service", name)  # NotFound, with names that are near.
    raise Unavailable(f"service '{name}' has just been applied", mend="ask again in a moment")
