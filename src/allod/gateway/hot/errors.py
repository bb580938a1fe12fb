"""Refusals in the words and the shape of OpenAI's API, so that its clients understand them."""

from __future__ import annotations

import orjson

INVALID = "invalid_request_error"
REASONS = {
    200: b"200 OK",
    201: b"201 Created",
    202: b"202 Accepted",
    204: b"204 No Content",
    400: b"400 Bad Request",
    401: b"401 Unauthorized",
    403: b"403 Forbidden",
    404: b"404 Not Found",
    405: b"405 Method Not Allowed",
    408: b"408 Request Timeout",
    409: b"409 Conflict",
    413: b"413 Content Too Large",
    415: b"415 Unsupported Media Type",
    422: b"422 Unprocessable Content",
    429: b"429 Too Many Requests",
    431: b"431 Request Header Fields Too Large",
    500: b"500 Internal Server Error",
    502: b"502 Bad Gateway",
    503: b"503 Service Unavailable",
    504: b"504 Gateway Timeout",
}


class Refused(Exception):
    """A call gets no answer of an engine; `status` and the rest say to the caller why."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = INVALID,
        retry_after_s: int | None = None,
        why: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind
        self.retry_after_s = retry_after_s
        self.why = why  #: All reasons, where the message has the first ones only.

    def body(self) -> bytes:
        """The error object."""
        told: dict[str, object] = {
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        }
        return orjson.dumps({"error": told | {"why": self.why} if self.why else told})


def status_line(status: int) -> bytes:
    """What follows `HTTP/1.1 `."""
    return REASONS.get(status) or b"%d " % status


def bad_key(message: str) -> Refused:
    """No key, or none that is known."""
    return Refused(401, message, code="invalid_api_key")


def taken_away() -> Refused:
    """The service was there when the request came, and is no more."""
    return engine_failed("The service was taken away.", 503)


def head_too_long() -> Refused:
    """A head of more bytes or headers than are taken."""
    return Refused(431, "The head of the request is too long.", code="head_too_large")


def revoked() -> Refused:
    """The key was good when the request came, and is no more."""
    return bad_key("The key was revoked before the call could go.")


def too_many(message: str, retry_after_ms: int, *, kind: str = "requests") -> Refused:
    """A limit of the key is reached."""
    return Refused(
        429,
        message,
        code="rate_limit_exceeded",
        kind=kind,
        retry_after_s=max(1, -(-retry_after_ms // 1000)),
    )


def unavailable(message: str, code: str, retry_after_s: int = 5) -> Refused:
    """The gateway or all engines cannot answer now."""
    return Refused(503, message, code=code, kind="server_error", retry_after_s=retry_after_s)


def engine_failed(message: str, status: int = 502) -> Refused:
    """An engine was asked and did not answer."""
    return Refused(status, message, code="engine_error", kind="server_error")


def unsupported(model: str, operation: str) -> Refused:
    """The service is not for that."""
    return Refused(
        400,
        f"The model '{model}' does not serve {operation}.",
        code="unsupported_operation",
        param="model",
    )


def starting(model: str) -> Refused:
    """No replica is ready, and the call is not kept, or was kept for long enough."""
    return unavailable(
        f"No replica of '{model}' is ready; one is being started. Ask again soon.",
        "engine_starting",
        10,
    )


def busy(model: str) -> Refused:
    """No replica had room in time."""
    return unavailable(f"All replicas of '{model}' are busy.", "overloaded")


def queue_full(model: str, access_class: str, waiting: int) -> Refused:
    """Too many of the class wait already."""
    return Refused(
        429,
        f"{waiting} calls of class '{access_class}' wait for '{model}' already; ask again soon.",
        code="queue_full",
        kind="requests",
        retry_after_s=1,
    )


def in_our_form(status: int, said: bytes) -> bytes:
    """An engine's refusal as it is if it has OpenAI's form, else what it says in that form."""
    try:
        plain = orjson.loads(said)
    except orjson.JSONDecodeError:
        plain = None
    plain = plain if isinstance(plain, dict) else {}
    error = plain.get("error")
    if isinstance(error, dict):
        if "param" in error and isinstance(error.get("code", 0), str | None):
            return said
        # llama.cpp and vLLM give the status as a number for a code, and llama.cpp no `param`.
        plain = error
    told = plain.get("message") or plain.get("detail")
    if told is not None and not isinstance(told, str):
        told = orjson.dumps(told).decode()
    return Refused(
        status,
        told or f"The engine refused the request ({status}).",
        code=_text(plain.get("code")),
        param=_text(plain.get("param")),
        kind=_text(plain.get("type")) or INVALID,
    ).body()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
