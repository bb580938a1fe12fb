"""What the gateway keeps, in the node's database: records of calls, files, batches."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import psycopg

from allod.adapters.postgres.arrays import bigints
from allod.adapters.postgres.kept_session import KeptSession
from allod.adapters.postgres.queries import GATEWAY
from allod.errors import InvalidInput
from allod.run.serving.kept import Batch, By, KeptFile, UsageFilter, UsageSum
from allod.run.serving.tally import FIRST_MS, TOOK_MS, Tally
from allod.run.serving.usage import UsageRecord

#: The order of the columns in every query that reads records.
_RECORD = tuple(field.name for field in fields(UsageRecord))
_BOUNDS = {"first_ms": bigints(FIRST_MS), "took_ms": bigints(TOOK_MS)}
#: U+0000 in a string of JSON; before it, backslashes that are meant as such.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
#: What the database raises for a value that no try again would make fit.
_NO_RECORD = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.errors.ProgramLimitExceeded,
    psycopg.errors.StatementTooComplex,
)


class GatewayStore:
    """Records, files and batches; safe to use from several threads, one after the other.

    It needs no writer's lock, and makes no tables: the node does when it opens the database, and
    until then every call raises `Unavailable`.
    """

    def __init__(self, url: str, role: str = "gateway") -> None:
        self._session = KeptSession(url, role)

    def close(self) -> None:
        """Close the session; a later call opens another."""
        self._session.close()

    def _rows(self, query: str, params: Mapping[str, Any] | None = None) -> list[Any]:
        with self._session.use(asked=True) as session:
            return session.execute(GATEWAY[query], params).fetchall()

    def _changed(self, query: str, params: Mapping[str, Any]) -> bool:
        with self._session.use(asked=True) as session:
            return session.execute(GATEWAY[query], params).rowcount == 1

    # ------------------------------------------------------------ usage

    def put_records(self, records: Sequence[UsageRecord]) -> int:
        """Keep records, durable on return; how many were not there before."""
        if not records:
            return 0
        lines = b"\n".join(record.encode() for record in records)
        return sum(tally.calls for tally in self.put_lines(lines))

    def put_lines(self, lines: bytes) -> list[Tally]:
        """The same for records as `UsageRecord.encode` writes them, with newlines between.

        The database reads them, so that a record costs next to nothing here.

        Raises:
            InvalidInput: One of them is no record, and none of them was kept.
            Unavailable: Also once when the server was started anew since the last call.
        """
        if b"\\u0000" in lines:
            lines = _NUL.sub(rb"\1\\ufffd", lines)  # It is no character of a database's text.
        # The newline stays: no string of JSON goes over it, so two halves do not become one.
        params = _BOUNDS | {"records": b"[%b]" % lines.replace(b"\n", b",\n")}
        # Shipping tries again by itself, and does this so often that asking first would count.
        with self._session.use() as session:
            try:
                rows = session.execute(GATEWAY["put_records"], params).fetchall()
            except _NO_RECORD as error:
                raise InvalidInput(f"this is no record of a call: {error}") from error
        return [Tally(*row) for row in rows]

    def usage(self, by: Collection[By] = (), where: UsageFilter | None = None) -> list[UsageSum]:
        """Sums of the records meant, one for each value of what they are summed `by`."""
        params: dict[str, Any] = {f"by_{name}": name in by for name in By}
        rows = self._rows("usage", params | asdict(where or UsageFilter()))
        names = [field.name for field in fields(UsageSum)]
        return [UsageSum(**dict(zip(names, row, strict=True))) for row in rows]

    def records(
        self, where: UsageFilter | None = None, limit: int = 100, after: str = ""
    ) -> list[UsageRecord]:
        """A page of records, newest first, from behind the one with the id `after`."""
        params = asdict(where or UsageFilter()) | {"limit": limit, "after": after}
        rows = self._rows("records", params)
        return [UsageRecord(**dict(zip(_RECORD, row, strict=True))) for row in rows]

    # ------------------------------------------------------------ files

    def put_file(self, file: KeptFile, bytes_max: int) -> bool:
        """Note a file; False if the files of its project would be more than `bytes_max`."""
        return self._changed("put_file", asdict(file) | {"bytes_max": bytes_max})

    def file(self, file_id: str, project: str) -> KeptFile | None:
        """A file of a project, or None."""
        rows = self._rows("file", {"id": file_id, "project": project})
        return _file(rows[0]) if rows else None

    def files(
        self,
        project: str,
        *,
        purpose: str = "",
        after: str = "",
        limit: int = 10_000,
        newest_first: bool = True,
    ) -> list[KeptFile]:
        """A page of a project's files, from behind the one with the id `after`."""
        query = "files_newest_first" if newest_first else "files_oldest_first"
        params = {"project": project, "purpose": purpose, "after": after, "limit": limit}
        return [_file(row) for row in self._rows(query, params)]

    def remove_file(self, file_id: str, project: str) -> bool:
        """Forget a file; False if there is none."""
        return self._changed("remove_file", {"id": file_id, "project": project})

    def files_expired(self, now_s: int) -> list[KeptFile]:
        """Files whose time is over."""
        return [_file(row) for row in self._rows("files_expired", {"now_s": now_s})]

    def file_ids(self) -> set[str]:
        """Of all files of all projects."""
        return {row[0] for row in self._rows("file_ids")}

    # ------------------------------------------------------------ batches

    def put_batch(self, batch: Batch) -> None:
        """Note a new batch."""
        with self._session.use(asked=True) as session:
            session.execute(GATEWAY["put_batch"], asdict(batch))

    def batch(self, batch_id: str, project: str) -> Batch | None:
        """A batch of a project, or None."""
        rows = self._rows("batch", {"id": batch_id, "project": project})
        return _batch(rows[0]) if rows else None

    def batches(self, project: str, *, after: str = "", limit: int = 20) -> list[Batch]:
        """A page of a project's batches, newest first, from behind the one called `after`."""
        params = {"project": project, "after": after, "limit": limit}
        return [_batch(row) for row in self._rows("batches", params)]

    def batches_open(self) -> list[Batch]:
        """Batches of which something is to be done, oldest first."""
        return [_batch(row) for row in self._rows("batches_open")]

    def cancel_batch(self, batch_id: str, project: str, now_s: int) -> bool:
        """Ask for the end of a batch; False if there is none that still waits or works."""
        params = {"id": batch_id, "project": project, "now_s": now_s}
        return self._changed("cancel_batch", params)

    def begin_batch(self, batch_id: str, total: int, model: str, now_s: int) -> bool:
        """The input can be used; False if the batch was cancelled meanwhile."""
        params = {"id": batch_id, "total": total, "model": model, "now_s": now_s}
        return self._changed("begin_batch", params)

    def count_batch(self, batch_id: str, completed: int, failed: int) -> None:
        """How far a batch has come."""
        params = {"id": batch_id, "completed": completed, "failed": failed}
        self._changed("count_batch", params)

    def finalize_batch(self, batch_id: str, now_s: int) -> bool:
        """All calls were made; False if the batch was cancelled meanwhile."""
        return self._changed("finalize_batch", {"id": batch_id, "now_s": now_s})

    def end_batch(self, ended: Batch) -> bool:
        """The last word on a batch: its final status, when, its files, errors and counts."""
        return self._changed("end_batch", asdict(ended) | {"now_s": ended.ended_at_s})


def _file(row: Sequence[Any]) -> KeptFile:
    names = [field.name for field in fields(KeptFile)]
    return KeptFile(**dict(zip(names, row, strict=True)))


def _batch(row: Sequence[Any]) -> Batch:
    names = [field.name for field in fields(Batch)]
    values = dict(zip(_BATCH_COLUMNS, row, strict=True))
    return Batch(**{name: values[name] for name in names})


#: As the queries have them.
_BATCH_COLUMNS = (
    "id", "project", "key", "endpoint", "input_file", "window", "metadata", "status",
    "created_at_s", "expires_at_s", "in_progress_at_s", "finalizing_at_s", "cancelling_at_s",
    "ended_at_s", "output_file", "error_file", "errors", "model", "total", "completed", "failed",
    "output_kept_s",
)  # fmt: skip
