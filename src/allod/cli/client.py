"""The client: requests to a node's HTTP API, safe to repeat, with errors as the node meant them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from allod import __version__
from allod.cli.place import Place
from allod.errors import (
    AllodError,
    Conflict,
    Different,
    Forbidden,
    InvalidInput,
    NotFound,
    RunnerRefused,
    RunnerUnknown,
    Unavailable,
)

Json = dict[str, Any]

_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
#: For how long a request that may be repeated is repeated. [s]
PATIENCE_S = 30.0
_PAUSE_FIRST_S, _PAUSE_MAX_S = 0.1, 2.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PAGE_MAX = 1000

_BY_CODE: dict[str, type[AllodError]] = {
    kind.code: kind
    for kind in (
        InvalidInput,
        NotFound,
        Conflict,
        Forbidden,
        Unavailable,
        RunnerRefused,
        RunnerUnknown,
        Different,
    )
}
_BY_STATUS: dict[int, type[AllodError]] = {
    400: InvalidInput,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: InvalidInput,
    415: InvalidInput,
    421: Forbidden,
    422: InvalidInput,
    502: RunnerRefused,
    503: Unavailable,
    504: RunnerUnknown,
}


class AnswerLost(RunnerUnknown):
    """The request left and no answer came: it may or may not have been taken."""

    code = "answer-lost"


class NodeClient:
    """Speaks with one node."""

    def __init__(self, url: str, token: str = "", *, patience_s: float = PATIENCE_S) -> None:
        self.url = url.rstrip("/")
        self._patience_s = patience_s
        headers = {"User-Agent": f"allod/{__version__}", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            # What a machine sends to itself must not go by a proxy.
            direct = urlsplit(url).hostname in _LOOPBACK
            self._http = httpx.Client(
                base_url=self.url, headers=headers, timeout=_TIMEOUT, trust_env=not direct
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise InvalidInput(
                f"'{url}' is not an address: {error}", mend="write http://HOST:PORT"
            ) from None

    def __enter__(self) -> NodeClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at `path`; empty parts of the query are left out."""
        return _content(self._sent("GET", path, query=query, repeat=False))

    def get_bytes(self, path: str, **query: Any) -> tuple[bytes, httpx.Headers]:
        """The bytes at `path`, and the headers of the answer."""
        response = self._sent("GET", path, query=query, repeat=False)
        return response.content, response.headers

    def post(
        self, path: str, body: Any = None, *, key: str = "", repeat: bool = True, **query: Any
    ) -> Any:
        """What the node answers to `body`.

        With `repeat` the request is sent again while no answer comes, so it must be one that
        does no more the second time: it has a key, or asks for a state rather than a change.

        Raises:
            AnswerLost: It may or may not have been taken; the key makes asking again safe.
        """
        return _content(self._sent("POST", path, body=body, key=key, query=query, repeat=repeat))

    def delete(self, path: str) -> None:
        """Ask the node to remove what is at `path`."""
        self._sent("DELETE", path, repeat=False)

    def items(self, path: str, *, most: int, **query: Any) -> tuple[list[Json], bool]:
        """Up to `most` items of a list (0: all), and whether there are more."""
        found: list[Json] = []
        after: str | None = None
        while True:
            wanted = min(most - len(found), _PAGE_MAX) if most else _PAGE_MAX
            page = self.get(path, after=after, limit=wanted, **query)
            found += page["items"]
            after = page["next"]
            if after is None or (most and len(found) >= most):
                return found, after is not None

    @contextmanager
    def streamed(self, path: str, **query: Any) -> Iterator[httpx.Response]:
        """An answer that is read as it comes; it may be silent for as long as it likes."""
        timeout = httpx.Timeout(60.0, connect=5.0, read=None)
        headers = {"Accept": "*/*"}
        try:
            with self._http.stream(
                "GET", path, params=_given(query), headers=headers, timeout=timeout
            ) as response:
                if response.status_code >= 400:
                    response.read()
                    raise _error_of(response)
                yield response
        except httpx.TransportError as error:
            raise self._no_answer(error) from error

    def is_ready(self) -> bool:
        """True if the node takes and decides work now."""
        try:
            return self._http.get("/readyz", timeout=5.0).status_code == 200
        except httpx.TransportError:
            return False

    def _sent(
        self,
        method: str,
        path: str,
        *,
        repeat: bool,
        body: Any = None,
        key: str = "",
        query: Json | None = None,
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        content = None
        if body is not None:
            content = json.dumps(body, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        request = self._http.build_request(
            method, path, params=_given(query or {}), content=content, headers=headers
        )
        until, pause_s, lost = time.monotonic() + self._patience_s, _PAUSE_FIRST_S, False
        while True:
            failure: AllodError
            try:
                response = self._http.send(request)
                if response.status_code < 400:
                    return response
                failure = _error_of(response)
                if not failure.ask_again:
                    raise failure
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = self._no_answer(error)
                if not lost:
                    raise failure from error
            except httpx.TransportError as error:
                failure, lost = self._no_answer(error), True
            if not repeat or time.monotonic() + pause_s > until:
                raise _lost(method, key) if lost and method != "GET" else failure
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _PAUSE_MAX_S)

    def _no_answer(self, error: Exception) -> Unavailable:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return Unavailable(
                f"no node answers at {self.url}", mend="start one with `allod up`, or ask again"
            )
        if isinstance(error, httpx.UnsupportedProtocol):
            return Unavailable(f"'{self.url}' is not an address", mend="write http://HOST:PORT")
        return Unavailable(
            f"the node at {self.url} broke off: {type(error).__name__}",
            mend="ask again; if it lasts, look at the node's log",
        )


def connect(folder: Path) -> NodeClient:
    """The client for the node of ALLOD_URL (with ALLOD_TOKEN), or else of the data folder.

    Raises:
        Unavailable: No node has left its address there.
    """
    if url := os.environ.get("ALLOD_URL", ""):
        return NodeClient(url, os.environ.get("ALLOD_TOKEN", ""))
    place = Place(folder)
    address = place.address()
    if address is None:
        raise Unavailable(
            f"no node runs on the data folder {folder}",
            mend="start one with `allod up`, or say where one is: --data DIR, or ALLOD_URL",
        )
    return NodeClient(address.url, os.environ.get("ALLOD_TOKEN") or place.token())


def part(name: str) -> str:
    """`name` as one part of a path, whatever is in it."""
    return quote(name, safe="") if name not in (".", "..") else name.replace(".", "%2E")


def _given(query: Json) -> Json:
    return {name: value for name, value in query.items() if value not in (None, "", False)}


def _content(response: httpx.Response) -> Any:
    if response.status_code == 204:
        return None
    try:
        return response.json()
    except ValueError:
        raise _not_a_node(response) from None


def _error_of(response: httpx.Response) -> AllodError:
    """The error that a problem document (RFC 9457) tells of."""
    try:
        problem = response.json()
        code = str(problem["type"]).rpartition(":")[2]
        message, mend = str(problem["detail"]), str(problem.get("mend", ""))
    except (ValueError, KeyError, TypeError):
        return _not_a_node(response)
    kind = kind_of(code, response.status_code)
    if kind is Forbidden and response.status_code == 401:
        mend = "set ALLOD_TOKEN, or name the node's data folder with --data"
    return kind(message, mend=mend)


def kind_of(code: str, status: int = 500) -> type[AllodError]:
    """The class of the error that is called `code`, or else of one with that HTTP status."""
    return _BY_CODE.get(code) or _BY_STATUS.get(status, AllodError)


def _not_a_node(response: httpx.Response) -> Unavailable:
    return Unavailable(
        f"what answers at {response.url.copy_with(path='/', query=None)} "
        f"is no Allod node (HTTP {response.status_code})",
        mend="check ALLOD_URL, or start a node with `allod up`",
    )


def _lost(method: str, key: str) -> AnswerLost:
    again = f" with --key {key}; that starts nothing twice" if key else ""
    return AnswerLost(
        "the node gave no answer; it may or may not have taken the request",
        mend=f"ask again{again}" if method == "POST" else "look whether it was done",
    )
