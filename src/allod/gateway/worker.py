"""A worker: one process that answers calls. `python -m allod.gateway.worker LISTEN DESK [plain]`.

LISTEN and DESK are inherited file descriptors: the public socket that listens, and this worker's
end of the pair that joins it with the desk. SIGTERM, or the desk's going, has it take no more
calls, end those that it has, and end. `plain`: it goes by the sources, compiled or not.
"""

from __future__ import annotations

import resource
import sys

from allod.gateway import compiled


def main() -> None:
    """Begin with the descriptors in the command."""
    listen, desk = int(sys.argv[1]), int(sys.argv[2])
    if "plain" not in sys.argv[3:]:
        compiled.use()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # Only now, for it decides what is imported.
    from allod.gateway.hot.process import run  # noqa: PLC0415

    run(listen, desk)


if __name__ == "__main__":
    main()
