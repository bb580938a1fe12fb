"""Meters as a document would have them, for the tests of what reads them."""

from __future__ import annotations

from typing import Any

from allod.domain.meters import Meter, PrometheusSource, RedfishSource, TableSource


def table_meter(reads: str = "interval", **table: Any) -> tuple[Meter, TableSource]:
    """An energy meter whose readings lie in plant.csv, hour by hour."""
    marks = "instant" if reads == "register" else "start"
    meter = Meter.model_validate(
        {
            "name": "main",
            "measures": "edc",
            "reads": reads,
            "unit": "kW" if reads == "gauge" else "kWh",
            "every_s": 3600,
            "table": {"file": "plant.csv", "value": "kwh", "marks": marks} | table,
        }
    )
    assert meter.table
    return meter, meter.table


def prometheus_meter(
    url: str, query: str, reads: str = "gauge", every_s: int = 1
) -> tuple[Meter, PrometheusSource]:
    """An energy meter that a Prometheus server keeps."""
    meter = Meter.model_validate(
        {
            "name": "main",
            "measures": "edc",
            "reads": reads,
            "unit": "kW" if reads == "gauge" else "Wh",
            "every_s": every_s,
            "prometheus": {"url": url, "query": query},
        }
    )
    assert meter.prometheus
    return meter, meter.prometheus


def redfish_source(**more: Any) -> RedfishSource:
    """A chassis' energy register."""
    base = {"url": "https://bmc.example", "path": "/redfish/v1/Chassis/1/EnvironmentMetrics"}
    return RedfishSource.model_validate(base | more)
