"""/v1/reports: questions over the catalogue, with the answers of `allod report`."""

from __future__ import annotations

from datetime import date as Date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from allod.api.body import DOCUMENTS_BODY, documents_of
from allod.api.catalogue_shapes import (
    ClaimsAnswer,
    ControlAnswer,
    DependenciesAnswer,
    FindAnswer,
    NetworkControlAnswer,
    RoadmapAnswer,
)
from allod.api.kept import UNCHANGED, Day, kept
from allod.api.ledger_shapes import LedgerAnswer
from allod.api.regions_shapes import RegionsAnswer
from allod.api.routing import READ_PROBLEMS, Reader, StrictRoute, problems
from allod.api.views import JsonResponse
from allod.catalogue.answers.claims import claims_of
from allod.catalogue.answers.control import control_of, network_control
from allod.catalogue.answers.days import known_on
from allod.catalogue.answers.dependencies import Question, dependencies_of
from allod.catalogue.answers.find import find_for
from allod.catalogue.answers.ledger import ledger_of
from allod.catalogue.answers.regions import regions_of
from allod.catalogue.answers.roadmap import roadmap_of
from allod.run.supplies import supplies_of

# An answer is found out of public facts, but finding it takes the interpreter for a while: so the
# reports are for those who may read.
router = APIRouter(
    prefix="/v1/reports", tags=["reports"], route_class=StrictRoute, dependencies=[Reader]
)

_PROBLEMS = {**UNCHANGED, **READ_PROBLEMS, **problems(404)}
_Region = Annotated[
    str,
    Query(
        max_length=64,
        description="A cluster such as `hauts-de-france`, a country or an area such as `nordics`; "
        "default: all sites.",
    ),
]
_Place = Annotated[str, Query(max_length=64)]
_Home = Annotated[
    list[_Place] | None,
    Query(
        max_length=64,
        description="Countries (`NO`) and areas (`EU`) that are not foreign; default: the "
        "country of the site. May be given several times.",
    ),
]


@router.get(
    "/roadmap",
    summary="Power and accelerators over time",
    responses={200: {"model": RoadmapAnswer}, **_PROBLEMS},
)
def roadmap(request: Request, at: Day, region: _Region = "") -> Response:
    """What was announced, granted and live by the end of each year, and a cluster's target. What is
    not known is in no sum, and named.
    """
    return _roadmap(at, region).response(request)


@kept
def _roadmap(day: Date, region: str) -> dict[str, Any]:
    return roadmap_of(known_on(day), region).to_json()


@router.get(
    "/control",
    summary="Who controls the sites of a region",
    responses={200: {"model": NetworkControlAnswer}, **_PROBLEMS},
)
def network(request: Request, at: Day, region: _Region = "", home: _Home = None) -> Response:
    """The same as of one site, of each site of the region."""
    return _network(at, region, tuple(home or ())).response(request)


@kept
def _network(day: Date, region: str, home: tuple[str, ...]) -> dict[str, Any]:
    return network_control(known_on(day), region, home).to_json()


@router.get(
    "/control/{site}",
    summary="Who controls a site",
    responses={200: {"model": ControlAnswer}, **_PROBLEMS},
)
def control(
    request: Request,
    at: Day,
    site: Annotated[str, Path(max_length=100, description="A site by any of its names.")],
    home: _Home = None,
) -> Response:
    """The chain of shares of each party of the site up to the last owner that is known: who is in
    control, under which law, and how much is in foreign hands at least and at most.
    """
    return _control(at, site, tuple(home or ())).response(request)


@kept
def _control(day: Date, site: str, home: tuple[str, ...]) -> dict[str, Any]:
    return control_of(known_on(day), site, home).to_json()


@router.get(
    "/dependencies",
    summary="On whom sites depend",
    responses={200: {"model": DependenciesAnswer}, **_PROBLEMS},
)
def dependencies(
    request: Request,
    at: Day,
    site: Annotated[str, Query(max_length=100, description="One site; default: many.")] = "",
    region: _Region = "",
    without: Annotated[
        str,
        Query(max_length=64, description="A party or country: say what its loss would take away."),
    ] = "",
) -> Response:
    """Suppliers of each layer with their seats, from the chip to the owner and the energy, and how
    concentrated they are, as a range where something is not known.
    """
    return _dependencies(at, site, region, without).response(request)


@kept
def _dependencies(day: Date, site: str, region: str, without: str) -> dict[str, Any]:
    asked = Question(site=site, region=region, without=without)
    return dependencies_of(known_on(day), asked, supplies_of).to_json()


@router.get(
    "/claims/{name}",
    summary="What became of claims",
    responses={200: {"model": ClaimsAnswer}, **_PROBLEMS},
)
def claims(
    request: Request,
    at: Day,
    name: Annotated[
        str, Path(max_length=100, description="A site, or a cluster, country or area.")
    ],
) -> Response:
    """Each claim with its maker and baseline, or that it has none, beside what is known: open,
    kept, missed, changed or not testable.
    """
    return _claims(at, name).response(request)


@kept
def _claims(day: Date, name: str) -> dict[str, Any]:
    return claims_of(known_on(day), name).to_json()


@router.get(
    "/ledger/{name}",
    summary="Money, jobs, what is owed and what is objected",
    responses={200: {"model": LedgerAnswer}, **_PROBLEMS},
)
def ledger(
    request: Request,
    at: Day,
    name: Annotated[
        str,
        Path(
            max_length=100,
            description="A site, or a cluster, country or area, an antenna or a call.",
        ),
    ],
) -> Response:
    """Sums of one currency each by state and payer, without the parts of a sum; jobs beside the
    announced power; obligations, and objections with their answers. Nothing unknown is counted.
    """
    return _ledger(at, name).response(request)


@kept
def _ledger(day: Date, name: str) -> dict[str, Any]:
    return ledger_of(known_on(day), name).to_json()


@router.get(
    "/regions",
    summary="Capacity per head and who may use what",
    responses={200: {"model": RegionsAnswer}, **_PROBLEMS},
)
def regions(request: Request, at: Day, region: _Region = "") -> Response:
    """What is announced per state, area and head, how the EU's cohesion states fare, and which
    sites, modes and Antennas are open to the users of each country.
    """
    return _regions(at, region).response(request)


@kept
def _regions(day: Date, region: str) -> dict[str, Any]:
    return regions_of(known_on(day), region).to_json()


@router.post(
    "/find",
    summary="Where a project may turn",
    responses={
        200: {"model": FindAnswer},
        **READ_PROBLEMS,
        **problems(400, 413, 415),
    },
    openapi_extra=DOCUMENTS_BODY,
)
async def find(request: Request, at: Day) -> Response:
    """Send a Project, and its Party if the catalogue has none of that name. Each access mode comes
    with its clock, each site with what it takes the project by, or why not. Nothing is kept.
    """
    documents = await documents_of(request)
    found = await run_in_threadpool(lambda: find_for(known_on(at), documents, "the body"))
    return JsonResponse(found.to_json())
