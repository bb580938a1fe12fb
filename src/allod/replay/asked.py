"""A replay that somebody asked a node for, in a process of its own: `python -m allod.replay.asked`.

It is told its task (`tasks`) by one line of JSON on its standard input, and says by lines of JSON
on its standard output how far it is and how it ended. It ends when its input does: with its node.
"""

from __future__ import annotations

import os
import resource
import sys
from threading import Thread
from typing import BinaryIO

import orjson

from allod.errors import AllodError, InvalidInput
from allod.replay.tasks import Json, read, replay


def main() -> int:
    """Do what the first line of the standard input asks for."""
    said = _own_output()
    task = orjson.loads(sys.stdin.buffer.readline())
    Thread(target=_end_with_the_node, daemon=True).start()

    def tell(message: Json) -> None:
        said.write(orjson.dumps(message) + b"\n")
        said.flush()

    try:
        _bound_memory(task["memory_bytes"])
        (read if task["task"] == "read" else replay)(task, tell)
    except AllodError as error:
        tell({"error": _told(error, task)})
        return 1
    except MemoryError:
        tell({"error": _told(_too_large(task["memory_bytes"]), task)})
        return 1
    return 0


def _own_output() -> BinaryIO:
    """The standard output for what we say alone; what a library prints goes to the node's log."""
    ours = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return ours


def _bound_memory(most_bytes: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with_the_node() -> None:
    # Not by `sys.stdin`, whose lock an end of the main thread would want too.
    while os.read(0, 4096):
        pass
    os._exit(0)


def _too_large(most_bytes: int) -> InvalidInput:
    return InvalidInput(
        f"it needs more than {most_bytes} bytes of memory",
        mend="ask for a part of the trace with 'from' and 'to', or raise replay_memory_max_bytes",
    )


def _told(error: AllodError, task: Json) -> Json:
    """What `error` says, with the caller's name of the trace in place of its path."""
    path, name = str(task["file"]), task["name"]
    return {
        "code": error.code,
        "message": error.message.replace(path, name),
        "mend": error.mend.replace(path, name),
        "field": getattr(error, "path", "") or error.field,
        "value": error.value,
    }


if __name__ == "__main__":
    sys.exit(main())
