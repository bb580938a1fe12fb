"""Projection: from longitude and latitude to a flat map that keeps areas true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, radians, sin, sqrt

EARTH_KM = 6371.0
_BEHIND = 1e-9  #: The point opposite of the middle is nowhere; it is drawn far away.

#: From longitude and latitude to a point.
Places = Callable[[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class EqualArea:
    """Lambert's azimuthal equal-area projection of a sphere (Snyder 1987, equations 24-2 to 24-4).

    Around 10 degrees east and 52 north it is that of the EU's statistical maps, on a sphere.
    """

    east_deg: float  #: Longitude of the middle.
    north_deg: float

    def plane(self, east_deg: float, north_deg: float) -> tuple[float, float]:
        """Kilometres right of and above the middle."""
        right_km, down_km = self.picture(0, 0, 1)(east_deg, north_deg)
        return right_km, -down_km

    def picture(self, left_km: float, top_km: float, px_per_km: float) -> Places:
        """Pixels right of and below a corner of the plane; what points have in common is worked
        out once.
        """
        sine, cosine = sin(radians(self.north_deg)), cos(radians(self.north_deg))
        middle_deg, degree = self.east_deg, radians(1)
        unit = EARTH_KM * sqrt(2) * px_per_km
        left, top = left_km * px_per_km, top_km * px_per_km

        def plane(east_deg: float, north_deg: float) -> tuple[float, float]:
            north, away = north_deg * degree, (east_deg - middle_deg) * degree
            high, low, ahead = sin(north), cos(north), cos(away)
            facing = 1 + sine * high + cosine * low * ahead
            far = unit / sqrt(facing if facing > _BEHIND else _BEHIND)
            return far * low * sin(away) - left, top - far * (cosine * high - sine * low * ahead)

        return plane

    def globe(self, right_km: float, up_km: float) -> tuple[float, float]:
        """Longitude and latitude of a point of the plane. [degree]"""
        far = hypot(right_km, up_km)
        if far == 0:
            return self.east_deg, self.north_deg
        middle = radians(self.north_deg)
        angle = 2 * _asin(far / (2 * EARTH_KM))
        north = _asin(cos(angle) * sin(middle) + up_km * sin(angle) * cos(middle) / far)
        east = atan2(
            right_km * sin(angle),
            far * cos(middle) * cos(angle) - up_km * sin(middle) * sin(angle),
        )
        return self.east_deg + degrees(east), degrees(north)


def _asin(value: float) -> float:
    return atan2(value, sqrt(max(0.0, 1 - value * value)))


@dataclass(frozen=True, slots=True)
class Frame:
    """What of the plane a picture shows, and at what scale."""

    projection: EqualArea
    left_km: float
    top_km: float
    width_px: float
    height_px: float
    px_per_km: float

    def at(self, east_deg: float, north_deg: float) -> tuple[float, float]:
        """Where a place is on the picture, from the left and from the top. [px]"""
        return self.places()(east_deg, north_deg)

    def places(self) -> Places:
        """`at` for many places."""
        return self.projection.picture(self.left_km, self.top_km, self.px_per_km)

    def shows(self, x: float, y: float) -> bool:
        """True if a point is on the picture."""
        return 0 <= x <= self.width_px and 0 <= y <= self.height_px

    def box_deg(self) -> tuple[float, float, float, float]:
        """West, south, east and north of all that the picture shows."""
        steps = [i / 20 for i in range(21)]
        corners = [
            self.projection.globe(
                self.left_km + i * self.width_px / self.px_per_km,
                self.top_km - j * self.height_px / self.px_per_km,
            )
            for i in steps
            for j in steps
        ]
        easts, norths = [east for east, _ in corners], [north for _, north in corners]
        return min(easts), min(norths), max(easts), max(norths)
