"""/v1/me: who asks, and what they may do."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from allod.api import views
from allod.api.access import access_of
from allod.api.routing import READ_PROBLEMS, StrictRoute
from allod.api.shapes import Me
from allod.api.views import JsonResponse
from allod.run.node_views import Role

router = APIRouter(prefix="/v1/me", tags=["tokens"], route_class=StrictRoute)


@router.get("", summary="Who asks", responses={200: {"model": Me}, **READ_PROBLEMS})
async def me(request: Request) -> Response:
    """Whose token came with the request, its role, and what it may do.

    Where reading needs no token, a caller without one may read, and has no name.
    """
    token = await access_of(request).need_to_read(request)
    rights = token.role.rights if token else Role.READ.rights
    return JsonResponse(
        {
            "name": token.name if token else None,
            "role": token.role if token else None,
            "may": views.plain(rights),
        }
    )
