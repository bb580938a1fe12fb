"""The views as the faces read them: sessions that cannot write, shared by many threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from allod.adapters.postgres.connection import Session, connect, describe, translate, usable
from allod.adapters.postgres.queries import SESSION, VIEWS
from allod.errors import Unavailable
from allod.run.log import (
    DocumentRow,
    KeyRow,
    Leaf,
    TokenRow,
    WorkloadCount,
    WorkloadEntry,
    WorkloadFilter,
    WorkloadRow,
)

#: Rows fetched at a time while streaming.
_FETCH: Final = 8192
#: The embedded server takes 40 sessions; the rest is for the writer, snapshots and psql.
_SESSIONS_MAX: Final = 24
_IDLE_MAX: Final = 8
_BORROW_TIMEOUT_S: Final = 10.0


class Reads:
    """Answers questions about the views. Needs no lock: any number may read beside the writer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[Session] = []
        self._idle_mutex = threading.Lock()
        self._room = threading.BoundedSemaphore(_SESSIONS_MAX)

    def close(self) -> None:
        """Close the sessions that nobody uses."""
        with self._idle_mutex:
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a live session that cannot write; a database error leaves as one of ours."""
        if not self._room.acquire(timeout=_BORROW_TIMEOUT_S):
            raise Unavailable(
                f"{describe(self._url)}: all {_SESSIONS_MAX} sessions are busy", mend="ask again"
            )
        try:
            session = self._live_session()
            try:
                yield session
            except psycopg.Error as error:
                session.close()
                raise translate(error, self._url) from error
            finally:
                self._give_back(session)
        finally:
            self._room.release()

    def _live_session(self) -> Session:
        while True:
            with self._idle_mutex:
                session = self._idle.pop() if self._idle else None
            if session is None:
                return connect(self._url, "reader", read_only=True)
            try:
                # The server may have gone and come back since.
                session.execute(SESSION["ping"])
            except psycopg.Error:
                session.close()
            else:
                return session

    def _give_back(self, session: Session) -> None:
        with self._idle_mutex:
            keep = usable(session) and len(self._idle) < _IDLE_MAX
            if keep:
                self._idle.append(session)
        if not keep:
            session.close()

    def _rows(self, query: str, params: Any = None) -> list[Any]:
        with self.reading() as session, session.cursor(binary=True) as cursor:
            return cursor.execute(VIEWS[query], params).fetchall()

    def workloads(
        self,
        where: WorkloadFilter,
        limit: int,
        after: int | None = None,
        newest_first: bool = False,
    ) -> list[WorkloadRow]:
        """Return a page in order of asking; `after` is the ordinal of the last row before it."""
        query = "workloads_newest_first" if newest_first else "workloads_oldest_first"
        params = {
            "all_states": not where.states,
            "states": list(where.states),
            "project": where.project,
            "site": where.site,
            "class_name": where.class_name,
            "after": after,
            "limit": limit,
        }
        return [WorkloadRow(*row) for row in self._rows(query, params)]

    def workload_entries(self) -> Iterator[WorkloadEntry]:
        """Yield an entry for every workload, in any order, streaming."""
        with (
            self.reading() as session,
            session.transaction(),
            session.cursor(name="entries", binary=True) as cursor,
        ):
            cursor.itersize = _FETCH
            cursor.execute(VIEWS["workload_entries"])
            for row in cursor:
                yield WorkloadEntry(*row)

    def workloads_at(self, ordinals: Sequence[int]) -> list[WorkloadRow]:
        """Return the workloads with these ordinals, in this order; unknown ones are left out."""
        return [WorkloadRow(*row) for row in self._rows("workloads_at", [list(ordinals)])]

    def workload(self, workload_id: str) -> WorkloadRow | None:
        """Return one workload, or None."""
        rows = self._rows("workload", [workload_id])
        return WorkloadRow(*rows[0]) if rows else None

    def workload_leaves(
        self, workload_id: str, limit: int, after_seq: int | None = None
    ) -> list[Leaf]:
        """Return the leaves about one workload, oldest first."""
        after = -1 if after_seq is None else after_seq
        return [Leaf(*row) for row in self._rows("workload_leaves", [workload_id, after, limit])]

    def workload_counts(self) -> list[WorkloadCount]:
        """Return the number of workloads by state, class and site. Reads every workload."""
        return [WorkloadCount(*row) for row in self._rows("workload_counts")]

    def documents(self, kind: str = "") -> list[DocumentRow]:
        """Return the current documents, of one kind or of all, by kind and name."""
        return [DocumentRow(*row) for row in self._rows("documents", {"kind": kind})]

    def document(self, kind: str, name: str) -> DocumentRow | None:
        """Return the current revision of a document, or None."""
        rows = self._rows("document", [kind, name])
        return DocumentRow(*rows[0]) if rows else None

    def document_revisions(self, kind: str, name: str) -> list[DocumentRow]:
        """Return every revision of a document, oldest first."""
        return [DocumentRow(*row) for row in self._rows("document_revisions", [kind, name])]

    def token(self, sha256: bytes) -> TokenRow | None:
        """Return the token with this digest, revoked or not, or None."""
        rows = self._rows("token", [sha256])
        return TokenRow(*rows[0]) if rows else None

    def tokens(self) -> list[TokenRow]:
        """Return all tokens by name."""
        return [TokenRow(*row) for row in self._rows("tokens")]

    def project_keys(self) -> list[KeyRow]:
        """Return all keys of projects by name, revoked ones too."""
        return [KeyRow(*row) for row in self._rows("project_keys")]
