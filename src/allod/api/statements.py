"""/v1/.../sovereignty: how sovereign a site or a workload is, and how well that stands."""

from __future__ import annotations

from datetime import date as Date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from allod.api.routing import READ_PROBLEMS, NodeDep, Reader, StrictRoute, problems
from allod.api.shapes import SovereigntyStatement
from allod.prove.sovereignty.canonical import to_bytes
from allod.prove.sovereignty.csf import LEAST_SEAL
from allod.prove.sovereignty.frameworks.csf import SEAL_MAX
from allod.prove.sovereignty.statement import Statement
from allod.prove.sovereignty.text import to_text
from allod.run.statement_changes import day_of
from allod.run.statements import Terms

router = APIRouter(prefix="/v1", tags=["sovereignty"], route_class=StrictRoute)

_AREA = Annotated[str, Query(max_length=64)]
_TEXT = "text/plain; charset=utf-8"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": SovereigntyStatement,
        "description": "The statement, whatever it says. As JSON it is canonical (RFC 8785).",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
    **READ_PROBLEMS,
    **problems(404),
}


def _terms(
    node: NodeDep,
    on: Annotated[
        Date | None, Query(description="The day on which facts must stand; default: today, UTC.")
    ] = None,
    home: Annotated[
        list[_AREA] | None,
        Query(
            max_length=64,
            description="Countries (`NO`) and areas (`EU`) whose law is home; default: the "
            "country of the site. May be given several times.",
        ),
    ] = None,
    least_seal: Annotated[
        int,
        Query(ge=0, le=SEAL_MAX, description="The SEAL that a contracting authority asks."),
    ] = LEAST_SEAL,
) -> Terms:
    return Terms(on=on or day_of(node.health().at_s), home=tuple(home or ()), least_seal=least_seal)


_Terms = Annotated[Terms, Depends(_terms)]
_As = Annotated[
    Literal["json", "text"] | None,
    Query(alias="as", description="`text` is for people; default: by `Accept`, else JSON."),
]


@router.get(
    "/sites/{name}/sovereignty",
    summary="Sovereignty statement of a site",
    dependencies=[Reader],
    responses=_ANSWERS,
)
def of_site(
    request: Request,
    node: NodeDep,
    terms: _Terms,
    name: Annotated[str, Path(max_length=64)],
    form: _As = None,
) -> Response:
    """What the site's documents come to: verdicts, layers, who can do what under which law, and
    for each line whether it is proved, attested, declared or unknown. It may say no.
    """
    return _answered(request, node.statements.of_site(name, terms), form)


@router.get(
    "/workloads/{workload_id}/sovereignty",
    summary="Sovereignty statement of a workload",
    dependencies=[Reader],
    responses=_ANSWERS,
)
def of_workload(
    request: Request,
    node: NodeDep,
    terms: _Terms,
    workload_id: Annotated[str, Path(max_length=64, description="Such as `w12`.")],
    form: _As = None,
) -> Response:
    """The same of a workload, at the site where it was placed last, by the documents as they are
    now: with copies of its data, its project, and the leaf that proves the placement.
    """
    return _answered(request, node.statements.of_workload(workload_id, terms), form)


def _answered(request: Request, statement: Statement, form: str | None) -> Response:
    first = request.headers.get("accept", "").split(",")[0].split(";")[0].strip().lower()
    headers = {"Vary": "Accept"}
    if form == "text" or (form is None and first == "text/plain"):
        return Response(to_text(statement), headers=headers, media_type=_TEXT)
    return Response(to_bytes(statement), headers=headers, media_type="application/json")
