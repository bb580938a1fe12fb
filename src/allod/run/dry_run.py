"""A dry run: what applying documents would change, found out on a copy of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allod.domain.document import Document
from allod.domain.event import DocumentsApplied
from allod.run.controller import Controller
from allod.run.engine import EngineMaker
from allod.run.node_views import Change
from allod.run.requests import changes_of


def tried(
    controller: Controller, maker: EngineMaker[Any], documents: Sequence[Document], actor: str
) -> tuple[Change, ...]:
    """What would change; an error says why it could not.

    Raises:
        AllodError: As applying them would.
    """
    with controller.at_rest() as world:
        changes, bodies = changes_of(documents, world.views)
        copy = maker.restore(world.engine.snapshot())
        at_s = world.at_s
    if bodies:
        copy.step(DocumentsApplied(at_s=at_s, documents=bodies, actor=actor))
    return changes
