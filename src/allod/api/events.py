"""/v1/events: the log as it grows, as server-sent events that can be taken up again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from allod.api import views
from allod.api.node_api import NodeApi
from allod.api.problems import InvalidField
from allod.api.routing import READ_PROBLEMS, NodeDep, Reader, StrictRoute
from allod.api.streams import Streams, streams_of
from allod.domain.decision import DECISIONS
from allod.domain.event import EVENTS
from allod.errors import AllodError
from allod.run.node_views import LeafView

router = APIRouter(prefix="/v1/events", tags=["log"], route_class=StrictRoute)

_KINDS = frozenset(
    {"event", "decision", *(f"event/{name}" for name in EVENTS)}
    | {f"decision/{name}" for name in DECISIONS}
)
_SEQ_MAX = 1 << 62
Wanted = Callable[[LeafView], bool]


@router.get(
    "",
    summary="Follow the log",
    dependencies=[Reader],
    responses={
        200: {
            "description": "One server-sent event for each record: its `id` is the leaf, its "
            "`data` an object with `seq`, `kind` and `record`. A comment comes when all is quiet.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **READ_PROBLEMS,
    },
)
async def events(
    request: Request,
    node: NodeDep,
    after: Annotated[
        int | None,
        Query(
            ge=-1,
            le=_SEQ_MAX,
            description="Begin after this leaf; default: what comes from now on.",
        ),
    ] = None,
    kind: Annotated[
        list[str] | None,
        Query(description="`event`, `decision`, or one kind such as `decision/Hold`; may repeat."),
    ] = None,
    workload_id: Annotated[str | None, Query(max_length=64)] = None,
    site: Annotated[str | None, Query(max_length=64)] = None,
    last_event_id: Annotated[
        str | None,
        Header(description="Leaf that you have; what follows it is sent. Goes before `after`."),
    ] = None,
) -> StreamingResponse:
    """Every record from a leaf on, each once and in order; filters that are given must all hold.

    A reader that was cut off sends the last `id` as `Last-Event-ID` and misses nothing.
    """
    begin = _leaf_of(last_event_id) if last_event_id else after
    wanted = _filter(kind or [], workload_id, site)
    streams = streams_of(request)
    return StreamingResponse(
        _lines(node, streams, begin, wanted),
        media_type="text/event-stream",
        # Proxies that gather an answer before they pass it on would hold events back.
        headers={"X-Accel-Buffering": "no"},
    )


def _leaf_of(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= _SEQ_MAX:
        return int(text)
    raise InvalidField(
        "Last-Event-ID: is not a leaf of the log",
        field="Last-Event-ID",
        value=text[:80],
        mend="send the id of the last event that you have",
    )


def _filter(kinds: list[str], workload_id: str | None, site: str | None) -> Wanted:
    for kind in kinds:
        if kind not in _KINDS:
            raise InvalidField(
                "kind: is not one of the choices",
                field="kind",
                value=kind[:80],
                mend=f"write one of {', '.join(sorted(_KINDS))}",
            )

    def wanted(leaf: LeafView) -> bool:
        record = leaf.record
        return (
            (not kinds or leaf.kind in kinds or leaf.kind.partition("/")[0] in kinds)
            and (workload_id is None or getattr(record, "workload_id", None) == workload_id)
            and (site is None or _is_about(record, site))
        )

    return wanted


def _is_about(record: object, site: str) -> bool:
    reasons = getattr(record, "reasons", ())
    return getattr(record, "site", None) == site or any(item.site == site for item in reasons)


async def _lines(
    node: NodeApi, streams: Streams, after: int | None, wanted: Wanted
) -> AsyncIterator[bytes]:
    with streams.open() as stream:
        if after is not None:
            # A leaf that this log has not reached is of another log: begin at its end.
            after = min(after, (await run_in_threadpool(node.health)).seq)
        follower = await run_in_threadpool(node.follow, after, wake=stream.wake)
        try:
            yield b"retry: 2000\n\n"
            while not stream.closed:
                stream.rest()
                before = follower.seq
                leaves = await run_in_threadpool(follower.take)
                if follower.seq > before:
                    yield b"".join(_event(leaf) for leaf in leaves if wanted(leaf)) or (
                        # An event without data is not shown to the reader, who keeps its id.
                        b"id: %d\n\n" % follower.seq
                    )
                elif not await stream.wait(streams.heartbeat_s):
                    yield b": all is quiet\n\n"
        except AllodError:
            return  # The log is out of reach; the reader comes back with the last id it has.
        finally:
            follower.close()


def _event(leaf: LeafView) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (leaf.seq, orjson.dumps(views.leaf(leaf)))
