"""Counters of nodes and jobs as they are now, wherever a site's document says that they are."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

from allod.adapters.meters.fetching import client
from allod.adapters.meters.nvml import Nvml
from allod.adapters.meters.prometheus import Prometheus
from allod.adapters.meters.rapl import Rapl
from allod.adapters.meters.redfish import Redfish
from allod.domain.counters import Counter
from allod.domain.meters import UNITS
from allod.errors import InvalidInput

#: What is now has to be told now: whoever takes longer is asked again. [s]
_ANSWER_S: Final = 5.0
#: Exact, where a unit's watt-hours are not: a joule is 1/3600 of one. [mJ]
_MJ_PER_WH: Final = 3_600_000


class Counters:
    """Satisfies `run.serving.energy_kept.CounterReader`; safe to use from several threads."""

    def __init__(
        self,
        servers: Prometheus | None = None,
        services: Redfish | None = None,
        nvml: Nvml | None = None,
        rapl: Rapl | None = None,
    ) -> None:
        self._servers = servers or Prometheus(client(answer_s=_ANSWER_S))
        self._services = services or Redfish(client(answer_s=_ANSWER_S))
        self._nvml, self._rapl = nvml or Nvml(), rapl or Rapl()

    def close(self) -> None:
        """Let go of connections."""
        self._servers.close()
        self._services.close()

    def read(self, counter: Counter, node: str, job: str, at_ms: int) -> int | None:
        """See `CounterReader.read`."""
        if counter.here == "nvml":
            return self._nvml.total_mj()
        if counter.here == "rapl":
            return self._rapl.total_mj()
        if counter.redfish is not None:
            url = counter.redfish.url.replace("{node}", counter.asked_of(node, job))
            source = counter.redfish.model_copy(update={"url": url})
            return millijoules(self._services.now(source), counter)
        meter = counter.meter(node, job)
        assert meter.prometheus is not None
        value = self._servers.now(meter.prometheus, at_ms / 1000, counter.every_s)
        return None if value is None else millijoules(value, counter)


def millijoules(value: float, counter: Counter) -> int | None:
    """A reading in whole millijoules; None where it is no number.

    Raises:
        InvalidInput: It is below zero, which no counter of energy is.
    """
    if not math.isfinite(value):
        return None
    if value < 0:
        raise InvalidInput(
            f"counter '{counter.name}' says {value} {counter.unit}", mend="check its query"
        )
    if counter.unit == "J":
        return round(Fraction(value) * 1000)
    return round(Fraction(value) * round(UNITS[counter.unit][1]) * _MJ_PER_WH)
