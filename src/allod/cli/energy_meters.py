"""The readings of a site's meters: out of the files that are given, and from servers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from allod.adapters.meters import Prometheus, Table, read_table
from allod.domain.meters import Meter, TableSource
from allod.energy.account import Evidence
from allod.energy.grid import Grid
from allod.energy.readings import Readings, metered
from allod.errors import InvalidInput, Unavailable


def gather(meters: Sequence[Meter], grid: Grid, files: Sequence[Path]) -> tuple[Evidence, ...]:
    """Every meter's readings on `grid`; where there are none, why.

    Raises:
        InvalidInput: A file cannot be understood, or no meter needs it.
    """
    tables = _tables(files, {source.file for source in map(_table_of, meters) if source})
    with closing(Prometheus()) as servers:
        return tuple(evidence_of(meter, grid, tables, servers) for meter in meters)


def _tables(files: Sequence[Path], wanted: set[str]) -> dict[str, Table]:
    found: dict[str, Table] = {}
    for file in _unfolded(files, wanted):
        if file.name not in wanted:
            raise InvalidInput(
                f"no meter of the site has its readings in '{file.name}'",
                mend=f"give one of {', '.join(sorted(wanted))}" if wanted else "leave it out",
            )
        if file.name in found:
            raise InvalidInput(f"'{file.name}' is given twice", mend="leave one of them out")
        found[file.name] = read_table(file)
    return found


def _unfolded(files: Sequence[Path], wanted: set[str]) -> Iterator[Path]:
    """The files, and of folders the files in them that a meter names."""
    for file in files:
        if file.is_dir():
            yield from (path for name in sorted(wanted) if (path := file / name).is_file())
        else:
            yield file


def _table_of(meter: Meter) -> TableSource | None:
    """Where a meter's readings lie in files; those of Redfish in one called like the meter."""
    if meter.redfish is not None:
        return TableSource(
            file=f"{meter.name}.csv",
            value="value",
            marks="start" if meter.reads == "interval" else "instant",
        )
    return meter.table


def evidence_of(
    meter: Meter, grid: Grid, tables: dict[str, Table], servers: Prometheus
) -> Evidence:
    """The readings of one meter on `grid`; where there are none, why."""
    if (asked := meter.prometheus) is not None:
        origin = f"{asked.url}, query {asked.query}"
        try:
            read = servers.read(meter, asked, grid)
        except Unavailable as error:
            return Evidence(meter, None, origin, lacks=error.message)
        if not read.at_s.size:
            return Evidence(meter, None, origin, lacks="the server has no such series")
        return Evidence(meter, metered(meter, read, grid), origin, _hash(read))
    source = _table_of(meter)
    if source is None or (table := tables.get(source.file)) is None:
        named = source.file if source else ""
        return Evidence(meter, None, named, lacks=f"--readings gives no '{named}'")
    read = table.read(meter, source)
    origin = f"{table.name}, column {source.value}"
    return Evidence(meter, metered(meter, read, grid), origin, table.sha256)


def _hash(read: Readings) -> str:
    """SHA-256 of what a server gave: a line of time and value for each reading."""
    lines = (
        f"{at_s} {value!r}\n"
        for at_s, value in zip(read.at_s.tolist(), read.values.tolist(), strict=True)
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()
