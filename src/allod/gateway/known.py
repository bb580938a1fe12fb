"""What the desk knows from its node: the last table, as long as it is good."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from allod.gateway import inside
from allod.run.serving.table import KeyEntry, Table


class Known:
    """The last table. Read from several threads, set from one."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._heard: tuple[Table, float] | None = None
        self._keys: dict[str, KeyEntry] = {}

    def hear(self, table: Table) -> None:
        """What the node says now."""
        self._keys = {key.id: key for key in table.keys}
        self._heard = table, self._monotonic_s()

    def table(self) -> Table | None:
        """The table; None if there is none or it is too old to answer by (L4)."""
        if self._heard is None or self._left_s() <= 0:
            return None
        return self._heard[0]

    def line(self) -> bytes:
        """The table for a worker that hears it only now, good for what is left of its time."""
        table = self.table()
        if table is None:
            return b""
        return inside.line_of(replace(table, good_for_s=int(self._left_s())))

    def key(self, key_id: str, now_s: float) -> KeyEntry | None:
        """A key that holds now."""
        entry = self._keys.get(key_id) if self.table() is not None else None
        if entry is not None and entry.expires_at_s is not None and entry.expires_at_s <= now_s:
            return None
        return entry

    def _left_s(self) -> float:
        assert self._heard is not None
        table, at_s = self._heard
        return table.good_for_s - (self._monotonic_s() - at_s)
