"""The answers of a batch on their way: two files that grow line by line, good and bad apart.

A line is one write, so a kill leaves whole lines and at most a piece of one, which is cut off when
the batch goes on. What stands there is done and not asked again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson

from allod.gateway.batch.lines import Call


class Answers:
    """The two files of one batch."""

    def __init__(self, output: Path, errors: Path) -> None:
        """Open them where they stand."""
        self.done: set[str] = set()  #: The custom_id of each call that has its answer.
        self._good, self.completed = self._opened(output)
        self._bad, self.failed = self._opened(errors)

    def _opened(self, path: Path) -> tuple[int, int]:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        lines = whole = 0
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                lines += 1
                self.done.add(orjson.loads(line)["custom_id"])
        os.ftruncate(descriptor, whole)
        return descriptor, lines

    def answered(self, batch: str, call: Call, status: int, request_id: str, body: Any) -> None:
        """A call got an answer of an engine, or a refusal."""
        response = {"status_code": status, "request_id": request_id, "body": body}
        self._write(batch, call, status == 200, {"response": response, "error": None})

    def unanswered(self, batch: str, call: Call, code: str, message: str) -> None:
        """A call gets no answer any more."""
        error = {"code": code, "message": message}
        self._write(batch, call, False, {"response": None, "error": error})

    def close(self) -> None:
        """Have both on the disk, and let go of them."""
        for descriptor in (self._good, self._bad):
            os.fsync(descriptor)
            os.close(descriptor)

    def _write(self, batch: str, call: Call, good: bool, rest: dict[str, Any]) -> None:
        head = {"id": f"batch_req_{batch.removeprefix('batch_')}_{call.line}"}
        line = orjson.dumps(
            head | {"custom_id": call.custom_id} | rest, option=orjson.OPT_APPEND_NEWLINE
        )
        os.write(self._good if good else self._bad, line)
        self.done.add(call.custom_id)
        if good:
            self.completed += 1
        else:
            self.failed += 1
