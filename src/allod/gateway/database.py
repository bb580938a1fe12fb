"""The node's database as the desk uses it: there while the node is, and found again later."""

from __future__ import annotations

import threading

from allod.adapters.postgres import EmbeddedServer, GatewayStore
from allod.config import Config
from allod.errors import Unavailable


class Database:
    """Gives the store; safe to use from several threads."""

    def __init__(self, config: Config) -> None:
        self._given = config.database
        self._embedded = EmbeddedServer(config.data_dir)
        self._mutex = threading.Lock()
        self._stores: dict[tuple[str, str], GatewayStore] = {}

    def store(self, role: str) -> GatewayStore:
        """The store with a session for that role.

        Raises:
            Unavailable: There is no database now.
        """
        url = self._given or self._embedded.found()
        if url is None:
            raise Unavailable("the node's database is not there", mend="start the node: `allod up`")
        with self._mutex:
            store = self._stores.get((role, url))
            if store is None:
                store = self._stores[role, url] = GatewayStore(url, role)
            return store

    def close(self) -> None:
        """Close all sessions."""
        with self._mutex:
            for store in self._stores.values():
                store.close()
