"""/witness: this node as a witness of the logs of others, as C2SP tlog-witness has it."""

from __future__ import annotations

import logging
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from starlette.responses import Response

from allod.api.node_api import NodeApi
from allod.api.problems import out_of_reach
from allod.api.routing import NodeDep, StrictRoute, problems
from allod.errors import InvalidInput, InvalidProof, NotFound, Unavailable

router = APIRouter(prefix="/witness", tags=["witness"], route_class=StrictRoute)

_log = logging.getLogger(__name__)

#: Checkpoints that are looked at at a time: anybody may send them.
_ASKED = CapacityLimiter(2)

_BODY = {
    "requestBody": {
        "required": True,
        "description": "`old SIZE`, the hashes of a consistency proof, a blank line, a checkpoint.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Cosigned: signature lines.", "content": {"text/plain": {}}},
    400: {"description": "The old size is beyond the checkpoint's."},
    403: {"description": "The log has not signed it."},
    409: {
        "description": "It knows another size, which is the body.",
        "content": {"text/plain": {}},
    },
}


@router.get(
    "/key",
    summary="The key of this witness",
    responses={
        200: {"description": "A verifier key (vkey) on a line.", "content": {"text/plain": {}}},
        **problems(404, 422),
    },
)
def key(node: NodeDep) -> Response:
    """The key with which this node cosigns the logs of others; 404 if it cosigns none."""
    found = node.evidence.witness_key
    if not found:
        raise NotFound("this node cosigns no other log", mend="name their keys in witness_logs")
    return Response(f"{found}\n", media_type="text/plain; charset=utf-8")


@router.post(
    "/add-checkpoint",
    summary="Cosign a checkpoint",
    responses={**problems(404, 413, 422, 503), **_ANSWERS},
    openapi_extra=_BODY,
)
async def add_checkpoint(request: Request) -> Response:
    """Cosign the newest checkpoint of a log that this node knows. Anybody may ask: who is unknown
    learns nothing, and what is cosigned only goes forward.
    """
    node: NodeApi = request.app.state.node
    body = await request.body()
    try:
        answer = await run_sync(node.evidence.add_checkpoint, body, limiter=_ASKED)
    except InvalidProof as error:
        return Response(f"{error}\n", 400, media_type="text/plain; charset=utf-8")
    except (InvalidInput, Unavailable) as error:
        # What is kept here cannot be read or written: whoever asks is not told where it lies.
        _log.warning("nothing is cosigned: %s", error)
        raise out_of_reach() from None
    return Response(answer.body, answer.status, headers={"Content-Type": answer.content_type})
