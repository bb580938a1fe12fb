"""Forecasts and calls for less power: told to the engine, or tried on a copy of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from allod.domain.decision import Decision
from allod.domain.event import CurtailmentCalled, ForecastGiven
from allod.errors import AllodError
from allod.run.controller import Controller
from allod.run.engine import EngineMaker
from allod.run.futures import done, failed
from allod.run.requests import Turn

Told = ForecastGiven | CurtailmentCalled


@dataclass(frozen=True, slots=True)
class Foretell:
    """Something is told of the time to come."""

    event: Told  #: At any time; the turn has the true one.

    def decide(self, turn: Turn) -> Callable[[], tuple[Decision, ...]]:
        """See `Request.decide`."""
        made = turn.tell(replace(self.event, at_s=turn.at_s))
        return lambda: made


class Foresight:
    """What a node is told of the time to come."""

    def __init__(self, controller: Controller, maker: EngineMaker[Any]) -> None:
        self._controller, self._maker = controller, maker

    def tell(self, event: Told, *, dry_run: bool = False) -> Future[tuple[Decision, ...]]:
        """What is decided because of `event`, or would be; then nothing is recorded.

        Raises (in the Future):
            NotFound: It is about what there is not.
            InvalidInput: It says what cannot be.
        """
        if not dry_run:
            return self._controller.ask(Foretell(event))
        try:
            with self._controller.at_rest() as world:
                copy = self._maker.twin(world.engine)
                at_s = world.at_s
            return done(copy.step(replace(event, at_s=at_s)))
        except AllodError as error:
            return failed(error)
