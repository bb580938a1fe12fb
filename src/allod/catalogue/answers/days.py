"""Days: what was known on the day that is asked about."""

from __future__ import annotations

from datetime import date as Date
from functools import lru_cache

from allod import catalogue
from allod.domain.site import Site
from allod.errors import InvalidInput
from allod.plan.known import Known, announced_on, known_at

#: Days before and after are slips of the pen, and some of them cannot be counted on from.
_FIRST, _LAST = Date(1900, 1, 1), Date(2199, 12, 31)
_KEPT = 8


def known_on(day: Date) -> Known:
    """Everything that was announced, as it was known at the end of `day`.

    Raises:
        InvalidInput: The day is out of all reason.
    """
    return _known_on(checked(day))


@lru_cache(maxsize=_KEPT)
def _known_on(day: Date) -> Known:
    return known_at(catalogue.everything(), day)


def checked(day: Date, field: str = "at") -> Date:
    """`day`, if something may have been known then.

    Raises:
        InvalidInput: It is out of all reason.
    """
    if not _FIRST <= day <= _LAST:
        raise InvalidInput(
            f"{field}: nothing is known of the day {day}",
            mend=f"ask for a day from {_FIRST} to {_LAST}",
            field=field,
            value=str(day),
        )
    return day


def site_then(asked: str, known: Known) -> tuple[str, Site]:
    """Name and document of the site that people call `asked`.

    Raises:
        NotFound: There is no such site.
        InvalidInput: It was not announced by then.
    """
    name = catalogue.site_name(asked)
    if name not in known.sites:
        raise not_announced(name, announced_on(catalogue.find(name, "Site").spec), known.day)
    return name, known.sites[name]


def not_announced(name: str, first: Date | None, day: Date, field: str = "at") -> InvalidInput:
    """What is wrong with a question about a day before a site was announced."""
    return InvalidInput(
        f"{name} was announced on {first}, after {day}",
        mend=f"ask for {first} or a later day",
        field=field,
        value=str(day),
    )
