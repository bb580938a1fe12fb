# ruff: noqa: TID252, PTH118
"""The command of a run, from the fork to the moment it is itself."""

import _signal  # type: ignore[import-not-found]  # typeshed knows it as `signal`
import errno
import os

from .record import WORK

#: All but KILL and STOP: whoever started the node may have had any of them ignored, the real-time
#: ones too. The two that the C library keeps for its threads (32 and 33) are nobody's to set.
_RESET_SIGNALS = tuple(sorted(set(_signal.valid_signals()) - {_signal.SIGKILL, _signal.SIGSTOP}))


def execute(
    wait: int, stdout: int, stderr: int, command: list[bytes], environment: dict[bytes, bytes]
) -> None:
    """Become the command, once told to; never returns."""
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        for file, number in ((null, 0), (stdout, 1), (stderr, 2)):
            os.dup2(file, number)
        for signal_number in _RESET_SIGNALS:
            _signal.signal(signal_number, _signal.SIG_DFL)
        os.chdir(WORK)
        if os.read(wait, 1):
            failure = execute_from_path(command, environment)
            os.write(2, b"allod: cannot run %s: %s\n" % (command[0], os.strerror(failure).encode()))
            os._exit(127 if failure in (errno.ENOENT, errno.ENOTDIR) else 126)
    except OSError as error:
        os.write(2, b"allod: cannot prepare the command: %s\n" % str(error).encode())
    finally:
        os._exit(125)


def execute_from_path(command: list[bytes], environment: dict[bytes, bytes]) -> int:
    """The error number for which the command could not be executed; returns on failure only."""
    failure = errno.ENOENT
    folders = environment.get(b"PATH", b"").split(b":")
    for folder in [b""] if b"/" in command[0] else folders:
        try:
            os.execve(os.path.join(folder, command[0]), command, environment)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                failure = error.errno or errno.EIO
    return failure
