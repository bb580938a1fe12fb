"""Readings from a Prometheus server, over HTTP."""

from __future__ import annotations

import math

import httpx
import numpy as np

from allod.adapters.meters.fetching import client, get_json
from allod.adapters.meters.prometheus_commands import (
    fresh,
    instant_query,
    parse_instant,
    parse_range,
    range_queries,
    when_read,
)
from allod.domain.meters import Meter, PrometheusSource
from allod.energy.grid import Grid
from allod.energy.readings import Readings, readings


class Prometheus:
    """Asks Prometheus servers for what they have kept."""

    def __init__(self, http: httpx.Client | None = None) -> None:
        self._http = http or client()

    def read(self, meter: Meter, source: PrometheusSource, grid: Grid) -> Readings:
        """The readings of `meter` on `grid`.

        Raises:
            Unavailable: The server does not answer.
            InvalidInput: It refuses the query, or gives more than one series.
        """
        url = source.url.rstrip("/") + "/api/v1/query_range"
        points, read_s = (
            self._points(url, query, meter, grid)
            for query in (source.query, when_read(source.query))
        )
        found = fresh(points, read_s, meter.every_s)
        return readings(
            np.array([at_s for at_s, _ in found], np.int64),
            np.array([value for _, value in found], np.float64),
        )

    def now(self, source: PrometheusSource, at_s: float, every_s: int) -> float | None:
        """What a query gives at a time; None if it gives nothing, or was read too long before.

        Raises:
            Unavailable: The server does not answer.
            InvalidInput: It refuses the query, or gives more than one series.
        """
        found = self.newest(source, at_s, every_s)
        return found and found[0]

    def newest(
        self, source: PrometheusSource, at_s: float, every_s: int
    ) -> tuple[float, float] | None:
        """As `now`, with when it was read. [epoch s]

        Raises:
            Unavailable, InvalidInput: As `now`.
        """
        url = source.url.rstrip("/") + "/api/v1/query"
        value, read_s = (
            parse_instant(*get_json(self._http, url, instant_query(query, at_s)), query)
            for query in (source.query, when_read(source.query))
        )
        if value is None or read_s is None or not math.isfinite(value + read_s):
            return None
        return (value, min(read_s, at_s)) if at_s - read_s <= every_s else None

    def _points(self, url: str, query: str, meter: Meter, grid: Grid) -> list[tuple[int, float]]:
        found: list[tuple[int, float]] = []
        for asked in range_queries(query, meter, grid):
            status, body = get_json(self._http, url, asked)
            found += parse_range(status, body, query)
        return found

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()
