"""The table formats: which columns each has, and what they mean as jobs.

Each `Form` says once how a CSV or parquet table of one origin becomes jobs. Times stay as they
are in the file; `tables.TableSource` rounds, sifts and encodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from allod.replay.traces.fields import Fields
from allod.replay.traces.rows import CANCELLED, COMPLETED, FAILED, UNKNOWN, Floats, Int8s

_ALLOD_STATUS = {
    "completed": COMPLETED,
    "failed": FAILED,
    "cancelled": CANCELLED,
    "0": COMPLETED,
    "1": FAILED,
    "2": CANCELLED,
}
_HELIOS_STATUS = {
    "completed": COMPLETED,
    "failed": FAILED,
    "timeout": FAILED,
    "node_fail": FAILED,
    "cancelled": CANCELLED,
}
_PAI_STATUS = {"terminated": COMPLETED, "failed": FAILED}
_POD_STATUS = {"succeeded": COMPLETED, "failed": FAILED}


@dataclass(slots=True)
class Jobs:
    """Jobs as a table gives them. NaN: not said."""

    submit_s: Floats  #: [s]
    run_s: Floats  #: [s]
    accelerators: Floats  #: [1]
    job_id: pl.Series
    status: Int8s
    wall_s: Floats | None = None  #: [s]
    names: dict[str, pl.Series] = field(default_factory=dict)  #: By kind: user, group, ...


@dataclass(frozen=True, slots=True)
class Form:
    """A table format."""

    columns: tuple[str, ...]  #: Those that must be there, and tell the format.
    jobs: Callable[[Fields], Jobs]
    optional: tuple[str, ...] = ()
    dated: bool = False  #: Times are dates.
    whole: bool = False  #: A row's meaning depends on all others: read at once.
    headerless: tuple[str, ...] | None = None  #: Columns of the CSV if it comes without header.
    kinds: tuple[str, ...] = ()  #: Names that it has beside user, group and partition.
    notes: tuple[str, ...] = ()


def _statuses(count: int, status: int = UNKNOWN) -> Int8s:
    return np.full(count, status, dtype=np.int8)


def _allod(fields: Fields) -> Jobs:
    kinds = ("user", "group", "partition", "queue", "project", "class")
    return Jobs(
        submit_s=fields.numbers("submit_s", required=True),
        run_s=fields.numbers("run_s", required=True),
        wall_s=fields.numbers("wall_s"),
        accelerators=fields.numbers("accelerators", required=True),
        job_id=fields.column("job_id"),
        status=fields.statuses("status", _ALLOD_STATUS),
        names={kind: fields.names(kind) for kind in kinds if fields.has(kind)},
    )


def _helios(fields: Fields) -> Jobs:
    run_s = fields.numbers("duration")
    if fields.has("start_time") and fields.has("end_time"):
        between_s = fields.times_s("end_time") - fields.times_s("start_time")
        run_s = np.where(np.isnan(run_s), between_s, run_s)
    return Jobs(
        submit_s=fields.times_s("submit_time"),
        run_s=run_s,
        accelerators=fields.numbers("gpu_num"),
        job_id=fields.column("job_id"),
        status=fields.statuses("state", _HELIOS_STATUS),
        names={"user": fields.names("user"), "group": fields.names("vc")},
    )


def _arrivals(fields: Fields) -> Jobs:
    return Jobs(
        submit_s=fields.numbers("arrival_s", required=True),
        run_s=fields.numbers("service_sec", required=True),
        accelerators=fields.numbers("gpu_count", required=True),
        job_id=fields.column("job_id"),
        status=_statuses(len(fields)),
    )


def _pai(fields: Fields) -> Jobs:
    start_s = fields.numbers("start_time")
    per_instance = np.ceil(fields.numbers("plan_gpu") / 100)
    return Jobs(
        submit_s=start_s,
        run_s=fields.numbers("end_time") - start_s,
        accelerators=fields.numbers("inst_num") * per_instance,
        job_id=fields.names("job_name") + "/" + fields.names("task_name"),
        status=fields.statuses("status", _PAI_STATUS),
        names={"partition": fields.names("gpu_type")},
    )


def _pods(fields: Fields) -> Jobs:
    return Jobs(
        submit_s=fields.numbers("creation_time"),
        run_s=fields.numbers("deletion_time") - fields.numbers("scheduled_time"),
        accelerators=fields.numbers("num_gpu"),
        job_id=fields.column("name"),
        status=fields.statuses("pod_phase", _POD_STATUS),
        names={"group": fields.names("qos")},
    )


def _dlrm(fields: Fields) -> Jobs:
    created_s, deleted_s = fields.numbers("creation_time"), fields.numbers("deletion_time")
    known = np.concatenate([created_s, deleted_s])
    known = known[~np.isnan(known)]
    end_s = float(known.max()) if len(known) else 0.0
    created_s = np.where(np.isnan(created_s), 0.0, created_s)
    deleted_s = np.where(np.isnan(deleted_s), end_s, deleted_s)
    return Jobs(
        submit_s=created_s,
        run_s=deleted_s - created_s,
        accelerators=fields.numbers("gpu_request"),
        job_id=fields.column("instance_sn"),
        status=_statuses(len(fields)),
        names={"user": fields.names("app_name"), "group": fields.names("role")},
    )


_PAI_COLUMNS = (
    "job_name",
    "task_name",
    "inst_num",
    "status",
    "start_time",
    "end_time",
    "plan_cpu",
    "plan_mem",
    "plan_gpu",
    "gpu_type",
)

FORMS: dict[str, Form] = {
    "allod": Form(
        columns=("job_id", "submit_s", "run_s", "accelerators"),
        optional=(
            "wall_s",
            "user",
            "group",
            "partition",
            "queue",
            "project",
            "class",
            "status",
        ),
        jobs=_allod,
        kinds=("queue", "project", "class"),
    ),
    "helios": Form(
        columns=("job_id", "gpu_num", "submit_time", "duration"),
        optional=("user", "vc", "state", "start_time", "end_time"),
        jobs=_helios,
        dated=True,
        notes=("Dates without a zone are taken as UTC.",),
    ),
    "arrivals": Form(
        columns=("job_id", "arrival_s", "service_sec", "gpu_count"),
        jobs=_arrivals,
    ),
    "alibaba-pai": Form(
        columns=(
            "job_name",
            "task_name",
            "inst_num",
            "status",
            "start_time",
            "end_time",
            "plan_gpu",
        ),
        optional=("gpu_type",),
        jobs=_pai,
        headerless=_PAI_COLUMNS,
        notes=(
            "A job is a task; its submit time is when it was launched, the only time there is.",
            "Every instance gets whole accelerators: a share of one is rounded up.",
        ),
    ),
    "alibaba-openb": Form(
        columns=("name", "num_gpu", "creation_time", "deletion_time", "scheduled_time"),
        optional=("qos", "pod_phase"),
        jobs=_pods,
        notes=("A pod that shares an accelerator is given the whole of it.",),
    ),
    "alibaba-dlrm": Form(
        columns=("instance_sn", "gpu_request", "creation_time", "deletion_time"),
        optional=("app_name", "role"),
        jobs=_dlrm,
        whole=True,
        notes=(
            "An instance without creation time was there before the trace began: submitted at 0.",
            "One without deletion time outlived the trace: it runs until the trace's last event.",
        ),
    ),
}


def whole_up(values: Floats) -> npt.NDArray[np.int64]:
    """Numbers rounded up, 0 where there is none: a second begun is a second used."""
    return np.ceil(np.nan_to_num(np.clip(values, -1e15, 1e15))).astype(np.int64)


def whole_down(values: Floats) -> npt.NDArray[np.int64]:
    """Numbers rounded down, -1 where there is none, which is no time."""
    return np.floor(np.nan_to_num(np.clip(values, -1e15, 1e15), nan=-1.0)).astype(np.int64)
