"""Eligible: from which countries access modes and the classes of charters take applicants."""

from __future__ import annotations

from collections.abc import Iterator

from allod.domain.areas import expand
from allod.domain.charter import AccessClass, Charter
from allod.domain.fact import Fact

#: A class, and before it those that it lies in, the outermost first.
ClassPath = tuple[AccessClass, ...]


def country_fault(places: Fact[tuple[str, ...]], country: str | None) -> Iterator[tuple[bool, str]]:
    """Why a mode for applicants in `places` does not take `country`, and whether that is sure."""
    if country is None:
        yield False, "where the applicant is established (country)"
    elif places.value is None:
        yield False, "from which countries it takes applicants"
    elif country not in expand(places.value):
        yield (
            True,
            f"for applicants in {', '.join(places.value)}; the project's country is {country}",
        )


def class_paths(charter: Charter) -> Iterator[ClassPath]:
    """The innermost classes of a charter, which are those that work asks for."""
    yield from _innermost((), charter.classes)


def _innermost(outer: ClassPath, classes: tuple[AccessClass, ...]) -> Iterator[ClassPath]:
    for one in classes:
        if one.classes:
            yield from _innermost((*outer, one), one.classes)
        else:
            yield (*outer, one)


def takes_country(path: ClassPath, country: str | None) -> bool:
    """True if the class takes parties of `country`; what an outer class asks for holds inside."""
    named = [one.eligible.countries for one in path if one.eligible.countries]
    return all(country in expand(places) for places in named)


def for_named_alone(path: ClassPath) -> bool:
    """True if the class is for parties or projects that it names."""
    return any(one.eligible.parties or one.eligible.projects or one.anchor for one in path)
