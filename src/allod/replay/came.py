"""What came of forecasts and calls in a replay: who gave way, who moved, what ran and when."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt

from allod.domain.decision import Decision, Hold, Reclaim, ShedPlan
from allod.domain.event import CurtailmentCalled, Event, ForecastGiven
from allod.replay.loop import RUN

_KEPT = ("row", "pool", "n", "start", "end", "final")


def name_of(row: int) -> str:
    """What the job in `row` of a trace is called as a workload."""
    return f"w{row + 1}"


def row_of(workload_id: str) -> int:
    """The row of the trace of which a workload is."""
    return int(workload_id[1:]) - 1


def _is_for_clean_power(hold: Hold) -> bool:
    return any(reason.code == "clean-power-later" for reason in hold.reasons)


class Came:
    """Gathers what forecasts and calls did. Memory grows with the runs of the trace."""

    def __init__(self) -> None:
        self.forecasts: Counter[str] = Counter()  #: How many were given, by site.
        self.calls: list[CurtailmentCalled] = []  #: In the order in which they were told.
        self.plans: list[tuple[str, ShedPlan]] = []  #: (call or '' for a forecast, plan)
        self.reclaimed: Counter[str] = Counter()  #: Runs that had to go for an envelope, by site.
        self.delayed: defaultdict[str, set[str]] = defaultdict(set)  #: Workloads, by site.
        #: When work was first put off for clean power, by its row in the trace. [epoch s]
        self.put_off: dict[int, int] = {}
        self._runs: list[npt.NDArray[Any]] = []

    def told(self, event: Event, made: tuple[Decision, ...]) -> None:
        """Note what was told, and what was decided because of it."""
        call = ""
        if isinstance(event, ForecastGiven):
            self.forecasts[event.site] += 1
        elif isinstance(event, CurtailmentCalled):
            self.calls.append(event)
            call = event.name
        for decision in made:
            if isinstance(decision, ShedPlan):
                self.plans.append((call, decision))
                self.delayed[decision.site].update(decision.delayed)
            elif isinstance(decision, Reclaim):
                if any(reason.code == "envelope-shrank" for reason in decision.reasons):
                    self.reclaimed[decision.site] += 1
            elif isinstance(decision, Hold) and _is_for_clean_power(decision):
                self.put_off.setdefault(row_of(decision.workload_id), decision.at_s)

    def ran(self, runs: npt.NDArray[Any]) -> None:
        """Note runs that have ended, an array of `loop.RUN`."""
        if len(runs):
            self._runs.append(runs[list(_KEPT)].copy())

    def runs(self) -> npt.NDArray[Any]:
        """All runs, with row, pool, n, start, end and final."""
        return np.concatenate(self._runs) if self._runs else np.zeros(0, RUN)[list(_KEPT)]
