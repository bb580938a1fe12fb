"""A session that is kept between calls, for stores that need no writer's lock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from allod.adapters.postgres.connection import Session, connect, translate, usable
from allod.adapters.postgres.queries import SESSION


class KeptSession:
    """Opened at the first use; used by one thread after the other. `role` is as for `connect`."""

    def __init__(self, url: str, role: str) -> None:
        self._url, self._role = url, role
        self._mutex = threading.Lock()
        self._kept: Session | None = None

    def close(self) -> None:
        """Close it; a later use opens another."""
        with self._mutex:
            if self._kept is not None:
                self._kept.close()
                self._kept = None

    @contextmanager
    def use(self, *, asked: bool = False) -> Iterator[Session]:
        """The session, for one thread; `asked`: first whether the server still has it.

        One that fails or is left in the middle of something is not kept.

        Raises:
            AllodError: What an error of the database in the block means; see `translate`.
        """
        with self._mutex:
            session = self._living(asked) or connect(self._url, self._role)
            try:
                yield session
            except psycopg.Error as error:
                session.close()
                raise translate(error, self._url) from error
            finally:
                if usable(session):
                    self._kept = session
                else:
                    session.close()

    def _living(self, asked: bool) -> Session | None:
        """The one that was kept, unless the server has gone since."""
        session, self._kept = self._kept, None
        if session is not None and asked:
            try:
                session.execute(SESSION["ping"])
            except psycopg.Error:
                session.close()
                return None
        return session
