"""What is asked of a Prometheus server, and what its answers say; without I/O.

HTTP API v1, `query_range`: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from allod.domain.meters import Meter
from allod.energy.grid import Grid
from allod.errors import InvalidInput

#: A server refuses more than 11,000 points of a series at once.
_POINTS_MAX: Final = 10_000


def range_queries(query: str, meter: Meter, grid: Grid) -> Iterator[dict[str, str]]:
    """The requests that cover the grid, its end too, with a point every `meter.every_s`."""
    step_s = min(meter.every_s, grid.step_s)
    at_s = grid.start_s
    while at_s <= grid.end_s:
        last_s = min(at_s + (_POINTS_MAX - 1) * step_s, grid.end_s)
        yield {
            "query": query,
            "start": str(at_s),
            "end": str(last_s),
            "step": str(step_s),
        }
        at_s += (last_s - at_s) // step_s * step_s + step_s


def parse_range(status: int, body: Any, query: str) -> list[tuple[int, float]]:
    """Times [epoch s] and values of the one series; nothing where it has none.

    Raises:
        InvalidInput: The server refuses the query, or it does not give one series.
    """
    if not isinstance(body, dict) or body.get("status") not in ("success", "error"):
        raise InvalidInput(
            f"the answer to '{query}' is not a Prometheus server's (status {status})",
            mend="check the meter's 'url'",
        )
    if body["status"] == "error":
        raise InvalidInput(
            f"the server refuses '{query}': {body.get('error', 'no reason given')}",
            mend="check the meter's 'query'",
        )
    data = body.get("data")
    found = data.get("result") if isinstance(data, dict) else None
    if not isinstance(found, list):
        raise InvalidInput(
            f"the answer to '{query}' is not a Prometheus server's: it has no list of series",
            mend="check the meter's 'url'",
        )
    if len(found) > 1:
        raise InvalidInput(
            f"'{query}' gives {len(found)} series, not one",
            mend="choose one by its labels, or add them up with sum()",
        )
    if not found:
        return []
    try:
        return [(round(float(at)), float(value)) for at, value in found[0]["values"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"the answer to '{query}' holds no series of numbers", mend="check the meter's 'query'"
        ) from error


def instant_query(query: str, at_s: float) -> dict[str, str]:
    """The request for what a query gives at one time. [epoch s]"""
    return {"query": query, "time": f"{at_s:.3f}"}


def parse_instant(status: int, body: Any, query: str) -> float | None:
    """The value of the one series; None where it has none.

    Raises:
        InvalidInput: As `parse_range`.
    """
    if isinstance(body, dict) and body.get("status") == "success":
        data = body.get("data")
        found = data.get("result") if isinstance(data, dict) else None
        if isinstance(found, list):
            # One point of each series, where a range has many.
            points = [
                {"values": [one.get("value")]} if isinstance(one, dict) else one for one in found
            ]
            body = {**body, "data": {"result": points}}
    points_found = parse_range(status, body, query)
    return points_found[0][1] if points_found else None


def when_read(query: str) -> str:
    """The query for when each point of `query` was read; of a sum, it is the point itself."""
    return f"timestamp({query})"


def fresh(
    points: list[tuple[int, float]], read_s: list[tuple[int, float]], every_s: int
) -> list[tuple[int, float]]:
    """The points that were read at most `every_s` before.

    A server repeats its last reading for five minutes; it must not stand in for what is not there.
    """
    known_s = dict(read_s)
    return [(at, value) for at, value in points if at - known_s.get(at, -math.inf) <= every_s]
