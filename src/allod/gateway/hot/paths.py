"""What each path is: answered by an engine, here, or by the desk; and who may ask for it."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING

from allod.gateway.hot import models
from allod.gateway.hot.body import OPERATIONS
from allod.gateway.hot.errors import Refused
from allod.gateway.hot.request import Request
from allod.gateway.inside import BATCH_HEADER, KEY_HEADER, RECORD_HEADER

if TYPE_CHECKING:
    from allod.gateway.hot.state import State

#: Answered by the desk, for callers with a key.
_OF_DESK = (b"/v1/files", b"/v1/batches", b"/v1/uploads")
#: Answered by the desk for anybody: what the gateway is, never what anyone does with it.
_OPEN = (b"/openapi.json", b"/docs", b"/health", b"/healthz", b"/metrics")
_NAMES_MAX = 200


def admit(state: State, request: Request) -> None:
    """Look at the head of `request`: whose it is, and what becomes of it.

    Raises:
        Refused: Nothing; its body need not be read.
    """
    path, method, headers = request.path, request.method, request.headers
    if path in OPERATIONS:
        if method != b"POST":
            raise _wrong_method(method, path)
        request.operation = OPERATIONS[path]
    elif path.startswith(models.PATH):
        if method not in (b"GET", b"HEAD"):
            raise _wrong_method(method, path)
    elif _is_under(path, _OPEN):
        request.cold = True
        return
    elif _is_under(path, _OF_DESK):
        request.cold = True
    else:
        raise _unknown_path(method, path)
    try:
        authorization = headers.get(b"authorization")
        if state.keys.is_desk(authorization):
            _admit_desk(state, request)
        else:
            request.entry = state.keys.of(authorization, time())
            request.keys = state.keys
    except Refused:
        request.cold = False
        raise


def admit_again(state: State, request: Request, last: Request) -> bool:
    """Admit it as the last one on its connection, if nothing that counts for that is different.

    Clients repeat their heads, and a key need not be hashed each time.
    """
    entry = last.entry
    if (
        entry is None
        or entry.expires_at_s is not None
        or not last.operation
        or last.record
        or last.batch
        or last.keys is not state.keys
        or last.target != request.target
        or last.method != request.method
        or last.headers.get(b"authorization") != request.headers.get(b"authorization")
    ):
        return False
    request.entry, request.operation, request.keys = entry, last.operation, last.keys
    return True


def answer_here(state: State, request: Request) -> bytes:
    """The answer to what needs no engine.

    Raises:
        Refused: There is none.
    """
    state.check_fresh()
    assert state.models is not None and request.entry is not None
    rest = request.path[len(models.PATH) :]
    if rest in (b"", b"/"):
        return state.models.all(request.entry.rule)
    if rest[:1] != b"/":
        raise _unknown_path(request.method, request.path)
    return state.models.one(request.entry.rule, rest[1:])


def _admit_desk(state: State, request: Request) -> None:
    headers = request.headers
    key = headers.get(KEY_HEADER.encode(), b"").decode("latin-1")
    request.entry = state.keys.for_desk(key, time())
    request.batch = _name(headers.get(BATCH_HEADER.encode(), b""))
    request.record = _name(headers.get(RECORD_HEADER.encode(), b""))


def _name(value: bytes) -> str:
    """It goes into records and headers as it is, so it must be plain."""
    name = value.decode("latin-1")
    if not name.isascii() or len(name) > _NAMES_MAX or any(c in '"\\' or c < "!" for c in name):
        raise Refused(400, "This is no name of a batch or record.")
    return name


def _is_under(path: bytes, begins: tuple[bytes, ...]) -> bool:
    return any(path == begin or path.startswith(begin + b"/") for begin in begins)


def _wrong_method(method: bytes, path: bytes) -> Refused:
    return Refused(
        405, f"Not allowed to {_shown(method)} on {_shown(path)}.", code="method_not_supported"
    )


def _unknown_path(method: bytes, path: bytes) -> Refused:
    whole = b"/v1" + path
    known = whole in OPERATIONS or _is_under(whole, (models.PATH, *_OF_DESK))
    meant = f" Did you mean {_shown(whole)}? The base address ends with /v1." if known else ""
    return Refused(
        404, f"Unknown request URL: {_shown(method)} {_shown(path)}.{meant}", code="unknown_url"
    )


def _shown(value: bytes) -> str:
    return value[:200].decode("latin-1")
