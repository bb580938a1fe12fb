"""What runs leave in the folder that all nodes share: their output, and marks of begin and end."""

from __future__ import annotations

from allod.adapters.slurm.files import Files
from allod.adapters.slurm.script import mark
from allod.domain.slurm import Slurm
from allod.domain.units import NEVER_S
from allod.run.ports import OutputPart, RunKey, RunReport, Seen, StreamName

_STATUS_MAX = 255
_DIGITS_MAX = 15
_TERMINATED = 128 + 15  #: What the shell makes of a command that TERM has ended.
_SUFFIX: dict[StreamName, str] = {"stdout": "out", "stderr": "err"}


class Marks:
    """Reads them, wherever the folder is."""

    def __init__(self, slurm: Slurm, files: Files, node: str) -> None:
        self._files, self._node = files, node
        self._folders = sorted({slurm.folder.replace("{user}", user) for user in slurm.users()})

    def end_of(self, key: RunKey) -> RunReport | None:
        """The end that the run itself has written down; None if it has not, or none can be read.

        Raises:
            RunnerUnknown: Whoever reads does not answer.
        """
        for path in self._paths(key):
            content = self._files.read(f"{path}.end", 0, 100) or b""
            words = content.decode("ascii", "replace").split()
            if len(words) != 2 or not all(_is_number(word) for word in words):
                continue
            status, at_s = int(words[0]), int(words[1])
            job = self._job(path)
            # Whoever began the run has written its end; others may write in the folder too.
            same = self._files.owner(f"{path}.end") == self._files.owner(f"{path}.job")
            if job is None or status > _STATUS_MAX or at_s > NEVER_S or not same:
                continue
            return RunReport(
                *key,
                "ended",
                exit_status=None if status == _TERMINATED else status,
                ended_at_s=at_s,
                cause="stopped" if status == _TERMINATED else "exited",
                seen=Seen(job=str(job), finished_at_s=at_s),
            )
        return None

    def job_of(self, key: RunKey) -> int | None:
        """The job that was the first to begin this run; raises as `end_of`."""
        return next((job for path in self._paths(key) if (job := self._job(path))), None)

    def _job(self, path: str) -> int | None:
        job = self._files.link(f"{path}.job") or ""
        return int(job) if _is_number(job) else None

    def output(self, key: RunKey, stream: StreamName, offset: int, limit: int) -> OutputPart | None:
        """A piece of an output; None if it is not there."""
        for path in self._paths(key):
            data = self._files.read(f"{path}.{_SUFFIX[stream]}", offset, limit)
            if data is not None:
                return OutputPart(offset, data)
        return None

    def _paths(self, key: RunKey) -> list[str]:
        return [mark(folder, self._node, key) for folder in self._folders]


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _DIGITS_MAX
