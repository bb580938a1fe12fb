"""What differs between the versions of slurmrestd's API: few words, kept here and nowhere else.

v0.0.38 (Slurm 22.05) reads sbatch's options by their names and a dictionary as the environment;
from v0.0.39 (23.02) on a job is a `job_desc_msg` with a list of 'NAME=VALUE', and some numbers are
structures. All of them read the script beside the job. Read in the source of 22.05.8 and 24.11.5
and in the published schemas up to v0.0.44 (25.11). An answer is read in either shape, see `values`.
"""

from __future__ import annotations

import re

from allod.adapters.slurm.request import JobRequest
from allod.adapters.slurm.values import Json
from allod.errors import RunnerRefused

#: The oldest and the newest version whose schema has been read.
OLDEST, NEWEST = 38, 45
_PATH = re.compile(r"/slurm/v0\.0\.(\d+)/")


def choose(openapi: Json) -> int:
    """The newest version that the server has and that is known here.

    Raises:
        RunnerRefused: There is none; says which ones it has.
    """
    paths = openapi.get("paths")
    has = {int(found[1]) for path in paths or () if (found := _PATH.match(str(path)))}
    known = [number for number in has if OLDEST <= number <= NEWEST]
    if not known:
        shown = ", ".join(f"v0.0.{number}" for number in sorted(has)) or "none"
        raise RunnerRefused(
            f"slurmrestd has no version from v0.0.{OLDEST} to v0.0.{NEWEST}, but {shown}",
            mend="start it with -s openapi/v0.0.38 or newer",
        )
    return max(known)


def submission(request: JobRequest, version: int) -> Json:
    """The body of POST job/submit."""
    job: Json = {
        "name": request.name,
        "comment": request.comment,
        "account": request.account,
        "partition": request.partition,
        "qos": request.qos,
        "licenses": request.licences,
        "current_working_directory": request.folder,
        "standard_output": request.output,
        "standard_error": request.error,
        **(_options(request) if version < 39 else _description(request)),
    }
    return {"script": request.script, "job": {k: v for k, v in job.items() if v is not None}}


def _options(request: JobRequest) -> Json:
    """v0.0.38. Traps: `nodes` as a list of two is silently ignored; `required_nodes` is disabled
    and `nodelist` works; any value of `requeue`, also false, turns it on.
    """
    return {
        "nodes": str(request.nodes) if request.node_names else None,
        "nodelist": ",".join(request.node_names) or None,
        "gres": request.gres or None,
        "gpus": request.gpus or None,
        "ntasks_per_node": 1 if request.cpus_per_node else None,
        "cpus_per_task": request.cpus_per_node,
        "cpus_per_gpu": request.cpus_per_gpu,
        "memory_per_node": request.memory_mb_per_node,
        "memory_per_gpu": request.memory_mb_per_gpu,
        "time_limit": request.time_limit_min,
        "environment": dict(request.environment),
        "open_mode": "append",
        "no_requeue": True,
    }


def _description(request: JobRequest) -> Json:
    """From v0.0.39 on."""
    nodes = request.nodes if request.node_names else None
    return {
        "required_nodes": list(request.node_names) or None,
        "minimum_nodes": nodes,
        "maximum_nodes": nodes,
        "tres_per_node": f"gres/{request.gres}" if request.gres else None,
        "tres_per_job": f"gres/gpu:{request.gpus}" if request.gpus else None,
        "tasks_per_node": 1 if request.cpus_per_node else None,
        "cpus_per_task": request.cpus_per_node,
        "cpus_per_tres": f"gres/gpu:{request.cpus_per_gpu}" if request.cpus_per_gpu else None,
        "memory_per_node": _structure(request.memory_mb_per_node),
        "memory_per_tres": (
            f"gres/gpu:{request.memory_mb_per_gpu}" if request.memory_mb_per_gpu else None
        ),
        "time_limit": _structure(request.time_limit_min),
        "environment": [f"{name}={value}" for name, value in request.environment],
        "open_mode": ["APPEND"],
        "requeue": False,
    }


def _structure(number: int | None) -> Json | None:
    return None if number is None else {"set": True, "infinite": False, "number": number}
