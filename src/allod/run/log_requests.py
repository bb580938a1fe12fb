"""Requests of the administrator about the log itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from allod.run.records import LogExported, LogKeyRotated
from allod.run.requests import Turn


@dataclass(frozen=True, slots=True)
class ExportLog:
    """The sealed log, up to `size` entries, is to be handed out."""

    size: int
    actor: str

    def decide(self, turn: Turn) -> Callable[[], None]:
        """See `Request.decide`."""
        turn.note(LogExported(at_s=turn.at_s, size=self.size, actor=self.actor))
        return lambda: None


@dataclass(frozen=True, slots=True)
class RotateKey:
    """Another key is to sign the log; the seq of the leaf that says so."""

    before: str
    after: str
    actor: str

    def decide(self, turn: Turn) -> Callable[[], int]:
        """See `Request.decide`."""
        turn.note(
            LogKeyRotated(at_s=turn.at_s, before=self.before, after=self.after, actor=self.actor)
        )
        seq = turn.leaves[-1].seq
        return lambda: seq
