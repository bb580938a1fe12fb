"""Keys of engines: what the gateway shows an engine, so that nobody else's calls reach it.

A key is made from a secret of the node and the replica's own id. It is in no document and no log:
it is filled in when the replica is started, and made again whenever it is needed.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any

from allod.run.ports import StartOrder

SECRET_BYTES = 32
LOOPBACK = "127.0.0.1"
_ANYWHERE = "0.0.0.0"


class EngineKeys:
    """Makes keys, and fills in what is known only when a replica is started."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def key_of(self, workload_id: str) -> str:
        """The key of the engine that this replica runs."""
        return hmac.new(self._secret, workload_id.encode(), "sha256").hexdigest()

    def prepared(self, order: StartOrder, replica_of: dict[str, Any], here: bool) -> StartOrder:
        """`order` with host and key; `here`: it runs on this machine and listens for it alone."""
        known = {
            "{host}": LOOPBACK if here else _ANYWHERE,
            "{engine_key}": self.key_of(order.workload_id),
        }
        environment = {
            **{name: _filled(text, known) for name, text in order.environment},
            "ALLOD_SERVICE": replica_of["service"],
            "ALLOD_PORT": str(replica_of["port"]),
            "ALLOD_ENGINE_KEY": known["{engine_key}"],
        }
        return replace(
            order,
            command=tuple(_filled(part, known) for part in order.command),
            environment=tuple(sorted(environment.items())),
        )


def _filled(text: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(name, value)
    return text
