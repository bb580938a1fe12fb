"""Requests to witnesses over HTTP."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request

from allod import __version__
from allod.errors import Unavailable

_ANSWER_S = 8.0
_ANSWER_BYTES_MAX = 100_000


class HttpWitnessClient:
    """Satisfies `run.witnessing.WitnessClient`."""

    def post(self, url: str, body: bytes) -> tuple[int, bytes]:
        """See `WitnessClient.post`. Redirects are not followed: the policy names who is asked."""
        headers = {"Content-Type": "text/plain", "User-Agent": f"allod/{__version__}"}
        request = urllib.request.Request(url, body, headers, method="POST")
        try:
            with _OPENER.open(request, timeout=_ANSWER_S) as response:
                return response.status, response.read(_ANSWER_BYTES_MAX)
        except urllib.error.HTTPError as error:
            return error.code, _body_of(error, url)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Unavailable(f"{url} does not answer: {error!r}") from error


def _body_of(error: urllib.error.HTTPError, url: str) -> bytes:
    try:
        return error.read(_ANSWER_BYTES_MAX)
    except (OSError, ValueError, http.client.HTTPException) as broken:
        raise Unavailable(f"{url} broke off its answer: {broken!r}") from broken


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        """Follow none."""


_OPENER = urllib.request.build_opener(_NoRedirects)
