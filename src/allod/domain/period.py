"""Period: a day, month, quarter, half-year or year, as plans name their dates ('2026-Q3')."""

from __future__ import annotations

import calendar
import re
from datetime import date as Date
from typing import Annotated, Any

from pydantic import BeforeValidator

_FORM = re.compile(r"(\d{4})(?:-(?:H([12])|Q([1-4])|(0[1-9]|1[0-2])(?:-(\d{2}))?))?")


def parse_period(value: Any) -> str:
    """`value` as a period; a date or a whole year will do. ValueError with a mend if it is none."""
    text = value.isoformat() if isinstance(value, Date) else str(value)
    match = _FORM.fullmatch(text)
    if isinstance(value, bool) or not match or match[1] == "0000":
        raise ValueError("is no period; write 2026, 2026-H2, 2026-Q3, 2026-09 or 2026-09-30")
    if match[5]:
        try:
            Date.fromisoformat(text)
        except ValueError as error:
            raise ValueError("is no day of the calendar; write one such as 2026-09-30") from error
    return text


def first_day(period: str) -> Date:
    """The first day of `period`."""
    year, (first, _), day = _parts(period)
    return Date(year, first, day or 1)


def last_day(period: str) -> Date:
    """The last day of `period`."""
    year, (_, last), day = _parts(period)
    return Date(year, last, day or calendar.monthrange(year, last)[1])


def _parts(period: str) -> tuple[int, tuple[int, int], int]:
    """Year, first and last month, and the day or 0."""
    match = _FORM.fullmatch(period)
    if match is None:
        raise ValueError(f"{period!r} is no period")
    year, half, quarter, month, day = match.groups()
    months = (1, 12)
    if half:
        months = (6 * int(half) - 5, 6 * int(half))
    elif quarter:
        months = (3 * int(quarter) - 2, 3 * int(quarter))
    elif month:
        months = (int(month), int(month))
    return int(year), months, int(day or 0)


#: A span of days that a plan names; reads dates and years.
Period = Annotated[str, BeforeValidator(parse_period)]
