"""Times as files write them, as epoch seconds: offsets, local time, daylight saving."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allod.errors import InvalidInput


def time_zone(name: str) -> tzinfo:
    """A zone by its name ('UTC', 'Europe/Oslo'), with its daylight saving.

    Raises:
        InvalidInput: There is no such zone.
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidInput(
            f"there is no time zone '{name}'", mend="write e.g. UTC or Europe/Oslo"
        ) from error


def fixed(offset_h: float) -> tzinfo:
    """A zone that is so many hours ahead of UTC all year round. [h]"""
    return timezone(timedelta(hours=offset_h))


def instants_s(texts: Sequence[str], zone: tzinfo, where: str) -> list[int]:
    """Epoch seconds of ISO times; those without an offset are local times of `zone`.

    In the hour that comes twice in autumn, the first of two equal times is summer time.

    Raises:
        InvalidInput: A time cannot be read, or is one that spring leaves out.
    """
    found: list[int] = []
    last: dict[str, int] = {}
    for row, text in enumerate(texts, 1):
        try:
            at = datetime.fromisoformat(text.strip())
        except ValueError as error:
            raise InvalidInput(
                f"{where}: time '{text}' in row {row}", mend="write e.g. 2026-12-31T06:00Z"
            ) from error
        if at.tzinfo is None:
            at = at.replace(tzinfo=zone, fold=1 if text in last else 0)
            _exists(at, f"{where}: time '{text}' in row {row}")
            last[text] = row
        found.append(int(at.timestamp()))
    return found


def _exists(at: datetime, what: str) -> None:
    """Refuse a local time that no clock showed."""
    back = at.astimezone(UTC).astimezone(at.tzinfo)
    if back.replace(tzinfo=None) != at.replace(tzinfo=None):
        raise InvalidInput(
            f"{what} does not exist in {at.tzinfo}: clocks were put forward",
            mend="say which zone the times are in, or write their offset",
        )
