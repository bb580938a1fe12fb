"""Flexible work waits for hours with own clean power (P3), as long as its room stays sure.

Work moves only while its room stands idle: nobody waits at the site, and all who sleep there for
clean power would fit at once, now and in every window until their deadlines, each within its own
floor or where no floor can take room back. Before anybody else may take that room, they wake
and start. So nothing that is known makes them late, and no class waits for them (C2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allod.decide.asleep import Asleep
from allod.decide.kernel.hours import best_start
from allod.decide.live import Live, Move
from allod.decide.supply import Supply, carbon_g, supply_of
from allod.domain.units import NEVER_S

if TYPE_CHECKING:
    from allod.decide.engine import Engine

_EARLY_S = 900  #: Nobody moves closer to the last start that keeps its deadline. [s]
_SAVED_LEAST = 100  #: To move must save at least one part in so many of its energy.

#: By site, and watts that work would take: what is forecast, until anybody starts or ends.
Supplies = dict[tuple[int, int], "_Hours | None"]


class _Hours:
    """What is forecast for a site, and what work that takes so many watts makes of it."""

    def __init__(self, supply: Supply, taken_w: int) -> None:
        self.forecast, self.end_s = supply.forecast, supply.end_s
        self.grid_w = supply.from_grid_w(taken_w)
        self.grid_ws = supply.sums(self.grid_w)
        self.draw = supply.total(supply.draw_w(taken_w))
        each = supply.carbon_g_per_kwh
        self.carbon = None if each is None else supply.total(self.grid_w * each)


def fall_asleep(engine: Engine, live: Live, supplies: Supplies) -> Move | None:
    """The start that leaves least to the grid, if `live` may wait for it, as it does from now on.

    Of equal starts it is the first. What the forecast does not reach is not compared. None: it may
    start now.
    """
    flexibility, t = live.workload.flexibility, engine.asleep.site_of(live.verdict)
    if t < 0 or flexibility.deadline >= NEVER_S or engine.policy != "charter":
        return None
    name = engine.layout.sites[t]
    forecast = engine.outlook.forecasts.get(name)
    if forecast is None or not forecast.clean_w:
        return None
    engine.asleep.add(live)
    move = _move_of(engine, live, t, supplies) if engine.asleep.is_sure(t) else None
    if move is None:
        engine.asleep.remove(live)
    return move


def _move_of(engine: Engine, live: Live, t: int, supplies: Supplies) -> Move | None:
    """The best start of `live` at site `t`; None if it is the first."""
    taken_w = _taken_w(engine, live)
    if (t, taken_w) not in supplies:
        supply = supply_of(engine, engine.layout.sites[t])
        supplies[t, taken_w] = None if supply is None else _Hours(supply, taken_w)
    hours, not_before_s = supplies[t, taken_w], live.workload.flexibility.not_before
    return None if hours is None else _best(hours, live, max(engine.now_s, not_before_s))


def _taken_w(engine: Engine, live: Live) -> int:
    """What `live` would take of the limits in the pool that it would rather have. [W]"""
    verdict = live.verdict
    pools = [p for p, c in enumerate(verdict.classes) if c >= 0]
    p = min(pools, key=lambda p: (verdict.ranks[p], p))
    return live.workload.accelerators * int(engine.state.pool[p]["watts"])


def _best(hours: _Hours, live: Live, first_s: int) -> Move | None:
    """The best start from `first_s` on; None if that one is."""
    wall_s, forecast = live.workload.wall_time_s, hours.forecast
    last_s = min(live.last_start_s - _EARLY_S, hours.end_s - wall_s)
    if first_s < forecast.start_s or last_s <= first_s:
        return None
    steps = forecast.start_s, forecast.step_s
    start_s, used, least = best_start(hours.grid_w, hours.grid_ws, *steps, wall_s, first_s, last_s)
    saved, energy = used - least, hours.draw.over(first_s, first_s + wall_s)
    if start_s == first_s or saved * _SAVED_LEAST < energy:
        return None
    saved_g = None
    if hours.carbon is not None:
        grams = [carbon_g(hours.carbon.over(at_s, at_s + wall_s)) for at_s in (first_s, start_s)]
        saved_g = grams[0] - grams[1]
    return Move(start_s, saved // 3600, saved_g)


def forgotten(engine: Engine) -> dict[str, Move]:
    """Let nobody sleep for clean power any more; what each waited for, in order of asking."""
    asleep = engine.asleep.in_order()
    moves = {live.workload_id: live.move for live in asleep if live.move is not None}
    engine.asleep = Asleep(engine.state, engine.layout)
    for live in asleep:
        live.move = None
    return moves


def is_news(found: Move | None, told: Move | None) -> bool:
    """True if an owner who was `told` of one move should hear that it is `found` otherwise now.

    A later or earlier start is news, and a saving that is other by more than a tenth; else every
    forecast would be a record for each who sleeps.
    """
    if found is None or told is None or found.start_s != told.start_s:
        return found != told
    return _is_other(found.saved_wh, told.saved_wh) or _is_other(found.saved_g, told.saved_g)


def _is_other(found: int | None, told: int | None) -> bool:
    """True if `found` is off by more than a tenth of what was `told`."""
    if found is None or told is None:
        return found != told
    return 10 * abs(found - told) > abs(told)


def to_rouse(engine: Engine, other: Live | None, site: str) -> list[Live]:
    """Who must not sleep on: all at `site`, and where room is not sure (beside `other`)."""
    sites = set(engine.asleep.unsure(other))
    if site:
        sites.add(engine.layout.site_row[site])
    return [live for t in sorted(sites) for live in engine.asleep.at(t)]
