"""The edge: where every error becomes a line for a person and an exit status for a program."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import typer
from pydantic_core import ValidationError

from allod.cli.output import note, report
from allod.errors import AllodError, Forbidden, InvalidInput, NotFound, Unavailable

#: Exit status of a command that was interrupted (128 + SIGINT).
INTERRUPTED = 130
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def perform(command: Any, arguments: Sequence[str]) -> int:
    """The exit status of `command` (of typer) with `arguments`; errors are told on stderr."""
    try:
        status = command.main(args=list(arguments), prog_name="allod", standalone_mode=False)
    except AllodError as error:
        report(error)
        return error.exit_code
    except typer.TyperException as error:
        _report_usage(error)
        return error.exit_code if error.exit_code > 1 else InvalidInput.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except OSError as error:
        known = of_os_error(error)
        report(known)
        return known.exit_code
    return status if isinstance(status, int) else 0


def of_os_error(error: OSError) -> AllodError:
    """What the system said, as an error of ours."""
    where = f"{error.filename}: " if error.filename else ""
    message = f"{where}{(error.strerror or str(error)).lower()}"
    if error.errno in _NO_ROOM:
        return Unavailable(message, mend="make room on the disk, then do it again")
    if isinstance(error, PermissionError):
        return Forbidden(message, mend="run it as the user who owns it")
    if isinstance(error, FileNotFoundError):
        return NotFound(message, mend="check the path")
    return Unavailable(message)


def _report_usage(error: typer.TyperException) -> None:
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "allod"
    if message.startswith("Usage:"):
        # Only the name of a group of commands was given; typer's message is its help.
        note(message)
        return
    mend = f"see `{command} --help`"
    if isinstance(error.__cause__, ValidationError):
        message, how = _wrong_value(error, error.__cause__)
        mend = f"{how}; {mend}" if how else mend
    note(f"error: {message[:1].lower()}{message[1:]}")
    note(f"mend: {mend}")


def _wrong_value(error: typer.TyperException, cause: ValidationError) -> tuple[str, str]:
    """What is wrong with the value of an option or argument, in the words of documents' errors."""
    from allod.domain.faults import explained, shown

    faults = cause.errors(include_url=False)
    message, mend = explained(faults[0], None, faults)
    param = getattr(error, "param", None)
    name = max(param.opts, key=len) if param is not None and param.opts else "a value"
    return f"{name}: {message} (got {shown(faults[0]['input'])})", mend


def last_words(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """For `sys.excepthook`: a mistake of ours is one line too; ALLOD_TRACEBACK=1 shows it all."""
    if issubclass(kind, KeyboardInterrupt):
        return
    if os.environ.get("ALLOD_TRACEBACK") == "1":
        traceback.print_exception(kind, error, trace)
        return
    at = traceback.extract_tb(trace)[-1:]
    where = f" in {at[0].name}, line {at[0].lineno}" if at else ""
    sys.stderr.write(f"error: allod made a mistake: {kind.__name__}: {error}{where}\n")
    sys.stderr.write("mend: run it again with ALLOD_TRACEBACK=1 and report what it prints\n")
