"""Memory that a process frees and soon asks for again."""

from __future__ import annotations

import ctypes
from contextlib import suppress

#: Of `mallopt` in glibc.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


def keep_freed(up_to_bytes: int) -> None:
    """Keep so much of what is freed, instead of giving it back to the system each time.

    Getting a megabyte anew costs more than copying it, for each of its pages is made on first use.
    """
    with suppress(AttributeError):  # A C library that is not glibc, and does as it likes.
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, up_to_bytes)
        mallopt(_MMAP_THRESHOLD, up_to_bytes)
