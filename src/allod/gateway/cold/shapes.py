"""Files and batches in the shapes of OpenAI's API."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from allod.run.serving.kept import Batch, KeptFile

#: What a caller may say that a file is for; `batch_output` is the gateway's own.
Purpose = Literal["assistants", "batch", "evals", "fine-tune", "user_data", "vision"]
Endpoint = Literal["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses"]


class FileObject(BaseModel):
    """A file."""

    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    # OpenAI describes a number that may be left out, and no null.
    expires_at: Annotated[
        int | SkipJsonSchema[None],
        Field(exclude_if=lambda at: at is None, json_schema_extra=lambda of: of.pop("default")),
    ] = None
    filename: str
    purpose: str
    status: Literal["processed"] = "processed"

    @classmethod
    def of(cls, file: KeptFile) -> FileObject:
        """The shape of a file."""
        return cls(
            id=file.id,
            bytes=file.bytes,
            created_at=file.created_at_s,
            expires_at=file.expires_at_s,
            filename=file.filename,
            purpose=file.purpose,
        )


class FileList(BaseModel):
    """A page of files."""

    object: Literal["list"] = "list"
    data: list[FileObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


class FileDeleted(BaseModel):
    """A file is gone."""

    id: str
    object: Literal["file"] = "file"
    deleted: Literal[True] = True


class ExpiresAfter(BaseModel):
    """When a file is to go by itself."""

    anchor: Literal["created_at"]
    seconds: int = Field(ge=3600, le=2_592_000)


class BatchAsked(BaseModel):
    """A new batch."""

    model_config = ConfigDict(extra="ignore")

    input_file_id: str
    endpoint: Endpoint
    completion_window: Annotated[
        str,
        Field(
            description="Minutes, hours or days, such as '24h'; 14 days at most.",
            # What is wrong with it is told in words, see `batches`.
            json_schema_extra={"pattern": r"^[1-9]\d{0,3}[mhd]$"},
        ),
    ] = "24h"
    metadata: dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]] | (
        None
    ) = None
    output_expires_after: ExpiresAfter | None = None


class BatchFault(BaseModel):
    """Why the input of a batch cannot be used."""

    code: str
    message: str
    param: str | None = None
    line: int | None = None


class BatchFaults(BaseModel):
    """All that is wrong with it."""

    object: Literal["list"] = "list"
    data: list[BatchFault]


class Counts(BaseModel):
    """Calls of a batch."""

    total: int
    completed: int
    failed: int


class BatchObject(BaseModel):
    """A batch."""

    id: str
    object: Literal["batch"] = "batch"
    endpoint: str
    model: str | None = None
    errors: BatchFaults | None = None
    input_file_id: str
    completion_window: str
    status: str
    output_file_id: str | None = None
    error_file_id: str | None = None
    created_at: int
    in_progress_at: int | None = None
    expires_at: int | None = None
    finalizing_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    expired_at: int | None = None
    cancelling_at: int | None = None
    cancelled_at: int | None = None
    request_counts: Counts
    metadata: dict[str, Any] | None = None

    @classmethod
    def of(cls, batch: Batch) -> BatchObject:
        """The shape of a batch."""
        faults = json.loads(batch.errors)
        shape = cls(
            id=batch.id,
            endpoint=batch.endpoint,
            model=batch.model or None,
            errors=BatchFaults(data=faults) if faults else None,
            input_file_id=batch.input_file,
            completion_window=batch.window,
            status=batch.status,
            output_file_id=batch.output_file or None,
            error_file_id=batch.error_file or None,
            created_at=batch.created_at_s,
            in_progress_at=batch.in_progress_at_s,
            expires_at=batch.expires_at_s,
            finalizing_at=batch.finalizing_at_s,
            cancelling_at=batch.cancelling_at_s,
            request_counts=Counts(
                total=batch.total, completed=batch.completed, failed=batch.failed
            ),
            metadata=json.loads(batch.metadata) or None,
        )
        if batch.ended_at_s is None:
            return shape
        return shape.model_copy(update={f"{batch.status}_at": batch.ended_at_s})


class BatchList(BaseModel):
    """A page of batches."""

    object: Literal["list"] = "list"
    data: list[BatchObject]
    first_id: str | None
    last_id: str | None
    has_more: bool
