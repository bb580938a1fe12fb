"""A folder for compiled kernels that is another one whenever any file of the kernel is.

numba looks only at the file of the function that it compiles: one that calls into a file that has
changed would be taken from its cache as it was, and decide by the old rules.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

_VARIABLE = "NUMBA_CACHE_DIR"


def use() -> None:
    """Have numba keep what it compiles there, unless the caller chose a folder.

    To be called before anything imports numba.
    """
    if not os.environ.get(_VARIABLE):
        os.environ[_VARIABLE] = str(folder(_user_cache()))


def folder(cache: Path) -> Path:
    """The folder, under `cache`, for the kernel as it is now."""
    package = Path(__file__).resolve().parents[1]
    loops = [
        *package.glob("decide/kernel/*.py"),
        *package.glob("energy/*_loop.py"),
        *package.glob("energy/jit.py"),
    ]
    digest = sha256()
    for path in sorted(loops):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return cache / "allod" / f"kernel-{digest.hexdigest()[:16]}"


def _user_cache() -> Path:
    """The user's folder for what can be made again (XDG base directories)."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return Path(named) if named.startswith("/") else Path.home() / ".cache"
