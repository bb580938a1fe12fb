"""What the cold paths work with, and whose call it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Annotated

from fastapi import Depends, Request

from allod.adapters.postgres import GatewayStore
from allod.config import Config
from allod.gateway.cold.errors import Refused
from allod.gateway.inside import KEY_HEADER
from allod.gateway.kept_files import KeptFiles
from allod.gateway.known import Known
from allod.gateway.metrics import Metrics
from allod.run.serving.table import KeyEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdState:
    """All of it."""

    config: Config
    url: str  #: Where the public reaches the gateway from this machine.
    secret: str
    known: Known
    store: Callable[[], GatewayStore]
    files: KeptFiles
    metrics: Metrics


def state_of(request: Request) -> ColdState:
    """The state that the application was made with."""
    state = request.app.state.cold
    assert isinstance(state, ColdState)
    return state


def from_worker(request: Request) -> ColdState:
    """The state, for a call that a worker passed on.

    Raises:
        Refused: Somebody else made it.
    """
    state = state_of(request)
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not compare_digest(shown.encode(), state.secret.encode()):
        raise Refused(401, "Calls come in at the gateway's own port.", code="invalid_api_key")
    return state


StateDep = Annotated[ColdState, Depends(from_worker)]


def caller(request: Request, state: StateDep) -> KeyEntry:
    """The key that a worker found good.

    Raises:
        Refused: It is not there any more, or the table is too old to tell.
    """
    if state.known.table() is None:
        raise Refused(503, "The gateway does not know now what it may answer.", code="no_table")
    key = state.known.key(request.headers.get(KEY_HEADER, ""), time.time())
    if key is None:
        raise Refused(401, "Incorrect API key provided.", code="invalid_api_key")
    return key


CallerDep = Annotated[KeyEntry, Depends(caller)]


def may_keep_files(state: StateDep, key: CallerDep) -> None:
    """Law: what speaks against keeping files of the caller's project here.

    Raises:
        Refused: Something does.
    """
    table = state.known.table()
    against = None if table is None else table.files_against.get(key.rule)
    # What the table does not say of a rule is a no (L4).
    if against is None or against:
        reasons = "; ".join(against or ("the law of its data is not known",))
        raise Refused(
            403,
            f"Files of this project may not be kept at this gateway: {reasons}.",
            code="no_site_permitted",
        )
