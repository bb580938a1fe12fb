"""The control room at `/`: files built from `ui/` that read the same API as everybody else.

Nothing is loaded from elsewhere, so it works on a machine that is cut off. Names and reasons are
written by strangers: the page puts them in as text, and the headers see to it that nothing else
would run.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

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
        # Svelte makes its templates, which are part of the build, by a policy of this name.
        "trusted-types svelte-trusted-html",
    )
)
_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Allod</title></head>
<body><h1>The control room is not built</h1>
<p>Run <code>scripts/ui.sh</code> in the checkout and start the node again. The command line and the
API work without it: <code>allod --help</code>, <code>/v1/openapi.json</code>.</p></body></html>
"""


class _File:
    """A file of the pages as it is sent."""

    def __init__(self, path: str, content: bytes) -> None:
        self._content = content
        self._packed: bytes | None = None
        self._tag = f'"{sha256(content).hexdigest()[:32]}"'
        self._headers = {
            "Content-Type": _TYPES[path[path.rindex(".") :]],
            "Content-Security-Policy": _POLICY,
            # What has its hash in its name never changes; the rest is asked for again each time,
            # and sent again only when it has changed.
            "Cache-Control": "public, max-age=31536000, immutable"
            if path.startswith("assets/")
            else "no-cache",
            "ETag": self._tag,
            "Vary": "Accept-Encoding",
        }

    async def send(self, request: Request) -> Response:
        """The file, or word that the browser has it already."""
        if request.headers.get("if-none-match") == self._tag:
            return Response(status_code=304, headers=self._headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self._content, headers=self._headers)
        if self._packed is None:
            self._packed = gzip.compress(self._content, mtime=0)
        return Response(self._packed, headers=self._headers | {"Content-Encoding": "gzip"})


def pages() -> list[BaseRoute]:
    """The routes of the control room and of all that it loads."""
    built = files(__package__).joinpath("built")
    found = dict(_files_in(built)) if built.is_dir() else {"index.html": _NOT_BUILT.encode()}
    return [
        Route(
            "/" if path == "index.html" else f"/{path}", _File(path, content).send, methods=["GET"]
        )
        for path, content in sorted(found.items())
    ]


def _files_in(folder: Traversable, under: str = "") -> Iterator[tuple[str, bytes]]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _files_in(item, f"{under}{item.name}/")
        else:
            yield f"{under}{item.name}", item.read_bytes()
