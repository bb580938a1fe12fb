"""When a zone's clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allod.energy.clock import Change
from allod.energy.grid import DAY_S
from allod.errors import InvalidInput


def changes_of(zone: str, first_s: int, last_s: int) -> tuple[int, list[Change]]:
    """Offset at `first_s`, and the changes up to `last_s`; both a few days wider. [epoch s]

    Raises:
        InvalidInput: There is no such zone.
    """
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(
            f"'{zone}' is no time zone", mend="write a name of the IANA list, e.g. Europe/Oslo"
        ) from error
    low = first_s - 2 * DAY_S
    found = []
    for day_s in range(low, last_s + 2 * DAY_S, DAY_S):
        before_s, after_s = _offset_s(info, day_s), _offset_s(info, day_s + DAY_S)
        if before_s != after_s:
            found.append(Change(_when(info, day_s, day_s + DAY_S), before_s, after_s))
    return _offset_s(info, low), found


def _offset_s(info: ZoneInfo, at_s: int) -> int:
    offset = datetime.fromtimestamp(at_s, UTC).astimezone(info).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _when(info: ZoneInfo, low_s: int, high_s: int) -> int:
    """The first second with another offset than at `low_s`; there is one up to `high_s`."""
    before_s = _offset_s(info, low_s)
    while high_s - low_s > 1:
        middle_s = (low_s + high_s) // 2
        if _offset_s(info, middle_s) == before_s:
            low_s = middle_s
        else:
            high_s = middle_s
    return high_s
