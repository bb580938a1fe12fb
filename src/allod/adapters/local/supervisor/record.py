# ruff: noqa: PTH104, PTH120, PTH123
"""The files of a run that the node and the supervisor share: their names, and how to write them."""

import errno
import os

ORDER, LOCK, CONTROL, STOP = "order", "lock", "control", "stop"
STARTED, STATUS, WORK = "started.json", "status.json", "work"
POKE = b"S"  #: Written to `control` after `stop`; no signal has this number.

#: What a supervisor answers on its standard output, in the first word of a line.
BEGUN, KNOWN, BUSY, REFUSED = "begun", "known", "busy", "refused"

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_durably(path: str, content: bytes, temporary: str = "") -> None:
    """Make `content` the file's content, all or nothing, so that it survives a power cut."""
    temporary = temporary or path + ".new"
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        # Not truncated before it is written: the blocks may have been reserved (reserve_status).
        written = 0
        while written < len(content):
            written += os.write(file, content[written:])
        os.ftruncate(file, written)
        os.fsync(file)
    finally:
        os.close(file)
    os.rename(temporary, path)
    sync_folder(os.path.dirname(path) or ".")


def sync_folder(path: str) -> None:
    """Make the names in the folder durable."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def reserve_status() -> None:
    """Take the disk space of status.json now, so that a full disk cannot keep the end from us."""
    file = os.open(STATUS + ".new", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(file, 0, 512)
    finally:
        os.close(file)


def status_json(
    cause: str,
    *,
    started_at_s: int | None,
    ended_at_s: int,
    exit_code: int | None = None,
    truncated_bytes: int = 0,
) -> bytes:
    """The content of status.json; `exit_code` below zero is the signal that ended the command."""
    by_signal = exit_code is not None and exit_code < 0
    values = (
        ("exit_status", None if by_signal else exit_code),
        ("signal", -exit_code if by_signal and exit_code is not None else None),
        ("started_at_s", started_at_s),
        ("ended_at_s", ended_at_s),
        ("output_truncated_bytes", truncated_bytes),
    )
    body = "".join(f', "{key}": {"null" if value is None else value}' for key, value in values)
    return f'{{"cause": "{cause}"{body}}}\n'.encode()


def parse_order(content: bytes) -> tuple[int, int, list[bytes], dict[bytes, bytes]]:
    """Wall time [s], grace [s], command and environment; the inverse of commands.encode_order."""
    wall_time_s, grace_s, words, *rest = content.split(b"\0")
    command, settings = rest[: int(words)], rest[int(words) : -1]
    environment = dict(setting.split(b"=", 1) for setting in settings)
    return int(wall_time_s), int(grace_s), command, environment


def stop_grace_s() -> int | None:
    """The grace of the request to end, or None if there is none. [s]"""
    try:
        with open(STOP, "rb") as file:
            return int(file.readline())
    except FileNotFoundError:
        return None


def start_ticks(pid: int) -> int:
    """When the process began, in clock ticks since boot; with its id, its name for good."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[19])


def boot_id() -> str:
    """Name of this boot of the machine; process ids mean nothing beyond it."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()
