"""Redfish: answers as the schemas of DSP0268 have them, recorded; no service was at hand."""

from __future__ import annotations

import math
from typing import Any

import httpx
import pytest

from allod.adapters.meters.redfish import Redfish
from allod.errors import InvalidInput, Unavailable
from tests.adapters.meters.meters import redfish_source

METRICS = {
    "@odata.type": "#EnvironmentMetrics.v1_3_0.EnvironmentMetrics",
    "@odata.id": "/redfish/v1/Chassis/1/EnvironmentMetrics",
    "Id": "EnvironmentMetrics",
    "TemperatureCelsius": {"DataSourceUri": "/redfish/v1/Chassis/1/Sensors/Inlet", "Reading": 24.5},
    "PowerWatts": {"DataSourceUri": "/redfish/v1/Chassis/1/Sensors/Power", "Reading": 118_250},
    "EnergykWh": {"DataSourceUri": "/redfish/v1/Chassis/1/Sensors/Energy", "Reading": 325_675.2},
    "PowerLoadPercent": {"Reading": None},
}
SUBSYSTEM = {
    "@odata.type": "#PowerSubsystem.v1_1_0.PowerSubsystem",
    "CapacityWatts": 132_000,
    "Allocation": {"AllocatedWatts": 120_000.0, "RequestedWatts": 90_000.0},
    "Status": {"State": "Enabled"},
}
MISSING = {
    "error": {
        "code": "Base.1.8.ResourceMissingAtURI",
        "message": "The resource at /redfish/v1/Chassis/1/EnvironmentMetrics was not found.",
    }
}


def service(status: int, body: Any) -> tuple[Redfish, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(body, Exception):
            raise body
        return httpx.Response(status, json=body)

    return Redfish(httpx.Client(transport=httpx.MockTransport(answer))), asked


@pytest.mark.parametrize(
    ("body", "property_", "value"),
    [
        (METRICS, "/EnergykWh/Reading", 325_675.2),
        (METRICS, "/PowerWatts/Reading", 118_250),
        (METRICS, "/TemperatureCelsius/Reading", 24.5),
        (SUBSYSTEM, "/Allocation/RequestedWatts", 90_000),
        (SUBSYSTEM, "/CapacityWatts", 132_000),
    ],
)
def test_a_property_is_read(body: Any, property_: str, value: float) -> None:
    redfish, asked = service(200, body)
    assert redfish.now(redfish_source(property=property_)) == value
    assert str(asked[0].url) == "https://bmc.example/redfish/v1/Chassis/1/EnvironmentMetrics"


def test_null_is_not_known_and_not_zero() -> None:
    redfish, _ = service(200, METRICS)
    assert math.isnan(redfish.now(redfish_source(property="/PowerLoadPercent/Reading")))


@pytest.mark.parametrize(
    ("status", "body", "property_", "words"),
    [
        (404, MISSING, "/EnergykWh/Reading", "was not found"),
        (200, METRICS, "/EnergykWh/Written", "is not there"),
        (200, METRICS, "/Id", "is no number"),
        (200, ["no", "object"], "/Id", "status 200"),
        (401, {}, "/Id", "lets nobody in"),
    ],
)
def test_what_must_be_mended_is_wrong_input(
    status: int, body: Any, property_: str, words: str
) -> None:
    redfish, _ = service(status, body)
    with pytest.raises(InvalidInput, match=words):
        redfish.now(redfish_source(property=property_))


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, {}), (500, {}), (0, httpx.ReadTimeout("")), (0, httpx.ConnectError("no"))],
)
def test_what_may_be_there_later_is_unavailable(status: int, body: Any) -> None:
    redfish, _ = service(status, body)
    with pytest.raises(Unavailable):
        redfish.now(redfish_source())
