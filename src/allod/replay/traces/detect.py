"""Which format a trace has, from its content; its name only decides what content leaves open."""

from __future__ import annotations

import re
from pathlib import Path

from allod.errors import InvalidInput
from allod.replay.traces.blocks import head
from allod.replay.traces.formats import FORMS
from allod.replay.traces.frames import parquet_columns, split_header
from allod.replay.traces.philly import PhillySource
from allod.replay.traces.rows import Source, shortened
from allod.replay.traces.swf import SwfSource
from allod.replay.traces.swf_lines import FIELDS
from allod.replay.traces.tables import TableSource

#: What `format` may be, and what it stands for.
FORMATS: dict[str, str] = {
    "swf": "Standard Workload Format, also gzip",
    "helios": "SenseTime Helios cluster_log.csv",
    "philly": "Microsoft Philly cluster_job_log (JSON)",
    "alibaba-pai": "Alibaba 2020 pai_task_table (CSV)",
    "alibaba-openb": "Alibaba 2023 openb pod list (CSV, parquet)",
    "alibaba-dlrm": "Alibaba 2025 DLRM instances (CSV, parquet)",
    "arrivals": "job_id, arrival_s, service_sec, gpu_count (CSV, parquet)",
    "allod": "Allod's job table: job_id, submit_s, run_s, accelerators, ... (CSV, parquet)",
}

_NUMBER = re.compile(rb"-?\d+(\.\d+)?")
_PARQUET = b"PAR1"


def open_source(path: Path, format_name: str | None) -> tuple[str, Source]:
    """The format of `path`, which is `format_name` if that is given, and its reader.

    Raises:
        InvalidInput: There is no such format, or the file is not of it.
    """
    if format_name is not None and format_name not in FORMATS:
        raise InvalidInput(f"there is no trace format {format_name!r}", mend=_mend())
    start = head(path)
    if not start.strip():
        raise InvalidInput(f"{path} is empty", mend="name a trace file")
    if start.startswith(_PARQUET):
        columns = parquet_columns(path)
        name = format_name or _by_columns(columns)
        if name in FORMS:
            return name, TableSource(path, name, columns, parquet=True)
        raise _unknown(path, format_name, f"a parquet table of {', '.join(columns) or 'nothing'}")
    name = format_name or _by_text(path, start)
    match name:
        case "swf":
            return name, SwfSource(path)
        case "philly":
            return name, PhillySource(path)
        case None:
            first = start.lstrip().split(b"\n", 1)[0].decode("utf-8", "replace")
            raise _unknown(path, None, f"a text that begins {shortened(first)!r}")
        case _:
            return name, TableSource(path, name, _csv_columns(start), parquet=False)


def _csv_columns(start: bytes) -> list[str]:
    return split_header(start.split(b"\n", 1)[0].decode("utf-8", "replace"))


def _by_columns(columns: list[str]) -> str | None:
    """The form that a table with these columns has."""
    return next((name for name, form in FORMS.items() if set(form.columns) <= set(columns)), None)


def _by_text(path: Path, start: bytes) -> str | None:
    """The format of a text that begins with `start`."""
    text = start.lstrip()
    if text.startswith(b"["):
        return "philly"
    if text.startswith(b";") or path.name.endswith((".swf", ".swf.gz")):
        return "swf"
    if (name := _by_columns(columns := _csv_columns(start))) is not None:
        return name
    numbers = text.split(b"\n", 1)[0].split()
    if len(numbers) >= FIELDS and all(_NUMBER.fullmatch(number) for number in numbers[:FIELDS]):
        return "swf"
    for name, form in FORMS.items():  # The tables that come without a header.
        if form.headerless is not None and len(columns) == len(form.headerless):
            times = [
                columns[form.headerless.index(column)] for column in ("inst_num", "start_time")
            ]
            if all(not time or _NUMBER.fullmatch(time.encode()) for time in times):
                return name
    return None


def _unknown(path: Path, format_name: str | None, what: str) -> InvalidInput:
    wanted = f"format {format_name}" if format_name is not None else "any known trace format"
    return InvalidInput(f"{path} is not of {wanted}: it is {what}", mend=_mend())


def _mend() -> str:
    return "the formats are " + ", ".join(FORMATS)
