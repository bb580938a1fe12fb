"""/v1/gateway: where callers of services turn to."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from allod.api.routing import READ_PROBLEMS, Reader, StrictRoute
from allod.api.settings import ApiSettings
from allod.api.shapes import Shape
from allod.api.views import JsonResponse

router = APIRouter(prefix="/v1/gateway", tags=["services"], route_class=StrictRoute)


class Gateway(Shape):
    """The gateway that stands beside this node."""

    wanted: Literal["auto", "on", "off"]
    """As the node is set up; auto: as soon as there is a service."""
    base_url: str | None
    """What OpenAI's clients are given as base address, as this machine reaches it; null: none
    answers now."""
    home_site: str | None
    """Site at which it stands; null if nobody has said, and then no rule permits it."""


@router.get(
    "",
    summary="Where the gateway answers",
    dependencies=[Reader],
    responses={200: {"model": Gateway}, **READ_PROBLEMS},
)
def gateway(request: Request) -> Response:
    """Where calls of services are taken, and where that is in the eyes of the law."""
    settings: ApiSettings = request.app.state.settings
    url = settings.gateway_url()
    return JsonResponse(
        {
            "wanted": settings.gateway,
            "base_url": f"{url}/v1" if url else None,
            "home_site": settings.home_site or None,
        }
    )
