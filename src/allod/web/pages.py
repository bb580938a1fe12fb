"""The page at `/`: static files that read the same API as everybody else.

No build, no framework, nothing from elsewhere, so it works on a machine that is cut off. Names and
reasons are written by strangers: the page puts them in as text alone, and the headers see to it
that nothing else would run.
"""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)


class _File:
    """A file of the page as it is sent."""

    def __init__(self, name: str, content: bytes) -> None:
        self._content = content
        self._tag = f'"{sha256(content).hexdigest()[:32]}"'
        self._headers = {
            "Content-Type": _TYPES[name[name.rindex(".") :]],
            "Content-Security-Policy": _POLICY,
            # Asked for again each time, sent again only when it has changed.
            "Cache-Control": "no-cache",
            "ETag": self._tag,
        }

    async def send(self, request: Request) -> Response:
        """The file, or word that the browser has it already."""
        if request.headers.get("if-none-match") == self._tag:
            return Response(status_code=304, headers=self._headers)
        return Response(self._content, headers=self._headers)


def pages() -> list[BaseRoute]:
    """The routes of the page and of all that it loads."""
    routes: list[BaseRoute] = []
    for item in sorted(files(__package__).joinpath("static").iterdir(), key=lambda one: one.name):
        path = "/" if item.name == "index.html" else f"/static/{item.name}"
        routes.append(Route(path, _File(item.name, item.read_bytes()).send, methods=["GET"]))
    return routes
