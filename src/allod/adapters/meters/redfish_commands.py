"""What a Redfish answer says, without I/O.

DMTF DSP0266 (protocol) and DSP0268 (schemas): EnvironmentMetrics has `/EnergykWh/Reading` (a
register), `/PowerWatts/Reading` and `/TemperatureCelsius/Reading`; PowerSubsystem has
`/Allocation/RequestedWatts` and `/CapacityWatts`.
"""

from __future__ import annotations

from typing import Any

from allod.domain.meters import RedfishSource
from allod.errors import InvalidInput


def parse_property(status: int, body: Any, source: RedfishSource) -> float:
    """The number at `source.property`; NaN where the service says null (it does not know).

    Raises:
        InvalidInput: There is no such resource or property, or it is no number.
    """
    where = f"{source.path}{source.property}"
    if status != 200 or not isinstance(body, dict):
        raise InvalidInput(
            f"{source.url} has no {source.path}: {_message(status, body)}",
            mend="check the meter's 'path'",
        )
    value: Any = body
    for part in source.property.removeprefix("/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(value, dict) or key not in value:
            raise InvalidInput(f"{where} is not there", mend="check the meter's 'property'")
        value = value[key]
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"{where} is no number", mend="check the meter's 'property'")
    return float(value)


def _message(status: int, body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    said = error.get("message") if isinstance(error, dict) else None
    return str(said) if said else f"status {status}"
