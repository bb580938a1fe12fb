"""Countries and named areas: which states 'EEA' or 'gdpr-adequate' stands for.

Membership is law and changes; each area carries its source and the date of that reading. A rule
that must not move with such a change names countries instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

from allod.domain.country_names import COUNTRIES, code_of
from allod.domain.nearest import nearest


@dataclass(frozen=True, slots=True)
class Area:
    """A named set of countries."""

    title: str
    countries: frozenset[str]  #: ISO 3166-1 alpha-2.
    source: str
    read_on: str  #: Date on which the membership was read. [ISO date]


def _area(title: str, countries: str, source: str, read_on: str = "2026-11-21") -> Area:
    return Area(title, frozenset(countries.split()), source, read_on)


_EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
_EEA = f"{_EU} IS LI NO"
#: States that the Cohesion Fund supports: gross national income per head under 90 % of the EU's.
_EU_COHESION = "BG CY CZ EE GR HR HU LT LV MT PL PT RO SI SK"
_NORDICS = "DK FI IS NO SE FO GL AX"
#: Kosovo has no ISO 3166-1 code; those associated to one pillar alone are left out (CA, NZ, KR).
_HORIZON = f"{_EU} AL AM BA CH FO GB GE IL IS MD ME MK NO RS TN TR UA"
_MIDDLE_EAST = "AE BH CY EG IL IQ IR JO KW LB OM PS QA SA SY TR YE"
_AFRICA = (
    "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW IO KE KM LR LS LY MA MG "
    "ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TF TG TN TZ UG YT ZA ZM ZW"
)
_EUROPE = f"{_EEA} AD AL BA BY CH FO GB GG GI IM JE MC MD ME MK RS RU SJ SM UA VA AX"

#: Areas by name. Lower-case names, so that none can be taken for a country code.
AREAS: dict[str, Area] = {
    "eu": _area("European Union", _EU, "Treaty on European Union; 27 members"),
    "eu-cohesion": _area(
        "EU states that the Cohesion Fund supports, 2021 to 2027",
        _EU_COHESION,
        "Commission Implementing Decision (EU) 2021/1130, annex; Regulation (EU) 2021/1060, "
        "article 108(3): gross national income per head under 90 % of the EU's",
        "2026-11-22",
    ),
    "eea": _area("European Economic Area", _EEA, "EEA Agreement: the EU and IS, LI, NO"),
    "horizon-europe": _area(
        "The EU and the countries associated to all of Horizon Europe",
        _HORIZON,
        "European Commission, as of 2022-08-01; GB since 2024-01-01, CH since 2025-01-01",
        "2026-11-22",
    ),
    "nordics": _area("Nordic countries", _NORDICS, "Nordic Council: members and associated lands"),
    "scandinavia": _area("Scandinavia", "DK NO SE", "common use"),
    "northern-europe": _area(
        "Northern Europe",
        "AX DK EE FI FO GB GG IE IM IS JE LT LV NO SE SJ",
        "UN M49 region 154",
    ),
    "europe": _area("Europe", _EUROPE, "UN M49 region 150, with Cyprus as an EU member"),
    "middle-east": _area("Middle East", _MIDDLE_EAST, "common use; no legal definition"),
    "africa": _area("Africa", _AFRICA, "UN M49 region 002"),
    "emea": _area(
        "Europe, Middle East and Africa",
        f"{_EUROPE} {_MIDDLE_EAST} {_AFRICA}",
        "union of europe, middle-east and africa",
    ),
    "gdpr-adequate": _area(
        "Adequate protection under GDPR article 45 (countries decided on as a whole or in part)",
        "AD AR BR CA FO GG IL IM JP JE NZ KR CH GB UY US",
        "European Commission adequacy decisions; CA commercial, US only DPF participants, "
        "BR since 2026-01-27",
    ),
    "gdpr": _area(
        "The EEA and the countries with a GDPR adequacy decision",
        f"{_EEA} AD AR BR CA FO GG IL IM JP JE NZ KR CH GB UY US",
        "union of eea and gdpr-adequate",
    ),
}


def check_country(code: str) -> str:
    """`code`, if it is an ISO 3166-1 alpha-2 code; ValueError with a mend if not."""
    if code not in COUNTRIES:
        if code.upper() in COUNTRIES:
            raise ValueError(f"unknown country; write '{code.upper()}'")
        if meant := code_of(code):
            raise ValueError(f"unknown country; did you mean '{meant}'? It is written by its code")
        raise ValueError(
            "unknown country; write an ISO 3166-1 two-letter code such as 'NO' or 'MA'"
        )
    return code


def spelt(text: str) -> str:
    """`text` in the letters of countries, which are capital, or of areas, which are small."""
    return text.upper() if text.upper() in COUNTRIES else text.lower()


def check_area(name: str) -> str:
    """`name`, if it is a country code or a named area; ValueError with a mend if not."""
    if name in COUNTRIES or name in AREAS:
        return name
    if name.lower() in AREAS:
        raise ValueError(f"unknown area; write '{name.lower()}'")
    if name.upper() in COUNTRIES:
        raise ValueError(f"unknown country or area; write '{name.upper()}'")
    meant = code_of(name) or nearest(name.lower(), sorted(AREAS))
    hint = f"did you mean '{meant}'? " if meant else ""
    raise ValueError(
        f"unknown country or area; {hint}countries are two letters of ISO 3166-1 such as 'NO', "
        f"areas are {', '.join(sorted(AREAS))}"
    )


Country = Annotated[str, AfterValidator(check_country)]
AreaOrCountry = Annotated[str, AfterValidator(check_area)]


def expand(places: tuple[str, ...]) -> frozenset[str]:
    """The countries that `places` (countries and area names) stand for."""
    countries: set[str] = set()
    for place in places:
        countries |= AREAS[place].countries if place in AREAS else {place}
    return frozenset(countries)
