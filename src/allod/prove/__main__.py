"""`python -m allod.prove FILE --key LOGKEY`: needs Python and `cryptography`, nothing else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from allod.prove.command import FILE_BYTES_MAX, WRONG_USE, Outcome, run


def _read(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(FILE_BYTES_MAX + 1)


def main() -> int:
    """Run the command; the exit status."""
    try:
        outcome = run(sys.argv[1:], _read)
    except Exception as error:  # noqa: BLE001  # The outermost edge: no traceback, and never a yes.
        outcome = Outcome(WRONG_USE, err=f"error: a mistake in allod: {error!r}\n")
    try:
        for stream, text in ((sys.stdout, outcome.out), (sys.stderr, outcome.err)):
            # A terminal may not know all letters of a name.
            stream.buffer.write(text.encode(stream.encoding or "utf-8", "backslashreplace"))
            stream.buffer.flush()
    except OSError:  # Nobody reads on; Python would try to write the rest once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WRONG_USE
    return outcome.status


if __name__ == "__main__":
    sys.exit(main())
