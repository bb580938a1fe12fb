"""What a Redfish service says now, over HTTP."""

from __future__ import annotations

import httpx

from allod.adapters.meters.fetching import client, get_json
from allod.adapters.meters.redfish_commands import parse_property
from allod.domain.meters import RedfishSource


class Redfish:
    """Asks Redfish services; `auth` is user and password, where they want one."""

    def __init__(
        self, http: httpx.Client | None = None, auth: tuple[str, str] | None = None
    ) -> None:
        self._http = http or client(auth)

    def now(self, source: RedfishSource) -> float:
        """The reading at this moment, in the meter's unit; NaN where the service does not know.

        Raises:
            Unavailable: The service does not answer.
            InvalidInput: It has no such number, or lets nobody in.
        """
        status, body = get_json(self._http, source.url.rstrip("/") + source.path, {})
        return parse_property(status, body, source)

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()
