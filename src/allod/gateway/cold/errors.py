"""Refusals of the cold paths as OpenAI's error objects."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from allod.errors import AllodError

_KINDS = {401: "invalid_request_error", 403: "permission_error", 429: "requests"}


class Refused(Exception):
    """A call of a cold path that is not done; says why as OpenAI's API does."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param


def body_of(status: int, message: str, code: str | None, param: str | None) -> dict[str, object]:
    """The error object."""
    kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def answer_with_errors(app: FastAPI) -> None:
    """Have every error of an application leave it in that form."""

    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return _answer(error.status, error.message, error.code, error.param)

    def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, AllodError)
        # What exactly is wrong names hosts and paths of the operator.
        if error.http_status >= 500:
            return _answer(error.http_status, "The gateway cannot do this now.", error.code, None)
        return _answer(error.http_status, str(error), error.code, error.field or None)

    def unfit(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        fault = error.errors()[0]
        name = ".".join(str(part) for part in fault["loc"][1:])
        return _answer(400, f"{name or 'body'}: {fault['msg']}", "invalid_value", name or None)

    def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        text = {404: "There is nothing here.", 405: "This path has no such method."}
        return _answer(error.status_code, text.get(error.status_code, error.detail), None, None)

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(AllodError, ours)
    app.add_exception_handler(RequestValidationError, unfit)
    app.add_exception_handler(HTTPException, of_http)


def _answer(status: int, message: str, code: str | None, param: str | None) -> Response:
    headers = {"retry-after": "5"} if status == 503 else {}
    return JSONResponse(body_of(status, message, code, param), status, headers=headers)
