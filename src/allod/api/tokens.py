"""/v1/tokens: who may do what on this node; for holders of the role `admin`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from allod.api import views
from allod.api.routing import Admin, NodeDep, StrictRoute, problems
from allod.api.shapes import Listed, Shape
from allod.api.views import JsonResponse
from allod.domain.base import Name
from allod.run.node_views import Role, Token

router = APIRouter(prefix="/v1/tokens", tags=["tokens"], route_class=StrictRoute)


class TokenWanted(BaseModel):
    """A token that is to be made."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: Name
    """Whose it is; lower-case letters, digits and '-'."""
    role: Role
    """What it may do."""


class TokenSecret(Shape):
    """A token that was made."""

    name: str
    role: Role
    secret: str
    """Shown this once; the node keeps only its hash."""


@router.post(
    "",
    status_code=201,
    summary="Make a token",
    responses={
        201: {"model": TokenSecret, "description": "Made; `secret` is shown this once."},
        **problems(400, 401, 403, 409, 413, 422, 503),
    },
)
def make(node: NodeDep, token: Admin, wanted: TokenWanted) -> Response:
    """Make a token. Its secret is in the answer and nowhere else."""
    secret = node.token_make(wanted.name, wanted.role, actor=token.name)
    return JsonResponse({"name": wanted.name, "role": wanted.role, "secret": secret}, 201)


@router.get(
    "",
    summary="List tokens",
    responses={200: {"model": Listed[Token]}, **problems(401, 403, 422, 503)},
)
def tokens(node: NodeDep, token: Admin) -> Response:
    """All tokens that open something, without their secrets."""
    return JsonResponse({"items": views.plain(node.tokens()), "next": None})


@router.delete(
    "/{name}",
    status_code=204,
    summary="Revoke a token",
    responses=problems(401, 403, 404, 422, 503),
)
def revoke(node: NodeDep, token: Admin, name: Annotated[str, Path(max_length=64)]) -> Response:
    """Let a token open nothing any more; it takes hold within seconds."""
    node.token_remove(name, actor=token.name)
    return Response(status_code=204)
