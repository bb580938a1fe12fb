"""/v1/sites/{name}/power, /nodes, /phases and /parties: all else that a site can be asked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from allod.api.routing import READ_PROBLEMS, NodeDep, Reader, StrictRoute, problems
from allod.api.site_shapes import SitePartiesAnswer, SitePhasesAnswer
from allod.api.views import JsonResponse
from allod.run.node_map import NodeMapView
from allod.run.power_views import SitePowerView

router = APIRouter(
    prefix="/v1/sites/{name}", tags=["sites"], route_class=StrictRoute, dependencies=[Reader]
)

Name = Annotated[str, Path(max_length=64)]


@router.get(
    "/power",
    summary="Power of a site over time",
    responses={200: {"model": SitePowerView}, **READ_PROBLEMS, **problems(404)},
)
def power(
    node: NodeDep,
    name: Name,
    hours: Annotated[int, Query(ge=1, le=168, description="How far to look ahead.")] = 48,
) -> Response:
    """The envelope as a tree (site, halls, pools), now and over the hours to come: what may be
    drawn, what is committed to placed work, what the forecast leaves, and the calls that hold.
    Each number of now says what it rests on, and since when.

    Series are columns over one axis: value `i` holds from `starts_s[i]` on. A step is an hour of
    the clock or shorter, so that no limit changes within it.
    """
    return JsonResponse(node.site_reads.power(name, hours))


@router.get(
    "/nodes",
    summary="Machines of a site",
    responses={200: {"model": NodeMapView}, **READ_PROBLEMS, **problems(404)},
)
def nodes(
    node: NodeDep,
    name: Name,
    shared: Annotated[
        bool, Query(description="Tell all who share a node, and not the greatest alone.")
    ] = False,
) -> Response:
    """The machines of every pool and who is on them, as columns.

    `in_use`, `workload` and `workloads_on` of a pool have one entry for each of its nodes, in
    their order; entry `x` is node `x`, in the NVLink domain `x // nodes_per_nvlink_domain`.
    `workload[x]` is a number `i` into the columns of `workloads`: it is called `ids[i]`, and
    `kinds[workloads.kinds[i]]` has its class and whether it is lent; -1: nobody is there. Where
    several share a node it is who has the most of it; `shared=true` adds `[pool, node,
    accelerators, workload]` of all of them, else who is named nowhere is left out of `workloads`.
    `out` lists `[node, accelerators]` that may not be given away.
    """
    return JsonResponse(node.site_reads.nodes(name, shared=shared))


@router.get(
    "/phases",
    summary="Build-out of a site",
    responses={200: {"model": SitePhasesAnswer}, **READ_PROBLEMS, **problems(404)},
)
def phases(node: NodeDep, name: Name) -> Response:
    """The phases of a site with power, accelerators and dates, each value with its source, day,
    standing and what was said before; how the node's document changed; and, where the catalogue
    knows the site, what was announced of it.
    """
    return JsonResponse(node.site_reads.phases(name))


@router.get(
    "/parties",
    summary="Parties and charter of a site",
    responses={200: {"model": SitePartiesAnswer}, **READ_PROBLEMS, **problems(404)},
)
def parties(node: NodeDep, name: Name) -> Response:
    """Who is what to a site, who is in control of it through the chain of shares, what of that is
    not known, and the charter: what is promised to whom, as numbers and in words.
    """
    return JsonResponse(node.site_reads.parties(name))
