"""/v1/audit and what goes with it: what was so at an instant, and what proves it."""

from __future__ import annotations

from typing import Annotated

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from allod.api import views
from allod.api.routing import READ_PROBLEMS, Admin, NodeDep, Reader, StrictRoute, problems
from allod.api.views import JsonResponse
from allod.domain.units import NEVER_S
from allod.run.audit import instant_of
from allod.run.audit_views import Audit

router = APIRouter(prefix="/v1", tags=["evidence"], route_class=StrictRoute)

_LINES = "application/jsonl"
_TEXT = "text/plain"
#: Audits at a time: each reads the whole log.
_AUDITS = CapacityLimiter(2)
_RECEIPTS = CapacityLimiter(8)


@router.get(
    "/audit",
    summary="What was so at an instant",
    dependencies=[Reader],
    responses={200: {"model": Audit}, **READ_PROBLEMS, **problems(404)},
)
async def audit(
    node: NodeDep,
    site: Annotated[str, Query(max_length=64, description="Name of the site.")],
    at: Annotated[
        str,
        Query(max_length=40, description="A day, which means its end, or an RFC 3339 time."),
    ],
) -> Response:
    """What ran at a site at an instant, under whose control, which floors held, and what was
    refused and reclaimed in the 24 hours before, each with the `seq` of its leaf. It reads the log
    from its beginning, which takes seconds if it is long.
    """
    at_s = instant_of(at)
    found = await run_sync(lambda: node.audit(site, at_s), limiter=_AUDITS)
    return JsonResponse(views.plain(found))


@router.get(
    "/receipts/{seq}",
    summary="A receipt for one leaf",
    dependencies=[Reader],
    responses={
        200: {
            "description": "A file NAME.tlog-proof.",
            "content": {_TEXT: {"schema": {"type": "string"}}},
        },
        **READ_PROBLEMS,
        **problems(404),
    },
)
async def receipt(
    node: NodeDep,
    seq: Annotated[int, Path(ge=0, le=NEVER_S, description="The leaf.")],
    disclose: Annotated[
        list[Annotated[str, Field(max_length=64)]] | None,
        Query(max_length=16, description="A field to open, once for each; `all` opens every one."),
    ] = None,
) -> Response:
    """The proof that the log holds a leaf, such as one that an audit names. Who, where and when
    are open in it, and what you disclose. It waits for the next checkpoint.
    """
    data = await run_sync(
        lambda: node.evidence.record_receipt(seq, disclose or ()), limiter=_RECEIPTS
    )
    headers = {"Content-Disposition": f'attachment; filename="leaf-{seq}.tlog-proof"'}
    return Response(data, headers=headers, media_type=f"{_TEXT}; charset=utf-8")


@router.get(
    "/log/section",
    summary="All that the log says",
    responses={
        200: {
            "description": "JSON lines, see `allod log section`.",
            "content": {_LINES: {"schema": {"type": "string"}}},
        },
        **problems(401, 403, 404, 422, 503),
    },
)
def section(
    node: NodeDep,
    token: Admin,
    until: Annotated[
        int | None,
        Query(
            ge=1, le=NEVER_S, description="Entries; up to the first checkpoint of at least so many."
        ),
    ] = None,
) -> Response:
    """All that the log says from its first entry up to a checkpoint, in the open, for someone who
    is to make its decisions again: `allod verify --replay`. An administrative act: the log has it
    before the first byte is out, and each request is one.
    """
    lines = node.log_section(until=until, actor=token.name)
    headers = {"Cache-Control": "no-store"}
    return StreamingResponse(lines, headers=headers, media_type=_LINES)
