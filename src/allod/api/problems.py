"""Problems: every error of the API as one `application/problem+json` document (RFC 9457).

AllodErrors carry their own status and code. The errors below exist only on the way in: they are
raised before the node is asked.
"""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from allod.domain.faults import explained, shown
from allod.errors import AllodError, Forbidden, InvalidDocument, InvalidInput, Unavailable

MEDIA_TYPE = "application/problem+json"

#: The one sentence that stands for a kind of problem, whatever the occasion.
TITLES = {
    "invalid-input": "The request cannot be accepted as it is",
    "invalid-proof": "The proof does not prove it",
    "invalid-document": "A document breaks its schema or a rule",
    "not-found": "Nothing of that name is known here",
    "conflict": "The name or key already stands for something else",
    "forbidden": "The token has not the right that is needed",
    "unavailable": "The node cannot take it now",
    "runner-refused": "The runner said no",
    "runner-unknown": "The runner gave no answer",
    "different": "A check came out otherwise than what was recorded",
    "unauthorized": "A token is needed",
    "invalid-body": "The body cannot be read",
    "too-large": "The body is too large",
    "unsupported-media-type": "The body is of a type that is not read here",
    "method-not-allowed": "There is such an address, but not for this method",
    "wrong-host": "This node does not answer to that host name",
    "error": "The node met an error of its own",
}


class Unauthorized(Forbidden):
    """No token came with the request, or one that nobody holds."""

    code = "unauthorized"
    http_status = 401

    def __init__(self, message: str, *, mend: str = "", wrong: bool = False) -> None:
        super().__init__(message, mend=mend)
        self.wrong = wrong  #: True if there was a token and nobody holds it.


class InvalidBody(InvalidInput):
    """The body is not the JSON or YAML that it claims to be."""

    code = "invalid-body"
    http_status = 400


class TooLarge(InvalidInput):
    """The body is over the limit."""

    code = "too-large"
    http_status = 413


class UnsupportedMedia(InvalidInput):
    """The body is neither JSON nor YAML."""

    code = "unsupported-media-type"
    http_status = 415


class WrongHost(Forbidden):
    """The Host header names a machine that this node is not: perhaps DNS rebinding."""

    code = "wrong-host"
    http_status = 421


class InvalidField(InvalidInput):
    """A parameter of the request is wrong; names it, its value and the mend."""

    def __init__(self, message: str, *, field: str, value: str = "", mend: str = "") -> None:
        super().__init__(message, mend=mend, field=field, value=value)


def out_of_reach() -> Unavailable:
    """What anybody is told where the true reason may name hosts and paths."""
    return Unavailable("the log cannot be read now", mend="ask again; the node's own log says why")


def problem(request: Request, status: int, code: str, detail: str, **members: Any) -> Response:
    """The response for one problem; members that are empty are left out."""
    headers = members.pop("headers", {})
    body = {
        "type": f"urn:allod:problem:{code}",
        "title": TITLES.get(code, TITLES["error"]),
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "ask_again": members.pop("ask_again", False),
    }
    body |= {name: value for name, value in members.items() if value not in ("", None)}
    # A path may hold characters that are no text; what the caller sent must not break the answer.
    content = orjson.dumps(_printable(body))
    return Response(content, status, headers, MEDIA_TYPE)


def _printable(body: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in body.items()
    }


def of_error(request: Request, error: AllodError) -> Response:
    """The response that carries `error`."""
    headers: dict[str, str] = {}
    field = error.path if isinstance(error, InvalidDocument) else error.field
    if isinstance(error, Unauthorized):
        wrong = ', error="invalid_token"' if error.wrong else ""
        headers["WWW-Authenticate"] = f'Bearer realm="allod"{wrong}'
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "1"
    return problem(
        request,
        error.http_status,
        error.code,
        error.message,
        mend=error.mend,
        field=field,
        value=error.value,
        ask_again=error.ask_again,
        headers=headers,
    )


async def _on_allod_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AllodError)
    return of_error(request, error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """What routing itself says: no such address, no such method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = ", ".join(_methods_at(request))
        return problem(
            request,
            405,
            "method-not-allowed",
            f"{request.method} is not possible here",
            mend=f"use {allowed}",
            headers={"Allow": allowed},
        )
    if error.status_code == 404:
        return problem(
            request,
            404,
            "not-found",
            "there is nothing at this address",
            mend="the addresses are in /v1/openapi.json",
        )
    code = "invalid-input" if error.status_code < 500 else "error"
    return problem(request, error.status_code, code, str(error.detail))


def _methods_at(request: Request) -> list[str]:
    routes: list[BaseRoute] = request.app.router.routes
    methods: set[str] = set()
    for route in routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods)


async def _on_invalid_parameter(request: Request, error: Exception) -> Response:
    """The first parameter that is wrong, in the words that documents' errors use."""
    assert isinstance(error, RequestValidationError)
    faults: list[Any] = list(error.errors())
    fault = next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
    place, *path = (str(part) for part in fault["loc"])
    if fault["type"] == "json_invalid":
        said = f"not valid JSON: {fault['ctx']['error'].lower()}, character {int(path[0]) + 1}"
        return of_error(
            request, InvalidField(f"body: {said}", field="body", mend="mend the JSON syntax")
        )
    # A parameter that is given several times has one name.
    field = path[0] if place == "query" and path else ".".join(path) or place
    got = "" if fault["input"] is None else f" (got {shown(fault['input'])})"
    if fault["type"] == "missing":
        message, mend, got = "is missing", f"give {field}", ""
    else:
        # As a document's own: without the part of the request that it stands in.
        inside = [one | {"loc": tuple(one["loc"][1:])} for one in faults]
        model = _body_model(request, place)
        message, mend = explained(inside[faults.index(fault)], model, inside)
    return of_error(
        request,
        InvalidField(
            f"{field}: {message}{got}", field=field, value=str(fault["input"])[:80], mend=mend
        ),
    )


def _body_model(request: Request, place: str) -> type[BaseModel] | None:
    """What the body should have been, if it is the body that is wrong."""
    body = getattr(request.scope.get("route"), "body_field", None)
    model = body.field_info.annotation if body is not None and place == "body" else None
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


async def _on_own_mistake(request: Request, error: Exception) -> Response:
    """Tells the caller no more than that; the server's log has the rest."""
    return problem(
        request,
        500,
        "error",
        "the node met an error of its own; its log says more",
        mend="tell the operator the time and the address of this request",
    )


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""
    app.add_exception_handler(AllodError, _on_allod_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_parameter)
    app.add_exception_handler(Exception, _on_own_mistake)
