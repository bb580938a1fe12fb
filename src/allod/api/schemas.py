"""Making schemas by one thread at a time.

They are made of the models' source, and CPython 3.11 may end in a SystemError when two threads
make syntax trees at once (CPython's issue gh-106905).
"""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any, Final

from fastapi import FastAPI

from allod.api.openapi import openapi_of
from allod.domain.schema import schema_of

_ALONE: Final = Lock()


@cache
def schema(kind: str) -> dict[str, Any]:
    """The schema of `kind`; NotFound, which is not kept, if there is no such kind."""
    with _ALONE:
        return schema_of(kind)


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `app`."""
    with _ALONE:
        return openapi_of(app)
