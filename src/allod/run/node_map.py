"""The machines of a site as columns: small enough to be asked for every second at 100,000."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allod.decide.layout import live_units
from allod.domain.event import PoolReported
from allod.domain.site import Pool, Site
from allod.run.held import Held

NONE = -1  #: No workload is on that node.


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedKind:
    """What workloads have in common that hold room alike."""

    access_class: str  #: Empty where the site has no charter.
    lent: bool  #: True if they were placed on room beyond the floor of their class.


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedColumns:
    """The workloads that are named; entry `i` of each column is workload number `i`."""

    ids: list[str]  #: What each is called by.
    kinds: list[int]  #: Its class and whether it is lent, as an index into `kinds` of the site.
    accelerators: list[int]  #: What it holds in all. [1]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolMapView:
    """The nodes of a pool; entry `x` of each column is node `x`.

    `x // nodes_per_nvlink_domain` is the NVLink domain of node `x`. Where `by_node` is false the
    pool models no nodes: its columns are empty, and `held` says who has how many accelerators.
    """

    name: str
    accelerator: str | None  #: Model; null: not known.
    hall: str | None  #: In which it stands; null: none is named.
    by_node: bool
    accelerators_per_node: int
    nodes_per_nvlink_domain: int
    nodes_total: int  #: Nodes that the live phases hold; 0 where none are modelled. [1]
    accelerators_total: int  #: Accelerators that they hold. [1]
    #: What the cluster calls its nodes, as a hostlist such as 'n[001-400]'; '' if not said.
    node_names: str
    in_use: list[int]  #: Accelerators in use on each node. [1]
    workload: list[int]  #: The workload with the most of them there, by its number; -1: none.
    workloads_on: list[int]  #: How many workloads are on each node. [1]
    #: [node, accelerators out of service or held by work of others], nodes without left out.
    out: list[tuple[int, int]]
    held: list[tuple[int, int]]  #: [workload, accelerators], where no nodes are modelled.
    why: tuple[str, ...]  #: Of what is out, in words.


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeMapView:
    """The machines of every pool of a site, and who is on them."""

    site: str
    at_s: int  #: [epoch s]
    workloads_total: int  #: Workloads that hold room, named or not. [1]
    kinds: list[PlacedKind]  #: By class.
    workloads: PlacedColumns  #: Those that a pool or `shared` names, in the order of asking.
    pools: list[PoolMapView]
    #: If it was asked for: [pool, node, accelerators, workload] of all who share a node, in the
    #: order of nodes; `workload` of a pool names one of them alone. Else null.
    shared: list[tuple[int, int, int, int]] | None


def node_map(
    name: str,
    site: Site,
    held: Sequence[Held],
    reports: Mapping[tuple[str, str], PoolReported],
    at_s: int,
    *,
    shared: bool = False,
) -> NodeMapView:
    """The machines of site `name`, on which those of `held` are."""
    hostlists = site.slurm.pools if site.slurm else {}
    by_pool: dict[str, list[int]] = {pool.name: [] for pool in site.pools}
    for i, one in enumerate(held):
        by_pool[one.pool].append(i)
    pools, together = [], []
    for p, pool in enumerate(site.pools):
        own = by_pool[pool.name]
        names = hostlists[pool.name].nodes if pool.name in hostlists else ""
        view = _pool(site, pool, held, own, reports.get((name, pool.name)), names, at_s)
        pools.append(view)
        if shared and view.by_node:
            together += [(p, *row) for row in _shared(view, held, own)]
    named = range(len(held)) if shared else _named(pools)
    kinds = sorted({(one.access_class, one.lent) for one in held})
    kind_of = {kind: i for i, kind in enumerate(kinds)}
    told = [held[i] for i in named]
    return NodeMapView(
        site=name,
        at_s=at_s,
        workloads_total=len(held),
        kinds=[PlacedKind(access_class=one, lent=lent) for one, lent in kinds],
        workloads=PlacedColumns(
            ids=[one.workload_id for one in told],
            kinds=[kind_of[one.access_class, one.lent] for one in told],
            accelerators=[one.accelerators for one in told],
        ),
        pools=pools,
        shared=together if shared else None,
    )


def _named(pools: Sequence[PoolMapView]) -> list[int]:
    """Who is named in `pools`, which have them by their place in this list from now on."""
    seen = {i for pool in pools for i in pool.workload} - {NONE}
    named = sorted(seen | {i for pool in pools for i, _ in pool.held})
    number = {NONE: NONE} | {i: place for place, i in enumerate(named)}
    for pool in pools:
        pool.workload[:] = [number[i] for i in pool.workload]
        pool.held[:] = [(number[i], count) for i, count in pool.held]
    return named


def _pool(
    site: Site,
    pool: Pool,
    held: Sequence[Held],
    own: Sequence[int],
    report: PoolReported | None,
    names: str,
    at_s: int,
) -> PoolMapView:
    """A pool, on which those of `held` with the numbers `own` are."""
    per_node, units = pool.accelerators_per_node, live_units(site, pool.name, at_s)
    by_node = per_node > 1
    nodes = units // per_node if by_node else 0
    in_use, most = [0] * nodes, [0] * nodes
    workload, workloads_on = [NONE] * nodes, [0] * nodes
    for i in own if by_node else ():
        for node, count in held[i].nodes:
            in_use[node] += count
            workloads_on[node] += 1
            if count > most[node]:
                most[node], workload[node] = count, i
    return PoolMapView(
        name=pool.name,
        accelerator=pool.accelerator.value,
        hall=pool.hall,
        by_node=by_node,
        accelerators_per_node=per_node,
        nodes_per_nvlink_domain=pool.nodes_per_nvlink_domain,
        nodes_total=nodes,
        accelerators_total=units,
        node_names=names,
        in_use=in_use,
        workload=workload,
        workloads_on=workloads_on,
        out=list(report.out) if report else [],
        held=[] if by_node else [(i, held[i].accelerators) for i in own],
        why=report.why if report else (),
    )


def _shared(
    view: PoolMapView, held: Sequence[Held], own: Sequence[int]
) -> list[tuple[int, int, int]]:
    """(node, accelerators, workload) of all who are on a node with others."""
    return sorted(
        (node, count, i)
        for i in own
        for node, count in held[i].nodes
        if view.workloads_on[node] > 1
    )
