"""Reading Redfish meters and keeping what they say."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from allod.adapters.meters import Redfish
from allod.cli.client import Json
from allod.cli.energy_sites import site_of
from allod.cli.output import Column, note, out_json, table
from allod.domain.meters import Meter
from allod.domain.units import instant_text
from allod.errors import InvalidInput, Unavailable

_HEAD = "time,value\n"
_COLUMNS = (Column("meter"), Column("time"), Column("value", right=True), Column("unit"))


def read(data: Path, site: str, into: Path, login: Path | None, *, as_json: bool) -> None:
    """Append a line to the file of each Redfish meter, and print what was read.

    Raises:
        InvalidInput: There is no such folder, site or property.
        Unavailable: A service did not answer; the readings of the others are kept.
    """
    if not into.is_dir():
        raise InvalidInput(f"--into {into} is no folder", mend="make it")
    _, spec = site_of(data, site)
    silent: list[str] = []
    rows = list(_readings(spec.meters, _auth(login), silent))
    for row in rows:
        _append(into / f"{row['meter']}.csv", f"{row['time']},{_cell(row['value'])}\n")
    if as_json:
        out_json(rows)
    else:
        cells = (
            (row["meter"], row["time"], _cell(row["value"]) or "-", row["unit"]) for row in rows
        )
        table(_COLUMNS, cells, none="nothing was read by Redfish")
    if silent:
        raise Unavailable(
            f"no reading of {', '.join(silent)}", mend="see why the service does not answer"
        )


def _readings(
    meters: tuple[Meter, ...], auth: tuple[str, str] | None, silent: list[str]
) -> Iterator[Json]:
    """What each service says; `silent` is told the meters of those that say nothing."""
    with closing(Redfish(auth=auth)) as services:
        for meter in meters:
            if meter.redfish is None:
                continue
            try:
                value = services.now(meter.redfish)
            except Unavailable as error:
                note(f"{meter.name}: {error.message}")
                silent.append(meter.name)
                continue
            yield {
                "meter": meter.name,
                "time": instant_text(int(time.time())),
                "value": None if math.isnan(value) else value,
                "unit": meter.unit,
            }


def _auth(login: Path | None) -> tuple[str, str] | None:
    if login is None:
        return None
    try:
        user, colon, password = login.read_text(encoding="utf-8").strip().partition(":")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"--login {login} cannot be read", mend="check the path") from error
    if not colon:
        raise InvalidInput(f"--login {login} is no USER:PASSWORD", mend="write one line of both")
    return user, password


def _append(file: Path, line: str) -> None:
    try:
        with file.open("a", encoding="utf-8") as kept:
            kept.write(line if kept.tell() else _HEAD + line)
    except OSError as error:
        raise Unavailable(
            f"{file} cannot be written: {(error.strerror or str(error)).lower()}", mend="make room"
        ) from error


def _cell(value: float | None) -> str:
    """Empty where the service does not know."""
    return "" if value is None else repr(value)
