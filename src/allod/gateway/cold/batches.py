"""/v1/batches: calls of a file, made when nobody else needs the engines."""

from __future__ import annotations

import json
import re
import secrets
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from allod.errors import NotFound
from allod.gateway.cold.errors import Refused
from allod.gateway.cold.shapes import BatchAsked, BatchList, BatchObject
from allod.gateway.cold.state import CallerDep, ColdState, StateDep, may_keep_files
from allod.run.serving.kept import Batch
from allod.run.serving.table import KeyEntry

router = APIRouter(prefix="/v1/batches", tags=["batches"])
_WINDOW = re.compile(r"([1-9]\d{0,3})([mhd])", re.ASCII)
_UNITS_S = {"m": 60, "h": 3_600, "d": 86_400}
_WINDOW_MAX_S = 14 * 86_400


@router.post("", summary="Ask for a batch", dependencies=[Depends(may_keep_files)])
def create(asked: BatchAsked, state: StateDep, key: CallerDep) -> BatchObject:
    """Its calls are made as the last in every queue, until `completion_window` is over."""
    window_s = _window_s(asked.completion_window)
    try:
        file = state.files.get(asked.input_file_id, key.project)
    except NotFound as error:
        raise Refused(
            400,
            f"No such File object: {asked.input_file_id}",
            code="invalid_file",
            param="input_file_id",
        ) from error
    if file.purpose != "batch":
        raise Refused(
            400,
            f"The file's purpose is '{file.purpose}'; leave it with 'batch'.",
            code="invalid_file",
            param="input_file_id",
        )
    now_s = int(time.time())
    batch = Batch(
        id=f"batch_{secrets.token_hex(12)}",
        project=key.project,
        key=key.id,
        endpoint=asked.endpoint,
        input_file=file.id,
        window=asked.completion_window,
        metadata=json.dumps(asked.metadata or {}),
        status="validating",
        created_at_s=now_s,
        expires_at_s=now_s + window_s,
        output_kept_s=asked.output_expires_after.seconds if asked.output_expires_after else None,
    )
    state.store().put_batch(batch)
    return BatchObject.of(batch)


@router.get("", summary="List batches")
def list_batches(
    state: StateDep,
    key: CallerDep,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> BatchList:
    """Those of the key's project, newest first."""
    found = state.store().batches(key.project, after=after, limit=limit + 1)
    shown = [BatchObject.of(batch) for batch in found[:limit]]
    return BatchList(
        data=shown,
        first_id=shown[0].id if shown else None,
        last_id=shown[-1].id if shown else None,
        has_more=len(found) > limit,
    )


@router.get("/{batch_id}", summary="Describe a batch")
def retrieve(batch_id: str, state: StateDep, key: CallerDep) -> BatchObject:
    """How far it has come."""
    return BatchObject.of(_batch(batch_id, state, key))


@router.post("/{batch_id}/cancel", summary="Cancel a batch")
def cancel(batch_id: str, state: StateDep, key: CallerDep) -> BatchObject:
    """What is done by then stays."""
    if not state.store().cancel_batch(batch_id, key.project, int(time.time())):
        batch = _batch(batch_id, state, key)
        if batch.status not in ("cancelling", "cancelled"):
            raise Refused(
                409, f"Cannot cancel a batch with status '{batch.status}'.", code="invalid_status"
            )
    return BatchObject.of(_batch(batch_id, state, key))


def _batch(batch_id: str, state: ColdState, key: KeyEntry) -> Batch:
    batch = state.store().batch(batch_id, key.project)
    if batch is None:
        raise Refused(404, f"No batch found with id '{batch_id}'.", param="batch_id")
    return batch


def _window_s(window: str) -> int:
    found = _WINDOW.fullmatch(window)
    seconds = int(found[1]) * _UNITS_S[found[2]] if found else 0
    if not 0 < seconds <= _WINDOW_MAX_S:
        raise Refused(
            400,
            f"A batch cannot be given {window[:40]!r} to be done in: write minutes, hours or days, "
            "such as '30m', '24h' or '7d', 14 days at most.",
            code="invalid_value",
            param="completion_window",
        )
    return seconds
