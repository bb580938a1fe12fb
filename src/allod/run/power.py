"""Power caps as acts: what a runner is told, what its answers mean, and which goes first.

A limit that is set last is the one that holds. So of two acts that touch the same node the later
one waits until the earlier one is settled, and what a later act for the same run has overtaken is
never tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from allod.domain.decision import PowerCap, PowerUncap
from allod.domain.event import CapState, PowerLimitReported
from allod.domain.site import Site
from allod.errors import RunnerRefused, RunnerUnknown
from allod.prove.encoding import canonical
from allod.run.log import Act, ActState, Verb
from allod.run.ports import PowerLimiter, PowerLimitOrder, RunKey, Runner

if TYPE_CHECKING:
    from allod.run.requests import Turn

VERBS = frozenset(("cap", "uncap"))


def act_of(decision: PowerCap | PowerUncap, site: Site, runner: str, seq: int) -> Act | None:
    """The act that carries out `decision`, which is leaf `seq`; None if nobody can."""
    pool = next((pool for pool in site.pools if pool.name == decision.pool), None)
    if pool is None or pool.capping is None:
        return None
    verb: Verb = "cap" if isinstance(decision, PowerCap) else "uncap"
    body = {
        "command": list(pool.capping.command),
        "limit_w": decision.limit_w,
        "nodes": [node for node, _ in decision.nodes],
        "number": decision.number if isinstance(decision, PowerCap) else 0,
        "pool": decision.pool,
        "runner": runner,
        "site": decision.site,
    }
    return Act(
        f"{decision.workload_id}.{decision.run}.{verb}.{seq}",
        decision.workload_id,
        decision.run,
        verb,
        canonical(body),
        decision.order_at_s if isinstance(decision, PowerCap) else 0,
    )


@dataclass(frozen=True, slots=True)
class LimitTold:
    """A runner says what became of a power limit."""

    workload_id: str
    run: int
    number: int
    limit_w: int
    state: CapState
    detail: str = ""

    def decide(self, turn: Turn) -> Callable[[], None]:
        """See `Request.decide`."""
        turn.tell(
            PowerLimitReported(
                at_s=turn.at_s,
                workload_id=self.workload_id,
                run=self.run,
                number=self.number,
                limit_w=self.limit_w,
                state=self.state,
                detail=self.detail,
            )
        )
        return lambda: None


def perform(
    act: Act, body: dict[str, Any], runner: Runner
) -> tuple[ActState, str, LimitTold | None]:
    """Have the runner set the limit: how that went, in what words, and what is to be told.

    A cap that is refused or fails is over: work is reclaimed in its place. What takes one off is
    asked for until it is done, however often it takes.
    """
    limit_w = int(body["limit_w"])
    order = PowerLimitOrder(
        workload_id=act.workload_id,
        run=act.run,
        site=body["site"],
        pool=body["pool"],
        nodes=tuple(int(node) for node in body["nodes"]),
        limit_w=limit_w,
        command=tuple(body["command"]),
    )
    state, detail = CapState.SET, ""
    try:
        if not isinstance(runner, PowerLimiter):
            raise RunnerRefused("it cannot set power limits")
        answer = runner.set_power_limit(order)
        if not answer.done:
            state, detail = CapState.FAILED, answer.detail
    except RunnerRefused as error:
        state, detail = CapState.REFUSED, str(error)
    except RunnerUnknown as error:
        return "unknown", str(error), None
    if state is not CapState.SET and act.verb == "uncap":
        return "unknown", detail, None
    told = LimitTold(act.workload_id, act.run, body["number"], limit_w, state, detail)
    return ("done" if state is CapState.SET else "refused"), detail, told


def in_the_way(
    act: Act, earlier: Iterable[Act], busy: Collection[RunKey]
) -> tuple[list[Act], bool]:
    """Which of the `earlier` open acts `act` overtakes, and whether it must wait for another.

    `busy` are the runs of those that are being tried.
    """
    overtaken: list[Act] = []
    touched, waits = _touched(act), False
    for other in earlier:
        if other.verb not in VERBS or not touched & _touched(other):
            continue
        run = (other.workload_id, other.run)
        if run == (act.workload_id, act.run) and run not in busy:
            overtaken.append(other)
        else:
            waits = True
    return overtaken, waits


def _touched(act: Act) -> frozenset[tuple[str, str, int]]:
    body = orjson.loads(act.body)
    return frozenset((body["site"], body["pool"], node) for node in body["nodes"])
