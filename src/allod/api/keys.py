"""/v1/keys: by which projects call the services behind the gateway."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from allod.api.access import access_of
from allod.api.routing import NodeDep, Operator, StrictRoute, node_of, problems
from allod.api.shapes import Listed, Shape
from allod.api.views import JsonResponse
from allod.domain.base import Name
from allod.domain.project_key import KeyTerms
from allod.domain.residency import Residency
from allod.run.key_rows import KeyView
from allod.run.node_views import Role

router = APIRouter(prefix="/v1/keys", tags=["keys"], route_class=StrictRoute)

KeyName = Annotated[str, Path(max_length=64)]


class KeyWanted(KeyTerms):
    """A key that is to be made."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    project: Name
    """Whose it is."""
    name: Name | None = None
    """What it is called in lists and in usage; default: one that the node finds."""


class KeySecret(Shape):
    """A key that was made."""

    name: str
    project: str
    secret: str
    """Shown this once; the node keeps only its hash."""


class Key(Shape):
    """A key of a project, without its secret."""

    name: str
    project: str
    made_at_s: int
    revoked_at_s: int | None
    """None: it holds. [epoch s]"""
    content: bool
    """True while the content of its calls is logged for its project."""
    requests_per_min: int | None
    tokens_per_min: int | None
    """Of prompts and answers together. [1/min]"""
    in_flight_max: int | None
    expires_at_s: int | None
    """From then on it opens nothing. [epoch s]"""
    residency: Residency | None
    """Binds its calls beside the rule of their project."""
    access_class: str | None
    services: list[str]
    """Those that it may call; empty: all."""


class ContentWanted(BaseModel):
    """Whether the content of a key's calls is to be logged."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    on: bool
    """True: log it, for the project."""


@router.post(
    "",
    status_code=201,
    summary="Make a key",
    responses={
        201: {"model": KeySecret, "description": "Made; `secret` is shown this once."},
        **problems(400, 401, 403, 404, 409, 413, 422, 503),
    },
)
def make(node: NodeDep, token: Operator, wanted: KeyWanted) -> Response:
    """Make a key for a project. Its secret is in the answer and nowhere else."""
    terms = KeyTerms.model_validate(wanted.model_dump(exclude={"project", "name"}))
    name, secret = node.keys.make(wanted.project, terms, name=wanted.name or "", actor=token.name)
    return JsonResponse({"name": name, "project": wanted.project, "secret": secret}, 201)


@router.get(
    "",
    summary="List keys",
    responses={200: {"model": Listed[Key]}, **problems(401, 403, 422, 503)},
)
def keys(
    node: NodeDep,
    token: Operator,
    project: Annotated[str, Query(max_length=64)] = "",
    revoked: Annotated[bool, Query(description="Those that were revoked too.")] = False,
) -> Response:
    """Keys by name, without their secrets."""
    found = node.keys.all(project=project, revoked=revoked)
    return JsonResponse({"items": [_shown(view) for view in found], "next": None})


@router.delete(
    "/{name}",
    status_code=204,
    summary="Revoke a key",
    responses=problems(401, 403, 404, 422, 503),
)
def revoke(node: NodeDep, token: Operator, name: KeyName) -> Response:
    """Let a key open nothing any more; gateways hear of it within a second. Again is the same."""
    node.keys.revoke(name, actor=token.name)
    return Response(status_code=204)


async def _may_log_content(request: Request, name: KeyName) -> str:
    """Who asks: the holder of the key, which is its project, or a token of the role `admin`."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        node = await node_of(request)
        row = await run_in_threadpool(node.keys.holder, secret.strip())
        if row is not None and row.name == name:
            return f"key/{name}"
    return (await access_of(request).need(request, Role.ADMIN)).name


@router.post(
    "/{name}/content",
    status_code=204,
    summary="Log what a key's calls say, or no longer",
    responses=problems(400, 401, 403, 404, 413, 422, 503),
)
def log_content(
    node: NodeDep,
    actor: Annotated[str, Depends(_may_log_content)],
    name: KeyName,
    wanted: ContentWanted,
) -> Response:
    """What calls say is logged nowhere unless a project has it logged for itself: with the key
    itself as the bearer token, or by an admin. Either is an act in the node's log.
    """
    node.keys.log_content(name, wanted.on, actor=actor)
    return Response(status_code=204)


def _shown(view: KeyView) -> dict[str, Any]:
    terms = view.terms.model_dump(mode="json", exclude={"expires", "residency"})
    residency = view.terms.residency
    return {
        "name": view.name,
        "project": view.project,
        "made_at_s": view.made_at_s,
        "revoked_at_s": view.revoked_at_s,
        "content": view.content,
        "expires_at_s": view.terms.expires,
        "residency": residency and residency.model_dump(mode="json", exclude_defaults=True),
        **terms,
    }
