"""Which facts go one to one into a field of a document, and how; all others a person reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import Any

from allod.domain.country_names import COUNTRIES

_ZONE = re.compile(r"[A-Z]{2}[A-Za-z0-9-]{0,10}")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a document that takes a fact as it is told."""

    paths: tuple[str, ...]  #: Where it may stand, by kind of document.
    taken: Callable[[Any], Any]  #: The value of the document; None: it must be read by a person.
    written: Callable[[Any], Any] = lambda value: value  #: That value as YAML shows it.


def _country(told: Any) -> str | None:
    return told if told in COUNTRIES else None


def _countries(told: Any) -> tuple[str, ...] | None:
    fits = isinstance(told, list) and told and all(_country(item) for item in told)
    return tuple(told) if fits else None


def _text(told: Any) -> str | None:
    return told if isinstance(told, str) and told else None


def _zone(told: Any) -> str | None:
    return told if isinstance(told, str) and _ZONE.fullmatch(told) else None


def _date(told: Any) -> Date | None:
    try:
        return Date.fromisoformat(told)
    except (TypeError, ValueError):
        return None


def _dates(told: Any) -> tuple[Date, ...] | None:
    days = [_date(item) for item in told] if isinstance(told, list) else []
    known = tuple(day for day in days if day)
    return known if known and len(known) == len(days) else None


def _times(factor: int) -> Callable[[Any], int | None]:
    """A number in a unit `factor` times smaller; None where it is no number."""

    def taken(told: Any) -> int | None:
        is_number = isinstance(told, int | float) and not isinstance(told, bool)
        return round(told * factor) if is_number else None

    return taken


def _counts(told: Any) -> tuple[int, ...] | None:
    fits = isinstance(told, list) and told and all(type(item) is int for item in told)
    return tuple(told) if fits else None


def _count(told: Any) -> int | None:
    return told if type(told) is int and told >= 0 else None


def _megawatts(power_w: int) -> str | int:
    return f"{power_w // 10**6} MW" if power_w % 10**6 == 0 else power_w


_PLACE: Mapping[str, Field] = {
    "location.lat": Field(("dossier.place.latitude_microdeg",), _times(10**6)),
    "location.lon": Field(("dossier.place.longitude_microdeg",), _times(10**6)),
    "price_zone": Field(("dossier.place.bidding_zone",), _zone),
    "grid_gco2_kwh": Field(("dossier.place.grid_carbon_mg_per_kwh",), _times(1000)),
}
_COUNTRY = Field(("country",), _country)
_POWER = Field(("dossier.capacity_w", "target_w"), _times(10**6), _megawatts)

#: By part of the facts, then by field.
FIELDS: Mapping[str, Mapping[str, Field]] = {
    "ai_factories": {
        "country": _COUNTRY,
        "city": Field(("dossier.place.city",), _text),
        **_PLACE,
        "selected": Field(("dossier.factory.selected",), _date),
        "host": Field(("dossier.factory.host",), _text),
        "participating": Field(("dossier.factory.participating",), _countries, list),
    },
    "ai_factory_antennas": {"country": _COUNTRY, "lead": Field(("lead",), _text)},
    "france_sites": {
        "mw": _POWER,
        "location.city": Field(("dossier.place.city",), _text),
        "land_ha": Field(("dossier.place.land_ha",), _count),
        **_PLACE,
    },
    "seed_systems": {
        "country": _COUNTRY,
        "capacity_total_mw": _POWER,
        "capacity_target_mw": _POWER,
        "location.city": Field(("dossier.place.city",), _text),
        **_PLACE,
    },
    "access_modes": {
        "duration_months": Field(("months",), _counts, list),
        "time_to_access_working_days": Field(("answer_working_days",), _count),
        "cutoff_dates": Field(("cutoffs",), _dates, list),
        "cutoffs": Field(("cutoffs",), _dates, list),
    },
    "network_totals": {
        "factories": Field(("counts.factories",), _count),
        "member_states": Field(("counts.member-states",), _count),
    },
}
#: The field of an Antenna that lists the factories behind it.
LINKED = "linked_factories"
