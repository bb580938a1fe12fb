"""The account that the embedded server runs under.

PostgreSQL refuses to run as root. A node that runs as root gives it an account of its own,
made on first use, and opens to that account *alone* the way to its files: the right to pass
through a closed folder (not to list or read it), as an access list on that folder.
"""

from __future__ import annotations

import errno
import os
import pwd
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from allod.errors import Forbidden, Unavailable

NAME: Final = "allod-postgres"  #: Made only when a node runs as root.

_MEND: Final = "run the node as an ordinary user, or give it a server with --database URL"

# The access list of a file as Linux keeps it: version 2, then (tag, rights, id) in this order.
_XATTR: Final = "system.posix_acl_access"
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_NO_ID: Final = 0xFFFFFFFF
_SEARCH: Final = 0o1

Entry = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server, and how a command is started as that user."""

    name: str
    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        """Whether it is the user that this process runs as."""
        return self.uid == os.geteuid()

    def run(self, argv: Sequence[str | Path], timeout_s: float) -> subprocess.CompletedProcess[str]:
        """Run a command as this user in a clean environment and return what it said."""
        switch = {} if self.is_ours else {"user": self.uid, "group": self.gid, "extra_groups": ()}
        # PG* variables of the caller would change what the programs do; / can always be entered.
        env = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            [str(part) for part in argv],
            **switch,
            check=False,
            cwd="/",
            env=env | {"LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_s,
            umask=0o077,
        )

    def give(self, path: Path) -> None:
        """Make this account the owner of a path."""
        if not self.is_ours:
            os.chown(path, self.uid, self.gid)

    def open_way_to(self, path: Path) -> None:
        """Let this account pass through every folder above `path`."""
        if self.is_ours:
            return
        for folder in reversed(path.parents):
            if not _can_pass(folder, self):
                _grant_search(folder, self)


def os_user() -> str:
    """Return the name of the user that this process runs as."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise Unavailable(
            f"user {os.geteuid()} has no name on this machine, which PostgreSQL needs", mend=_MEND
        ) from None


def choose(data: Path) -> Account:
    """Return the account for a server's data folder: its owner, or for a new one ours.

    As root: the account `allod-postgres`, made if it is missing.
    """
    if data.exists():
        owner = data.stat().st_uid
        if owner not in (os.geteuid(), 0) and os.geteuid() != 0:
            raise Forbidden(f"{data} belongs to user {owner}", mend="start the node as that user")
        if owner != 0:
            return _of(pwd.getpwuid(owner))
    if os.geteuid() != 0:
        return _of(pwd.getpwnam(os_user()))
    try:
        return _of(pwd.getpwnam(NAME))
    except KeyError:
        _make()
        return _of(pwd.getpwnam(NAME))


def _of(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _make() -> None:
    argv = [
        "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
        "--shell", "/usr/sbin/nologin", "--comment", "Allod's embedded database", NAME,
    ]  # fmt: skip
    try:
        made = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    except FileNotFoundError:
        raise Unavailable(
            f"PostgreSQL does not run as root and there is no useradd to make '{NAME}'", mend=_MEND
        ) from None
    taken = 9  # Another node made it at the same moment.
    if made.returncode not in (0, taken):
        raise Unavailable(
            f"PostgreSQL does not run as root and '{NAME}' could not be made: "
            f"{made.stderr.strip()}",
            mend=_MEND,
        )


def _can_pass(folder: Path, account: Account) -> bool:
    """Return whether the plain mode bits let the account through; access lists are granted anew."""
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o100)
    return bool(status.st_mode & 0o001)


def _grant_search(folder: Path, account: Account) -> None:
    try:
        entries = _with_search(_entries(folder), account.uid)
        packed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
        os.setxattr(folder, _XATTR, packed)
    except OSError as error:
        raise Unavailable(
            f"the database runs as '{account.name}', which may not pass through {folder}, and "
            f"that could not be granted: {error.strerror}",
            mend=f"chmod o+x {folder}, or {_MEND}",
        ) from error


def _entries(folder: Path) -> list[Entry]:
    try:
        packed = os.getxattr(folder, _XATTR)
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        mode = folder.stat().st_mode
        return [
            (_USER_OBJ, mode >> 6 & 7, _NO_ID),
            (_GROUP_OBJ, mode >> 3 & 7, _NO_ID),
            (_OTHER, mode & 7, _NO_ID),
        ]
    return list(struct.iter_unpack("<HHI", packed[4:]))


def _with_search(entries: list[Entry], uid: int) -> list[Entry]:
    """Return the list with the right to pass for one more user, and for nobody else.

    The mask caps what users and groups of the list have, so it must hold what each of them had.
    """
    old_mask = next((rights for tag, rights, _ in entries if tag == _MASK), 0o7)
    kept = [
        (tag, rights & old_mask if tag in (_USER, _GROUP_OBJ, _GROUP) else rights, owner)
        for tag, rights, owner in entries
        if tag != _MASK and (tag, owner) != (_USER, uid)
    ]
    kept.append((_USER, _SEARCH, uid))
    mask = 0
    for tag, rights, _ in kept:
        if tag in (_USER, _GROUP_OBJ, _GROUP):
            mask |= rights
    return sorted([*kept, (_MASK, mask, _NO_ID)], key=lambda entry: (entry[0], entry[2]))
