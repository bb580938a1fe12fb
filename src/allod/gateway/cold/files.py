"""/v1/files: files that projects leave here, for batches above all."""

from __future__ import annotations

import os
import time
from typing import Annotated, BinaryIO, Literal, get_args

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from allod.errors import AllodError
from allod.gateway.cold.errors import Refused
from allod.gateway.cold.shapes import FileDeleted, FileList, FileObject, Purpose
from allod.gateway.cold.state import CallerDep, ColdState, StateDep, may_keep_files
from allod.gateway.cold.upload import Upload
from allod.gateway.cold.uploads import receive
from allod.run.serving.kept import KeptFile
from allod.run.serving.table import KeyEntry

router = APIRouter(prefix="/v1/files", tags=["files"])
_EXPIRES_S = (3_600, 2_592_000)


@router.post("", summary="Leave a file", dependencies=[Depends(may_keep_files)])
async def create(request: Request, state: StateDep, key: CallerDep) -> FileObject:
    """A form with `file` and `purpose`; `expires_after[seconds]` lets it go by itself."""
    file_id = state.files.new_id()
    path = state.files.path(file_id)
    try:
        with state.files.create(path) as target:
            upload = await receive(request, target, state.config.gateway_file_bytes_max)
            await _on_disk(target)
        file = _described(upload, file_id, key, int(time.time()))
        await _keep(state, file)
    except BaseException:  # Whatever it was, a caller that left too; it goes on up.
        path.unlink(missing_ok=True)
        raise
    return FileObject.of(file)


@router.get("", summary="List files")
def list_files(
    state: StateDep,
    key: CallerDep,
    purpose: str = "",
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
    order: Literal["asc", "desc"] = "desc",
) -> FileList:
    """Those of the key's project."""
    found = state.store().files(
        key.project, purpose=purpose, after=after, limit=limit + 1, newest_first=order == "desc"
    )
    shown = [FileObject.of(file) for file in found[:limit]]
    return FileList(
        data=shown,
        first_id=shown[0].id if shown else None,
        last_id=shown[-1].id if shown else None,
        has_more=len(found) > limit,
    )


@router.get("/{file_id}", summary="Describe a file")
def retrieve(file_id: str, state: StateDep, key: CallerDep) -> FileObject:
    """What is known of it."""
    return FileObject.of(_file(state, file_id, key))


@router.get("/{file_id}/content", summary="Read a file", response_class=FileResponse)
def content(file_id: str, state: StateDep, key: CallerDep) -> Response:
    """Its bytes."""
    file = _file(state, file_id, key)
    path = state.files.path(file.id)
    if not path.exists():
        raise _unknown(file_id)
    return FileResponse(path, media_type="application/octet-stream", filename=file.filename)


@router.delete("/{file_id}", summary="Delete a file")
def delete(file_id: str, state: StateDep, key: CallerDep) -> FileDeleted:
    """Its bytes go too."""
    try:
        state.files.delete(file_id, key.project)
    except AllodError as error:
        raise _unknown(file_id) if error.http_status == 404 else error from error
    return FileDeleted(id=file_id)


def _file(state: ColdState, file_id: str, key: KeyEntry) -> KeptFile:
    try:
        return state.files.get(file_id, key.project)
    except AllodError as error:
        raise _unknown(file_id) if error.http_status == 404 else error from error


def _unknown(file_id: str) -> Refused:
    return Refused(404, f"No such File object: {file_id}", param="id")


def _described(upload: Upload, file_id: str, key: KeyEntry, now_s: int) -> KeptFile:
    purpose = upload.fields.get("purpose", "")
    if upload.filename is None:
        raise Refused(400, "A file is missing.", code="missing_required_parameter", param="file")
    if purpose not in get_args(Purpose):
        raise Refused(
            400,
            f"'{purpose}' is no purpose; write one of: {', '.join(get_args(Purpose))}.",
            code="invalid_value",
            param="purpose",
        )
    expires = upload.fields.get("expires_after[seconds]")
    if expires is not None and not (
        expires.isdigit() and _EXPIRES_S[0] <= int(expires) <= _EXPIRES_S[1]
    ):
        raise Refused(
            400,
            f"Seconds from {_EXPIRES_S[0]} to {_EXPIRES_S[1]}.",
            code="invalid_value",
            param="expires_after[seconds]",
        )
    return KeptFile(
        id=file_id,
        project=key.project,
        purpose=purpose,
        filename=upload.filename,
        bytes=upload.bytes,
        created_at_s=now_s,
        expires_at_s=None if expires is None else now_s + int(expires),
    )


async def _on_disk(target: BinaryIO) -> None:
    def sync() -> None:
        target.flush()
        os.fsync(target.fileno())

    await run_in_threadpool(sync)


async def _keep(state: ColdState, file: KeptFile) -> None:
    bytes_max = state.config.gateway_files_bytes_max
    if not await run_in_threadpool(state.files.keep, file, bytes_max):
        raise Refused(
            413, f"All files of a project may have {bytes_max} bytes.", code="files_too_large"
        )
