"""What a node reads of the usage that its gateway keeps beside the log."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from allod.run.serving.kept import By, UsageFilter, UsageSum
from allod.run.serving.usage import UsageRecord


class UsageReads(Protocol):
    """Usage of services, and the records that it is the sum of; every call may block."""

    def usage(self, by: Collection[By] = (), where: UsageFilter | None = None) -> list[UsageSum]:
        """Sums of the records meant, one for each value of what they are summed `by`."""
        ...

    def records(
        self, where: UsageFilter | None = None, limit: int = 100, after: str = ""
    ) -> list[UsageRecord]:
        """A page of records, newest first, from behind the one with the id `after`."""
        ...


class NoUsage:
    """That of a node without a database: nobody has called anything."""

    def usage(self, by: Collection[By] = (), where: UsageFilter | None = None) -> list[UsageSum]:
        """See `UsageReads.usage`."""
        return []

    def records(
        self, where: UsageFilter | None = None, limit: int = 100, after: str = ""
    ) -> list[UsageRecord]:
        """See `UsageReads.records`."""
        return []
