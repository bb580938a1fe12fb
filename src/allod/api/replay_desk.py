"""What the routes of traces and replays share: the desk, and whose a thing is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from allod.api.routing import NodeDep
from allod.errors import Forbidden, NotFound
from allod.run.node_views import Role, Token
from allod.run.replays.desk import Desk


async def desk_of(node: NodeDep) -> Desk:
    """The desk of the node; NotFound if it has none."""
    if node.replays is None:
        raise NotFound("this node replays nothing", mend="use `allod replay` on a machine of yours")
    return node.replays


DeskDep = Annotated[Desk, Depends(desk_of)]


def is_owner(token: Token | None, owner: str) -> bool:
    """True for who asked for a thing, and for operators."""
    return token is not None and (token.name == owner or token.role.may(Role.OPERATOR))


def of_owner(token: Token, owner: str, what: str) -> None:
    """Let pass who asked for `what`, and operators.

    Raises:
        Forbidden: It is somebody else.
    """
    if not is_owner(token, owner):
        raise Forbidden(
            f"{what} is of '{owner}', not of '{token.name}'",
            mend="use its owner's token, or one of role 'operator'",
        )
