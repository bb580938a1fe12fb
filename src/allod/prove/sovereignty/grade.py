"""Grade: how well a line of the statement stands."""

from __future__ import annotations

from enum import StrEnum

from allod.domain.fact import Standing


class Grade(StrEnum):
    """The first is the strongest."""

    PROVED = "proved"  #: Evidence that anyone can check, such as a leaf of the log.
    ATTESTED = "attested"  #: A named third party vouches for it, until a day.
    DECLARED = "declared"  #: Its owner says so.
    UNKNOWN = "unknown"  #: Not known; counts as a no.


_PLACE = {grade: place for place, grade in enumerate(Grade)}


def weakest(*grades: Grade) -> Grade:
    """The grade of what rests on all of these; proved, if it rests on nothing."""
    return max(grades, key=_PLACE.__getitem__, default=Grade.PROVED)


def strongest(*grades: Grade) -> Grade:
    """The grade of what rests on any one of these; unknown, if there is none."""
    return min(grades, key=_PLACE.__getitem__, default=Grade.UNKNOWN)


def at_least(grade: Grade, least: Grade) -> bool:
    """True if `grade` is as strong as `least` or stronger."""
    return _PLACE[grade] <= _PLACE[least]


def grade_of(standing: Standing) -> Grade:
    """The grade of a fact that has gone through `standing.taken`."""
    match standing:
        case Standing.ATTESTED:
            return Grade.ATTESTED
        case Standing.DECLARED:
            return Grade.DECLARED
        case Standing.PROVED:
            return Grade.PROVED
        case Standing.ASSUMED | Standing.UNKNOWN:
            return Grade.UNKNOWN
