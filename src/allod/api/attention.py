"""/v1/attention: what needs a person now."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from allod.api import views
from allod.api.routing import READ_PROBLEMS, NodeDep, Reader, StrictRoute
from allod.api.shapes import Listed
from allod.api.views import JsonResponse
from allod.run.attention import AttentionView

router = APIRouter(prefix="/v1", tags=["sites"], route_class=StrictRoute)


@router.get(
    "/attention",
    summary="What needs a person",
    dependencies=[Reader],
    responses={200: {"model": Listed[AttentionView]}, **READ_PROBLEMS},
)
def attention(node: NodeDep) -> Response:
    """All that needs a person now, over all sites: the worst first, then what has been so for
    longest. Each item says what to do, and by `kind` and `name` where to look.
    """
    return JsonResponse({"items": views.plain(node.attention.now()), "next": None})
