"""/log: the sealed log as C2SP tlog-tiles has it, for anybody; receipts for whoever may read.

The log is blind (E2): its tiles and entries say nothing of what was recorded, so they need no token
wherever the node listens, as their copies on a static server need none.
"""

from __future__ import annotations

from typing import Annotated

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from allod.api.node_api import NodeApi
from allod.api.problems import out_of_reach
from allod.api.routing import READ_PROBLEMS, Admin, NodeDep, Reader, StrictRoute, problems
from allod.api.shapes import Exported, Rotated
from allod.api.views import JsonResponse
from allod.errors import InvalidInput, NotFound, Unavailable

router = APIRouter(tags=["evidence"], route_class=StrictRoute)

_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_ASK_EACH_TIME = {"Cache-Control": "no-cache"}
#: A tile is full once and for all; one at the edge stays true too, but is soon of no use.
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_FOR_A_WHILE = {"Cache-Control": "public, max-age=3600"}
#: Tiles and bundles that are read at a time: nobody in particular asks for them.
_TILES = CapacityLimiter(4)
#: Receipts that are made at a time: each waits for its checkpoint, and the threads are everybody's.
_RECEIPTS = CapacityLimiter(8)

TilePath = Annotated[
    str, Path(max_length=200, description="`x001/x234/067`, at the right edge `x001/x234/067.p/5`.")
]


def _of_type(media: str, what: str) -> dict[int | str, dict[str, object]]:
    schema = {"type": "string"} if media.startswith("text/") else {}
    return {200: {"description": what, "content": {media.partition(";")[0]: {"schema": schema}}}}


@router.get(
    "/log/checkpoint",
    summary="The newest checkpoint",
    responses={**_of_type(_TEXT, "A signed note."), **problems(404, 422, 503)},
)
def checkpoint(node: NodeDep) -> Response:
    """The newest published checkpoint (C2SP tlog-checkpoint), with the cosignatures that have come.

    A new one comes at a fixed cadence, also when nothing has happened.
    """
    return Response(node.evidence.checkpoint(), headers=_ASK_EACH_TIME, media_type=_TEXT)


@router.get(
    "/log/key",
    summary="The key of the log",
    responses={**_of_type(_TEXT, "A verifier key (vkey) on a line."), **problems(404, 422)},
)
def key(node: NodeDep) -> Response:
    """The public key that verifies checkpoints and receipts. Whoever checks this node should have
    it from elsewhere too: a node that lies would lie here.
    """
    return Response(f"{node.evidence.key}\n", headers=_ASK_EACH_TIME, media_type=_TEXT)


@router.get(
    "/log/tile/entries/{path:path}",
    summary="A bundle of entries",
    responses={
        **_of_type(_BYTES, "Up to 256 entries, each after its length in two bytes."),
        **problems(404, 422, 503),
    },
)
async def entries(node: NodeDep, path: TilePath) -> Response:
    """Entries of the published log: sixteen digests each, whatever was recorded."""
    return await _tile(node, f"tile/entries/{path}")


@router.get(
    "/log/tile/{path:path}",
    summary="A tile of the tree",
    responses={**_of_type(_BYTES, "Up to 256 hashes of 32 bytes."), **problems(404, 422, 503)},
)
async def tile(
    node: NodeDep,
    path: Annotated[
        str,
        Path(
            max_length=200,
            description="Level and index, such as `0/x001/x234/067`, at the right edge with its "
            "width: `0/x001/x234/067.p/5`.",
        ),
    ],
) -> Response:
    """Hashes of the published log's tree, of which anybody can make every proof."""
    return await _tile(node, f"tile/{path}")


async def _tile(node: NodeApi, path: str) -> Response:
    try:
        data = await run_sync(node.evidence.resource, path, limiter=_TILES)
    except InvalidInput as error:
        # What is no path of a tile is an address at which there is nothing.
        raise NotFound(error.message, mend=error.mend) from None
    except Unavailable:
        raise out_of_reach() from None
    headers = _FOR_A_WHILE if ".p/" in path else _FOR_EVER
    return Response(data, headers=headers, media_type=_BYTES)


@router.get(
    "/v1/workloads/{workload_id}/receipt",
    tags=["evidence"],
    summary="A receipt",
    dependencies=[Reader],
    responses={**_of_type(_TEXT, "A file NAME.tlog-proof."), **READ_PROBLEMS, **problems(404)},
)
async def receipt(
    node: NodeDep,
    workload_id: Annotated[str, Path(max_length=64, description="Such as `w12`.")],
    disclose: Annotated[
        list[Annotated[str, Field(max_length=64)]] | None,
        Query(max_length=16, description="A field to open, once for each; `all` opens every one."),
    ] = None,
    whole: Annotated[
        bool, Query(description="All records of it in place of its last placement.")
    ] = False,
) -> Response:
    """The proof that the log holds what was decided about a workload, for whoever is to verify it
    without this node: `allod verify` or `python -m allod.prove`. Who, where and when are open in
    it; all other fields stay hidden unless you disclose them. It waits for the next checkpoint.
    """

    def made() -> bytes:
        return node.evidence.receipt(workload_id, disclose or (), whole=whole)

    data = await run_sync(made, limiter=_RECEIPTS)
    headers = {"Content-Disposition": f'attachment; filename="{workload_id}.tlog-proof"'}
    return Response(data, headers=headers, media_type=_TEXT)


@router.post(
    "/v1/log/key",
    summary="Sign the log under a new key",
    responses={200: {"model": Rotated}, **problems(401, 403, 404, 422, 503)},
)
async def rotate(node: NodeDep, token: Admin) -> Response:
    """Make a new key and sign with it from now on. That is a record of the log, in a checkpoint
    that both keys have signed; the receipt of it tells the new key to whoever trusts the old one.
    """
    receipt = await run_sync(lambda: node.log_rotate_key(actor=token.name), limiter=_RECEIPTS)
    return JsonResponse({"key": node.evidence.key, "receipt": receipt.decode()})


@router.post(
    "/v1/log/exports",
    status_code=201,
    summary="Hand out the log",
    responses={
        201: {"model": Exported, "description": "The handing out is in the log."},
        **problems(401, 403, 404, 422, 503),
    },
)
def export(node: NodeDep, token: Admin) -> Response:
    """Say that the log is to be copied to elsewhere, and get the checkpoint to copy it up to.

    An export is an administrative act, so the log has it before the first byte is out.
    """
    signed = node.log_export(actor=token.name)
    return JsonResponse(
        {"size": signed.size, "checkpoint": signed.note.decode(), "key": node.evidence.key}, 201
    )
