"""Failures of replicas, by service and site: how the last one ended, and when another is tried."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_S = 1.0
LAST_S = 60.0
#: What was refused is refused again until something else is so.
_REFUSED_S = 600.0
#: A replica that served for so long began well: what comes after is another failure.
SOUND_S = 60.0


@dataclass(slots=True)
class Failures:
    """Of one service at one site."""

    count: int = 0  #: One after the other.
    refused: bool = False  #: True if the last one was not even accepted.
    said: str = ""  #: How it ended, in a line.
    replica: str = ""  #: Which one it was; '' if none was accepted.
    wrote: str = ""  #: The last lines that it wrote, once they are known.
    at_s: int | None = None  #: When the last one was. [epoch s]
    again_s: float = 0.0  #: No replica is started before. [monotonic s]
    again_at_s: int | None = None  #: The same; None: there is nothing to wait for. [epoch s]

    def note(
        self, said: str, at_s: int, now_s: float, *, replica: str, served: bool = False
    ) -> None:
        """One more; the wait until the next try doubles, and is nothing for one that `served`."""
        wait_s = min(FIRST_S * 2.0 ** min(self.count, 16), LAST_S)
        self._note(said, at_s, now_s, 0.0 if served and not self.count else wait_s)
        self.replica = replica

    def refuse(self, said: str, at_s: int, now_s: float) -> None:
        """None was even accepted."""
        self._note(said, at_s, now_s, _REFUSED_S)
        self.refused = True

    def _note(self, said: str, at_s: int, now_s: float, wait_s: float) -> None:
        self.again_s, self.again_at_s = now_s + wait_s, at_s + int(wait_s)
        self.count += 1
        self.said, self.at_s, self.refused = said, at_s, False
        self.replica, self.wrote = "", ""

    def forgive(self) -> None:
        """What is tried now is another thing, or works."""
        self.count, self.again_s, self.again_at_s, self.refused = 0, 0.0, None, False
