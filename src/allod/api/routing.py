"""What all routes share: the node, strict query parameters, what errors mean."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Query, Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.responses import Response

from allod.api.access import may_read, needs
from allod.api.node_api import NodeApi
from allod.api.problems import InvalidField
from allod.api.shapes import Problem
from allod.domain.nearest import mend_of
from allod.run.node_views import Role, Token


async def node_of(request: Request) -> NodeApi:
    """The node that the application stands on."""
    node: NodeApi = request.app.state.node
    return node


NodeDep = Annotated[NodeApi, Depends(node_of)]
Reader = Depends(may_read)
Submitter = Annotated[Token, Depends(needs(Role.SUBMIT))]
Operator = Annotated[Token, Depends(needs(Role.OPERATOR))]
Admin = Annotated[Token, Depends(needs(Role.ADMIN))]
After = Annotated[str | None, Query(max_length=200, description="`next` of the part before.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most items in this part.")]


class StrictRoute(APIRoute):
    """A route that refuses a query parameter it does not know: a filter with a typo is not none."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind that check."""
        handle = super().get_route_handler()
        known = sorted(
            param.alias
            for param in get_flat_params(self.dependant)
            if isinstance(param.field_info, params.Query)
        )

        async def strict(request: Request) -> Response:
            for name in request.query_params:
                if name not in known:
                    mend = mend_of(name, known, f"known here: {', '.join(known)}")
                    raise InvalidField(
                        f"{name[:80]}: unknown query parameter",
                        field=name[:80],
                        mend=mend if known else "remove it",
                    )
            return await handle(request)

        return strict


#: What the statuses of errors mean, whatever the address.
STATUSES = {
    400: "The body cannot be read.",
    401: "A token is needed.",
    403: "The token's role is not enough.",
    404: "Nothing of that name is known.",
    409: "The name or key already stands for something else.",
    413: "The body is too large.",
    415: "The body is neither JSON nor YAML.",
    422: "The request or document is wrong.",
    503: "The node cannot take it now; ask again.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the OpenAPI document says of these errors."""
    return {
        status: {
            "description": STATUSES[status],
            "content": {"application/problem+json": {"schema": PROBLEM_REF}},
        }
        for status in statuses
    }


PROBLEM_REF = {"$ref": f"#/components/schemas/{Problem.__name__}"}
#: Every read may meet these.
READ_PROBLEMS = problems(401, 403, 422, 503)
