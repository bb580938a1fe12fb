"""Dry runs: what would come of documents or of a workload, found out on a copy of the engine."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from allod.domain.decision import Decision, Refusal
from allod.domain.document import Document
from allod.domain.event import DocumentsApplied, TimePassed, WorkloadSubmitted
from allod.errors import Unavailable
from allod.run.controller import Controller
from allod.run.document_requests import changes_of
from allod.run.engine import EngineMaker, Explanation
from allod.run.node_views import Change
from allod.run.requests import Submit

#: What a workload is called that is only tried.
TRIED: Final = "dry-run"
#: Submissions that are tried or wait for that; each holds a thread that others are answered by.
AT_ONCE_MAX: Final = 8


def tried(
    controller: Controller, maker: EngineMaker[Any], documents: Sequence[Document], actor: str
) -> tuple[Change, ...]:
    """What would change; an error says why it could not.

    Raises:
        AllodError: As applying them would.
    """
    with controller.at_rest() as world:
        changes, bodies = changes_of(documents, world.views)
        copy = maker.twin(world.engine)
        at_s = world.at_s
    if bodies:
        copy.step(DocumentsApplied(at_s=at_s, documents=bodies, actor=actor))
    return changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What would come of a submission."""

    decision: Decision  #: The first about it: placement, hold or refusal.
    others: tuple[Decision, ...]  #: What would be decided about others because of it.
    explanation: Explanation | Decision  #: As `why` would give it then; of a refusal, itself.


class Trials:
    """Tries submissions, one after the other: each needs the memory of an engine of its own."""

    def __init__(self, controller: Controller, maker: EngineMaker[Any]) -> None:
        self._controller, self._maker = controller, maker
        self._turn = threading.Lock()
        self._room = threading.BoundedSemaphore(AT_ONCE_MAX)

    def submission(self, document: Document, *, actor: str = "") -> Tried:
        """What would be decided if `document` were submitted now; nothing is recorded or started.

        Raises:
            AllodError: As submitting it would.
            Unavailable: Too many are being tried.
        """
        asked = Submit.of(document, actor, None)
        if not self._room.acquire(blocking=False):
            raise Unavailable(
                f"{AT_ONCE_MAX} submissions are being tried already",
                mend="try it again in a moment",
            )
        try:
            return self._tried(asked)
        finally:
            self._room.release()

    def _tried(self, asked: Submit) -> Tried:
        with self._turn:
            with self._controller.at_rest() as world:
                copy = self._maker.twin(world.engine)
                at_s = world.at_s
            # What the time alone brings does not come of the workload.
            copy.step(TimePassed(at_s=at_s))
            decisions = copy.step(
                WorkloadSubmitted(
                    at_s=at_s,
                    workload_id=TRIED,
                    name=asked.name,
                    workload=asked.spec,
                    actor=asked.actor,
                )
            )
            own = next(one for one in decisions if one.workload_id == TRIED)
            return Tried(
                decision=own,
                others=tuple(one for one in decisions if one.workload_id != TRIED),
                explanation=own if isinstance(own, Refusal) else self._maker.explain(copy, TRIED),
            )
