"""Certificates of origin, and what was spent of them, as CSV; times are ISO 8601, UTC if no zone.

Certificates: `certificate,technology,zone,from,to,energy_wh`, and `commissioned` where it is known.
Spent: `certificate,claimant,zone,from,to,energy_wh,rule`, of which the time is that of the use.
"""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path
from typing import Final

from allod.domain.supply import Technology
from allod.domain.units import instant_text, parse_instant_s
from allod.energy.cancellation import Spent
from allod.energy.certificates import Certificate
from allod.errors import InvalidInput, NotFound

_CERTIFICATE: Final = ("certificate", "technology", "zone", "from", "to", "energy_wh")
_LAST_S: Final = 253_402_300_799  #: The end of the year 9999, the last of a date. [epoch s]
_DIGITS_MAX: Final = 15  #: Under a thousand terawatt-hours, and exact as a float. [1]
_SPENT: Final = ("certificate", "claimant", "zone", "from", "to", "energy_wh", "rule")


def read_certificates(path: Path) -> tuple[Certificate, ...]:
    """The certificates of a file.

    Raises:
        NotFound: There is no such file.
        InvalidInput: A column or a value lacks or cannot be read.
    """
    return tuple(
        Certificate(
            certificate=_name(row, "certificate", where),
            technology=_technology(row["technology"], where),
            zone=_name(row, "zone", where),
            starts_s=_instant_s(row["from"], where),
            ends_s=_instant_s(row["to"], where),
            energy_wh=_whole(row["energy_wh"], where),
            commissioned_s=_instant_s(told, where) if (told := row.get("commissioned")) else None,
        )
        for where, row in _rows(path, _CERTIFICATE)
    )


def read_spent(path: Path) -> tuple[Spent, ...]:
    """What was spent, of a file that `spent_csv` wrote.

    Raises:
        NotFound: There is no such file.
        InvalidInput: A column or a value lacks or cannot be read.
    """
    return tuple(
        Spent(
            certificate=_name(row, "certificate", where),
            claimant=_name(row, "claimant", where),
            zone=_name(row, "zone", where),
            starts_s=_instant_s(row["from"], where),
            ends_s=_instant_s(row["to"], where),
            energy_wh=_whole(row["energy_wh"], where),
            rule=row["rule"],
        )
        for where, row in _rows(path, _SPENT)
    )


def spent_csv(spent: tuple[Spent, ...]) -> str:
    """What was spent as a table: RFC 4180, with a head."""
    text = StringIO()
    table = csv.writer(text)
    table.writerow(_SPENT)
    table.writerows(
        (
            one.certificate,
            one.claimant,
            one.zone,
            instant_text(one.starts_s),
            instant_text(one.ends_s),
            one.energy_wh,
            one.rule,
        )
        for one in spent
    )
    return text.getvalue()


def _rows(path: Path, columns: tuple[str, ...]) -> list[tuple[str, dict[str, str]]]:
    """Each row by its columns, and where it stands, for errors."""
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, restval="")
            rows = [(f"{path.name}, line {table.line_num}", row) for row in table]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{path} is no CSV: {error}") from error
    heads = table.fieldnames or []
    if lacking := [name for name in columns if name not in heads]:
        raise InvalidInput(
            f"{path.name} has no column '{lacking[0]}'", mend=f"write {', '.join(columns)}"
        )
    return rows


def _instant_s(text: str, where: str) -> int:
    try:
        at_s: int = parse_instant_s(text)
    except ValueError as error:
        raise InvalidInput(f"{where}: time '{text}' {error}") from error
    if not 0 <= at_s <= _LAST_S:
        raise InvalidInput(f"{where}: time '{text}'", mend="write one of the years 1970 to 9999")
    return at_s


def _whole(text: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise InvalidInput(f"{where}: energy_wh '{text[:40]}'", mend="write whole watt-hours")
    return int(text)


def _name(row: dict[str, str], column: str, where: str) -> str:
    if not row[column].strip():
        raise InvalidInput(f"{where}: '{column}' is empty", mend=f"name the {column}")
    return row[column]


def _technology(text: str, where: str) -> Technology:
    if text not in set(Technology):
        raise InvalidInput(
            f"{where}: technology '{text}'", mend=f"write one of {', '.join(Technology)}"
        )
    return Technology(text)
