"""The log in PostgreSQL: an embedded server, or one that `--database URL` names.

`EmbeddedServer` starts the server that comes with Allod and gives its URL; `Store` is the log,
the outbox and the views in the database at a URL, `Seals` the sealed log there, `GatewayStore` what
the gateway keeps.
"""

from allod.adapters.postgres.embedded import EmbeddedServer
from allod.adapters.postgres.gateway_store import GatewayStore
from allod.adapters.postgres.reads import Reads
from allod.adapters.postgres.seals import Seals
from allod.adapters.postgres.store import Store

__all__ = ["EmbeddedServer", "GatewayStore", "Reads", "Seals", "Store"]
