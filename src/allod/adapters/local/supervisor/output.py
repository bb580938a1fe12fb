# ruff: noqa: PTH108
"""What a command writes, kept within a bound, however much it is."""

import os

_TAIL_PARTS = 4


class Output:
    """One output of the command: its first half and its last part, in files of bounded size.

    A file is named by the position at which it begins, so that nothing needs moving at the end and
    a crash leaves all of it readable. What the disk does not take is counted, never waited for.
    """

    def __init__(self, name: str, cap_bytes: int) -> None:
        self.name = name
        self.first_bytes = max(1, cap_bytes // 2)
        self.part_bytes = max(1, cap_bytes // (2 * _TAIL_PARTS))
        self.truncated_bytes = 0
        self._position = 0
        self._room = 0
        self._file = -1
        self._tail: list[list[str | int]] = []  #: Name and size of each file after the first.

    def keep(self, content: bytes) -> None:
        """Append `content`, dropping the oldest part of the tail if there is no room."""
        left = memoryview(content)
        while left:
            try:
                if not self._room:
                    self._open_next()
                count = os.write(self._file, left[: self._room])
            except OSError:
                self._give_up(len(left))
                return
            self._room -= count
            self._position += count
            if self._tail:
                self._tail[-1][1] = int(self._tail[-1][1]) + count
            left = left[count:]

    def _open_next(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        name = f"{self.name}.{self._position:015d}" if self._position else self.name
        if self._position and len(self._tail) == _TAIL_PARTS:
            oldest, size = self._tail.pop(0)
            os.unlink(str(oldest))
            self.truncated_bytes += int(size)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        self._file = os.open(name, flags, 0o600)
        self._room = self.part_bytes if self._position else self.first_bytes
        if self._position:
            self._tail.append([name, 0])

    def _give_up(self, count: int) -> None:
        """Count what the disk did not take; what comes next begins a file of its own."""
        self.truncated_bytes += count
        self._position += count
        self._room = 0
        if self._tail and not self._tail[-1][1]:
            os.unlink(str(self._tail.pop()[0]))
