"""One session with the database: how it is opened, and what its errors mean to us."""

from __future__ import annotations

import os
import socket
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from allod.adapters.postgres.arrays import Array, ArrayDumper
from allod.adapters.postgres.queries import SESSION
from allod.errors import AllodError, Conflict, Forbidden, InvalidInput, Unavailable

Session = psycopg.Connection[TupleRow]

#: Raised by `append_leaves` in the schema.
FENCE_SQLSTATE: Final = "AL001"
#: Raised by `seal_page` there.
SEALED_SQLSTATE: Final = "AL002"

_MEND_SECOND_WRITER: Final = "another node writes this log; stop one of the two"

#: A silent peer is given up in about 20 s instead of the kernel's two hours.
_DEFAULTS: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    "tcp_user_timeout": "20000",
}


def describe(url: str) -> str:
    """Return which database a URL names, for messages: never a password."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "the given database URL"
    return f"database '{parts.get('dbname', '')}' at {parts.get('host') or 'the local socket'}"


def connect(url: str, role: str, *, read_only: bool = False) -> Session:
    """Return a session in autocommit mode, set up for the log. `role` is shown to operators.

    Raises `InvalidInput` for a URL that cannot be read and `Unavailable` when nobody answers.
    """
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise InvalidInput(
            f"the database URL cannot be read: {first_line(error)}",
            mend="write it as postgresql://user@host:5432/database",
        ) from None
    # 63 bytes is what PostgreSQL keeps of an application's name.
    name = f"allod {role}, pid {os.getpid()} on {socket.gethostname()}"[:63]
    defaults = _DEFAULTS | {"application_name": name}
    try:
        whole = make_conninfo(
            url, **{key: value for key, value in defaults.items() if key not in given}
        )
        session = psycopg.connect(whole, autocommit=True)
        session.adapters.register_dumper(Array, ArrayDumper)
    except psycopg.Error as error:
        raise translate(error, url) from error
    try:
        session.execute(SESSION["settings"])
        if read_only:
            session.execute(SESSION["read_only"])
    except psycopg.Error as error:
        session.close()
        raise translate(error, url) from error
    return session


def usable(session: Session) -> bool:
    """Return whether a session can take the next transaction; never asks the server."""
    return not session.closed and session.info.transaction_status == TransactionStatus.IDLE


def first_line(error: BaseException) -> str:
    """Return what an error says in one line."""
    return str(error).strip().partition("\n")[0]


def translate(error: psycopg.Error, url: str) -> AllodError:
    """Return the error of ours that a database error is.

    An error that no state of the world explains is a mistake of ours: it is raised as it is.
    """
    said, where = first_line(error), describe(url)
    match error:
        case psycopg.errors.UniqueViolation() if error.diag.table_name == "leaf":
            return Conflict(
                f"{where} already holds this part of the log: {said}", mend=_MEND_SECOND_WRITER
            )
        case psycopg.errors.InsufficientPrivilege() | psycopg.errors.InvalidPassword():
            return Forbidden(f"{where} refuses: {said}", mend="grant the role what it needs")
        case psycopg.errors.UndefinedTable() | psycopg.errors.InvalidSchemaName():
            return Unavailable(f"{where} holds no log", mend="start a node on it first")
        case psycopg.DataError():
            return InvalidInput(f"{where} cannot hold a value: {said}")
        case psycopg.errors.DiskFull():
            return Unavailable(f"{where} has no room left: {said}", mend="free space on its disk")
        case psycopg.OperationalError() | psycopg.InternalError() | psycopg.InterfaceError():
            return Unavailable(f"{where} cannot be used now: {said}", mend="ask again")
        case _ if error.sqlstate == FENCE_SQLSTATE:
            return Conflict(f"{where}: {said}", mend=_MEND_SECOND_WRITER)
        case _ if error.sqlstate == SEALED_SQLSTATE:
            return Conflict(f"{where}: {said}")
        case _:
            raise error
