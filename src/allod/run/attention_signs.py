"""Gathers what the rules of `attention` look at, out of a running node."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from allod.domain.project import Project
from allod.domain.site import Site
from allod.run.attention import (
    DAY_S,
    AttentionView,
    EndSigns,
    SealSigns,
    Signs,
    SiteSigns,
    UnknownSigns,
    attention,
)
from allod.run.controller import Controller
from allod.run.engine import EngineMaker
from allod.run.held import held_at
from allod.run.log import ViewReads, WorkloadFilter, WorkloadRow
from allod.run.node_views import LIVE_STATES, State
from allod.run.site_power import SitePower
from allod.run.sites import Link, sites_now
from allod.run.standing import workload_view

_ROWS_MAX = 1000  #: Read of those that ended, and of those that were refused or wait: the latest.
_AHEAD_H = 48
_UNKNOWN = "fact-unknown"
_ENDED = tuple(
    state.value
    for state in State
    if state not in LIVE_STATES and state not in (State.REFUSED, State.ERASED)
)


class Attention:
    """Says what needs a person; safe to use from several threads."""

    def __init__(
        self,
        controller: Controller,
        maker: EngineMaker[Any],
        reads: ViewReads,
        links: Callable[[], dict[str, Link]],
        seal: Callable[[], SealSigns | None],
    ) -> None:
        self._controller, self._maker, self._reads = controller, maker, reads
        self._links, self._seal = links, seal

    def now(self) -> tuple[AttentionView, ...]:
        """All that needs a person now, the worst first."""
        return attention(self.signs())

    def signs(self) -> Signs:
        """What the rules look at."""
        links = self._links()
        with self._controller.at_rest() as world:
            engine, at_s, live = world.engine, world.at_s, list(world.views.live.values())
            grants = self._maker.accounts(engine, at_s).grants
            documents = dict(engine.documents)
            reports, outlook = dict(engine.reports), engine.outlook
            views = sites_now(world, self._maker, links)
            held = {view.name: held_at(view.name, live) for view in views}
        sites = []
        for view in views:
            site = documents[f"Site/{view.name}"].spec
            assert isinstance(site, Site)
            power = SitePower(view.name, site, 0, outlook, held[view.name], reports, at_s)
            sites.append(
                SiteSigns(
                    view=view,
                    site=site,
                    ahead=power.ahead(_AHEAD_H),
                    forecast=outlook.forecasts.get(view.name),
                )
            )
        projects = {d.name: d.spec for d in documents.values() if isinstance(d.spec, Project)}
        return Signs(
            at_s=at_s,
            sites=sites,
            seal=self._seal(),
            projects=projects,
            grants=grants,
            ended=tuple(_ends(self._rows(*_ENDED), at_s)),
            unknown=tuple(
                _unknown(self._rows(State.REFUSED.value), self._rows(State.WAITING.value), at_s)
            ),
        )

    def _rows(self, *states: str) -> list[WorkloadRow]:
        return self._reads.workloads(WorkloadFilter(states=states), _ROWS_MAX, newest_first=True)


def _ends(rows: Iterable[WorkloadRow], at_s: int) -> Iterable[EndSigns]:
    """Those of the last day."""
    for row in rows:
        if row.ended_at_s is not None and at_s - row.ended_at_s <= DAY_S:
            yield EndSigns(
                workload_id=row.workload_id,
                project=row.project,
                state=State(row.state),
                ended_at_s=row.ended_at_s,
            )


def _unknown(
    refused: Iterable[WorkloadRow], waiting: Iterable[WorkloadRow], at_s: int
) -> Iterable[UnknownSigns]:
    """Each unknown fact with how many workloads it refuses or keeps from a site, by its path."""
    counts: dict[str, list[int]] = {}
    late = [row for row in refused if at_s - (row.ended_at_s or row.submitted_at_s) <= DAY_S]
    for place, rows in enumerate((late, waiting)):
        for row in rows:
            for path in _unknown_paths(row):
                count = counts.setdefault(path, [0, 0, row.submitted_at_s])
                count[place] += 1
                count[2] = min(count[2], row.submitted_at_s)
    for path, (refusals, waits, since_s) in sorted(counts.items()):
        yield UnknownSigns(path=path, refused=refusals, waiting=waits, since_s=since_s)


def _unknown_paths(row: WorkloadRow) -> set[str]:
    if _UNKNOWN not in row.reasons:  # Of many rows this is true of few; the rest is not read.
        return set()
    reasons = workload_view(row).reasons
    return {one.actual.removesuffix(" (unknown)") for one in reasons if one.code == _UNKNOWN}
