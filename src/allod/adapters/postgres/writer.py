"""The one session that may write the log: it holds the lock, and comes back after a failure."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from allod.adapters.postgres.connection import Session, connect, describe, translate, usable
from allod.adapters.postgres.queries import SESSION, migrations
from allod.errors import Conflict, Unavailable

_log = logging.getLogger(__name__)

#: A node that was killed a moment ago still holds the lock until its server session sees it.
_GRACE_S: Final = 2.0
_LOCK_POLL_S: Final = 0.1
_BACKOFF_FIRST_S: Final = 0.1
_BACKOFF_LAST_S: Final = 5.0
_OLDEST_SERVER: Final = 150000


def _is_news(record: logging.LogRecord) -> bool:
    return not record.msg.startswith("error ignored terminating")


# A failed batch raises its first error; psycopg then warns of the statements behind it, which
# the server skipped, as it should.
logging.getLogger("psycopg").addFilter(_is_news)


class Writer:
    """Gives out the writing session, one caller at a time.

    The writer's lock belongs to the session, so whoever has it again after a loss also knows
    that the session of before is over: nothing that it sent can still be committed later. That
    is why the log's tail may be believed only when read here.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._mutex = threading.RLock()
        self._session: Session | None = None
        self._backoff_s = 0.0
        self._not_before = 0.0

    def open(self, *, wait: bool, on_wait: Callable[[str], None] | None = None) -> None:
        """Connect, take the lock and bring the schema up to date.

        With `wait` a standby stays here until the node that holds the lock is gone; `on_wait`
        is told once who that is. Without, raises `Conflict` and names it.
        """
        with self._mutex:
            session = connect(self._url, "writer")
            try:
                self._check_server(session)
                self._take_lock(session, wait, on_wait)
                self._migrate(session)
            except psycopg.Error as error:
                session.close()
                raise translate(error, self._url) from error
            except BaseException:  # Whatever it was, an interrupt too; it goes on up.
                session.close()
                raise
            self._session, self._backoff_s = session, 0.0

    def close(self) -> None:
        """Give the lock back. A later call opens again."""
        with self._mutex:
            if self._session is not None:
                self._session.close()
                self._session = None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yield the writing session; a database error leaves as one of ours.

        A session that does not come out of it clean is closed, and the next call opens another.
        """
        with self._mutex:
            session = self._session if self._session is not None else self._reopen()
            try:
                yield session
            except psycopg.Error as error:
                self._roll_back(session)
                raise translate(error, self._url) from error
            finally:
                if not usable(session):
                    session.close()
                    self._session = None

    def _reopen(self) -> Session:
        now = time.monotonic()
        if now < self._not_before:
            raise Unavailable(
                f"{describe(self._url)} did not answer; "
                f"asked again in {self._not_before - now:.1f} s"
            )
        try:
            self.open(wait=False)
        except BaseException:  # Whatever it was, an interrupt too; it goes on up.
            self._backoff_s = min(max(2 * self._backoff_s, _BACKOFF_FIRST_S), _BACKOFF_LAST_S)
            self._not_before = time.monotonic() + self._backoff_s
            raise
        assert self._session is not None
        return self._session

    @staticmethod
    def _roll_back(session: Session) -> None:
        # A failure here shows in the session's state, which decides what happens to it.
        try:
            session.rollback()
        except psycopg.Error as error:
            _log.debug("no rollback: %s", error)

    def _check_server(self, session: Session) -> None:
        row = session.execute(SESSION["server"]).fetchone()
        assert row is not None
        standby, fsync, version = row
        where = describe(self._url)
        if version < _OLDEST_SERVER:
            raise Conflict(f"{where} runs PostgreSQL {version // 10000}", mend="use 15 or later")
        if standby:
            raise Unavailable(f"{where} is a standby and takes no writes", mend="name its primary")
        if fsync != "on":
            raise Conflict(
                f"{where} runs with fsync={fsync}, so a decision could be lost after it was "
                "acted on",
                mend="set fsync=on",
            )

    def _take_lock(
        self, session: Session, wait: bool, on_wait: Callable[[str], None] | None
    ) -> None:
        until = time.monotonic() + _GRACE_S
        told = False
        while True:
            row = session.execute(SESSION["lock"]).fetchone()
            if row is not None and row[0]:
                return
            if time.monotonic() >= until:
                holder = self._holder(session)
                if not wait:
                    raise Conflict(
                        f"{describe(self._url)} is in use by {holder}",
                        mend="stop that node, or give this one another data folder or database",
                    )
                if not told and on_wait is not None:
                    on_wait(holder)
                told = True
            time.sleep(_LOCK_POLL_S)

    @staticmethod
    def _holder(session: Session) -> str:
        row = session.execute(SESSION["lock_holder"]).fetchone()
        if row is None:
            return "another node"
        name, server_pid, address = row
        return f"'{name}'" + (f" from {address}" if address else "") + f" (session {server_pid})"

    def _migrate(self, session: Session) -> None:
        steps = migrations()
        newest = steps[-1][0]
        version = self._schema_version(session)
        if version > newest:
            raise Conflict(
                f"{describe(self._url)} has schema {version}, this Allod knows {newest}",
                mend="start the newer Allod that made it",
            )
        # All or none: who reads meanwhile, such as a gateway, never meets a schema in between.
        with session.transaction():
            for number, name, statements in steps:
                if number <= version:
                    continue
                _log.info("applying %s to %s", name, describe(self._url))
                session.execute(SESSION["make_schema"])
                session.execute(statements)
                session.execute(SESSION["set_schema_version"], {"version": number})

    @staticmethod
    def _schema_version(session: Session) -> int:
        made = session.execute(SESSION["has_meta"]).fetchone()
        if made is None or not made[0]:
            return 0
        row = session.execute(SESSION["schema_version"]).fetchone()
        return 0 if row is None else int(row[0])
