"""Futures that are done: answers that were known at once."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from allod.errors import AllodError


def done(result: Any) -> Future[Any]:
    """A Future that has `result`."""
    future: Future[Any] = Future()
    future.set_result(result)
    return future


def failed(error: AllodError) -> Future[Any]:
    """A Future that raises `error`."""
    future: Future[Any] = Future()
    future.set_exception(error)
    return future
