"""The guard around the application: host names, sizes, headers and counting, before any route."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allod.api.problems import TooLarge, WrongHost, of_error
from allod.api.settings import ApiSettings

#: What every answer has unless its route says otherwise.
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    # An answer of the API is never a page: nothing in it runs, and no page frames it.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
#: Where whole files are sent, which go to the disk as they come.
TRACES = ("POST", "/v1/traces")
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class HttpMetrics:
    """Counts requests by route; a path is never a label, because it names workloads (L7)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "allod_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "allod_http_request_seconds",
            "Time from a request's head to the head of its answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one answer; methods and routes that we do not know share one label."""
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        key = (method, route, status)
        counters = self._known.get(key)
        if counters is None:
            counters = (
                self._requests.labels(method, route, str(status)),
                self._seconds.labels(route),
            )
            self._known[key] = counters
        counters[0].inc()
        counters[1].observe(seconds)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Guard:
    """The outermost layer: refuses what should not reach a route, dresses what leaves."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: ApiSettings,
        metrics: HttpMetrics,
        direct: Mapping[tuple[str, str], ASGIApp],
    ) -> None:
        """Guard `app`; `direct` answers its methods and paths without any router."""
        self._app = app
        self._direct = direct
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                there = {name for name, _ in headers}
                headers.extend(item for item in _HEADERS if item[0] not in there)
                self._metrics.count(scope, message["status"], perf_counter() - began)
            await send(message)

        headers = Headers(scope=scope)
        try:
            self._check_host(headers.get("host", ""))
            limited = self._limited(headers, receive, self._most(scope))
        except (WrongHost, TooLarge) as error:
            await of_error(Request(scope), error)(scope, receive, dressed)
            return
        app = self._direct.get((scope["method"], scope["path"]), self._app)
        await app(scope, limited, dressed)

    def _check_host(self, host: str) -> None:
        """A page of another name that resolves to this machine must not read from it."""
        name = host_name(host)
        if self._settings.loopback:
            known = is_loopback(name)
        else:
            known = not self._settings.hosts or name in self._settings.hosts
        if not known:
            raise WrongHost(
                f"this node does not answer to the host name '{name[:80]}'",
                mend="use http://127.0.0.1, or name the host in the node's settings",
            )

    def _most(self, scope: Scope) -> int:
        """How large the body of a request may be. [bytes]"""
        if (scope["method"], scope["path"]) == TRACES:
            return self._settings.trace_bytes_max
        return self._settings.body_max_bytes

    def _limited(self, headers: Headers, receive: Receive, most: int) -> Receive:
        """`receive` that raises TooLarge once the body is over the limit."""
        stated = headers.get("content-length", "")
        if stated.isdigit():
            if int(stated) > most:
                raise _too_large(most)
            return receive  # The server itself holds the body to its stated length.
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise _too_large(most)
            return message

        return counted


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the body is over {most} bytes", mend="send less at once")


def host_name(host: str) -> str:
    """The name of a Host header without its port, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


@lru_cache(maxsize=256)
def is_loopback(name: str) -> bool:
    """True if `name` can only be this machine."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
