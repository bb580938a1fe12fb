"""Workload traces of many origins, as one stream of job tables in submit order."""

from __future__ import annotations

from allod.replay.traces.rows import BrokenLine
from allod.replay.traces.table import FORMATS, JobChunk, Trace, TraceMeta, open_trace
from allod.replay.traces.write import write_job_table

__all__ = [
    "FORMATS",
    "BrokenLine",
    "JobChunk",
    "Trace",
    "TraceMeta",
    "open_trace",
    "write_job_table",
]
