"""What a site's counters say of one run: of its nodes, or of its job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from allod.adapters.meters import Prometheus
from allod.cli.client import Json
from allod.cli.energy_meters import evidence_of
from allod.domain.counters import Counter
from allod.domain.meters import Meter, Quantity
from allod.domain.site import Site
from allod.domain.units import instant_text
from allod.energy.account import Account, Evidence, Total
from allod.energy.grid import HOUR_S, Grid
from allod.energy.kpi import Kpi
from allod.errors import InvalidInput

OTHERS = "; what others drew on its nodes is in it"


@dataclass(frozen=True, slots=True)
class Counted:
    """What one counter came to."""

    counter: Counter
    figure: Kpi
    evidence: tuple[Evidence, ...]  #: One for each node, or one for the job.
    shared: bool  #: True if what others drew may be in it.

    @property
    def whole(self) -> bool:
        """True if all that the nodes drew is in it, and it is known."""
        return self.counter.counts == "nodes" and self.figure.value is not None


def counted(view: Json, site: Site) -> tuple[Counted, ...]:
    """What each of the site's counters says of the run of `view`."""
    with closing(Prometheus()) as servers:
        kept = (one for one in site.counters if one.prometheus)
        return tuple(_counted(one, view, site, servers) for one in kept)


def is_alone(view: Json, site: Site) -> bool:
    """True if the run held all accelerators of each of its nodes."""
    each = {pool.name: pool.accelerators_per_node for pool in site.pools}.get(view["pool"])
    return bool(view["nodes"]) and all(count == each for _, count in view["nodes"])


def grid_of(counter: Counter, begin_s: int, end_s: int) -> Grid | None:
    """The steps of a counter that stand for a run; None if it ran too short for them.

    From the nearest reading to the nearest, half a step off at most. A series of a job is there
    only while the job is, so that its steps lie within: less is counted, by three steps at most.
    """
    step_s = max(step for step in range(1, counter.every_s + 1) if HOUR_S % step == 0)
    first, end = (at_s + step_s // 2 for at_s in (begin_s, end_s))
    if counter.by_job:
        first, end = begin_s + 2 * step_s - 1, end_s
    steps = end // step_s - first // step_s
    return Grid(first // step_s * step_s, step_s, steps) if steps > 0 else None


def _counted(counter: Counter, view: Json, site: Site, servers: Prometheus) -> Counted:
    name = f"energy by {counter.name}"
    how = "counter of its job" if counter.by_job else "counters of its nodes"
    shared = not counter.by_job and not is_alone(view, site)
    if counter.counts != "nodes":
        how += f", {counter.counts} alone"
    if shared:
        how += OTHERS
    grid = grid_of(counter, view["started_at_s"], view["ended_at_s"])
    if grid is None:
        total = Total(None, "Wh", (), (f"it ran too short for a reading in {counter.every_s} s",))
        return Counted(counter, _figure(name, how, total), (), shared)
    how += f", from {instant_text(grid.start_s)} to {instant_text(grid.end_s)}"
    try:
        found = tuple(evidence_of(meter, grid, {}, servers) for meter in _meters(counter, view))
    except InvalidInput as error:
        return Counted(
            counter, _figure(name, how, Total(None, "Wh", (), (error.message,))), (), shared
        )
    total = Account(grid, found).total(Quantity.EIT_DEVICE)
    if not found:
        total = Total(None, "Wh", (), ("nobody told on which nodes it ran",))
    return Counted(counter, _figure(name, how, total), found, shared)


def _meters(counter: Counter, view: Json) -> Iterator[Meter]:
    if counter.by_job:
        yield counter.meter("", view["job"])
        return
    for node in view["node_names"]:
        yield counter.meter(node, "")


def _figure(name: str, how: str, total: Total) -> Kpi:
    return Kpi(name, total.value, "Wh", how, total.meters, total.missing)
