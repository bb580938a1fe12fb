"""A twin: a copy of an engine, for what is only tried. It goes its own way from then on.

A snapshot would do too, but is made to last: all is put in words and read again. Here what never
changes in itself (documents, world, layout, rules, verdicts) is shared, and the rest copied, so
that the engine is held up for a few milliseconds, whatever waits.
"""

from __future__ import annotations

from dataclasses import fields, replace
from operator import attrgetter
from typing import Any, Final

from allod.decide.asleep import Asleep
from allod.decide.engine import Engine
from allod.decide.kernel import state as k
from allod.decide.live import Live
from allod.decide.verdict import Judge

#: By hand: there are many, and `copy` takes five times as long.
_OF_LIVE: Final[Any] = attrgetter(*(field.name for field in fields(Live)))


def twin(engine: Engine) -> Engine:
    """An engine that decides as `engine` would; it may be asked in another thread."""
    made = Engine.__new__(Engine)
    made.__dict__.update(engine.__dict__)
    made.state = k.State(**{name: held.copy() for name, held in engine.state.arrays().items()})
    made.live = {name: Live(*_OF_LIVE(live)) for name, live in engine.live.items()}
    made.by_row = {live.row: live for live in made.live.values() if live.row >= 0}
    made.capped = {name: made.live[name] for name in engine.capped}
    made.inherited, made.timers = dict(engine.inherited), list(engine.timers)
    made.verdict_rows, made.verdicts = dict(engine.verdict_rows), dict(engine.verdicts)
    made.reports = dict(engine.reports)
    # Both keep what they have found, so each engine has its own.
    made.layout = replace(engine.layout, told={})
    made.judge = Judge(made.world, made.layout)
    made.asleep = Asleep(made.state, made.layout)
    for live in made.live.values():
        if live.row < 0 and live.move:
            made.asleep.add(live)
    return made
