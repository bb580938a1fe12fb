"""What the gateway keeps in the database beside the log: sums of usage, files, batches.

None of it decides anything, so none of it is in the log: records of calls come by the thousand a
second, and files hold the content of projects, which the log must never do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

#: As OpenAI names them; the last four are final.
BatchStatus = Literal[
    "validating", "in_progress", "finalizing", "cancelling",
    "completed", "failed", "expired", "cancelled",
]  # fmt: skip
#: Of these something is still to be done.
OPEN: tuple[BatchStatus, ...] = ("validating", "in_progress", "finalizing", "cancelling")


class By(StrEnum):
    """What usage is summed by; a `day` is one in UTC."""

    PROJECT = "project"
    KEY = "key"
    SERVICE = "service"
    MODEL = "model"
    SITE = "site"
    ACCESS_CLASS = "access_class"
    BATCH = "batch"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFilter:
    """Which records are meant; what is empty filters nothing."""

    since_ms: int | None = None  #: Received then or later.
    until_ms: int | None = None  #: Received before.
    project: str = ""
    key: str = ""
    service: str = ""
    model: str = ""
    site: str = ""
    access_class: str = ""
    batch: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSum:
    """The sum of some records; what they were not summed by is ''."""

    project: str
    key: str
    service: str
    model: str
    site: str
    access_class: str
    batch: str
    day: str  #: In UTC, such as '2026-11-22'.
    calls: int
    completed: int
    left: int
    failed: int
    refused: int
    interrupted: int
    prompt_tokens: int
    cached_tokens: int
    answer_tokens: int
    waited_ms: int
    took_ms: int
    energy_mj: int  #: Of the calls of which it is known. [mJ]
    co2e_ug: int  #: The same. [micrograms CO2e]
    energy_unknown: int  #: Calls that were served and have no energy. [1]
    energy_measured: int  #: Calls whose energy was measured. [1]
    energy_estimated: int  #: Calls whose energy is known without a meter. [1]
    #: Of the calls of which it is known, by their tokens of prompts and answers. [mJ]
    energy_per_1000_tokens_mj: int | None
    energy_method: str  #: Of those: 'measured', 'estimated', 'mixed'; 'none': it is not known.


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file that a project left at the gateway; its bytes lie in the data folder."""

    id: str
    project: str
    purpose: str
    filename: str
    bytes: int
    created_at_s: int
    expires_at_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Calls of a file, made when nobody else needs the engines."""

    id: str
    project: str
    key: str  #: Whose calls they are.
    endpoint: str  #: Such as '/v1/chat/completions'.
    input_file: str
    window: str  #: As the caller wrote it, such as '24h'.
    metadata: str  #: JSON, as the caller gave it.
    status: BatchStatus
    created_at_s: int
    expires_at_s: int
    in_progress_at_s: int | None = None
    finalizing_at_s: int | None = None
    cancelling_at_s: int | None = None
    ended_at_s: int | None = None  #: When its final status came.
    output_file: str = ""
    error_file: str = ""
    errors: str = "[]"  #: JSON: why the input cannot be used.
    model: str = ""
    total: int = 0
    completed: int = 0
    failed: int = 0
    output_kept_s: int | None = None  #: From when its files are made; None: until deleted. [s]
