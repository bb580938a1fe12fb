"""The power that a site's meters show now, asked of the servers that keep their readings."""

from __future__ import annotations

from allod.adapters.meters.fetching import client
from allod.adapters.meters.prometheus import Prometheus
from allod.domain.meters import Meter
from allod.energy.power_now import Point, PowerReading, look_back_s, power_now

#: Other meters wait for it, and so does a node that closes. [s]
_ANSWER_S = 5.0


class LiveMeters:
    """Asks for the newest readings of meters that a Prometheus server keeps."""

    def __init__(self, servers: Prometheus | None = None) -> None:
        self._servers = servers or Prometheus(client(answer_s=_ANSWER_S))

    def power(self, meter: Meter, at_s: int) -> PowerReading | None:
        """See `run.site_meters.PowerMeters.power`."""
        newest = self._point(meter, at_s)
        if newest is None:
            return None
        back_s = look_back_s(meter)
        return power_now(meter, newest, self._point(meter, at_s - back_s) if back_s else None)

    def close(self) -> None:
        """Let go of connections."""
        self._servers.close()

    def _point(self, meter: Meter, at_s: int) -> Point | None:
        assert meter.prometheus is not None
        found = self._servers.newest(meter.prometheus, at_s, meter.every_s)
        return found and Point(*found)
