"""JSON from an HTTP service, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from allod import __version__
from allod.errors import InvalidInput, Unavailable

#: A year of quarter-hours takes a busy server some seconds. [s]
_ANSWER_S = 60.0


def client(auth: tuple[str, str] | None = None, answer_s: float = _ANSWER_S) -> httpx.Client:
    """A client that follows no redirects: the document names who is asked."""
    headers = {"User-Agent": f"allod/{__version__}", "Accept": "application/json"}
    return httpx.Client(timeout=answer_s, headers=headers, auth=auth, follow_redirects=False)


def get_json(http: httpx.Client, url: str, query: Mapping[str, str]) -> tuple[int, Any]:
    """Status and body of the answer; the body is None where it is not JSON.

    Raises:
        Unavailable: There is no answer, or none at the moment.
        InvalidInput: The address cannot be right.
    """
    try:
        answer = http.get(url, params=dict(query))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise InvalidInput(
            f"'{url}' is no address: {error}", mend="write 'http://host:port'"
        ) from error
    except httpx.HTTPError as error:
        raise Unavailable(
            f"{url} does not answer: {str(error) or type(error).__name__}",
            mend="see that it runs and can be reached from here, and ask again",
        ) from error
    if answer.status_code in (401, 403):
        raise InvalidInput(
            f"{url} lets nobody in without the right password (status {answer.status_code})",
            mend="give this machine the right to read it",
        )
    if answer.status_code == 429 or answer.status_code >= 500:
        raise Unavailable(
            f"{url} cannot answer now (status {answer.status_code})", mend="ask again"
        )
    try:
        return answer.status_code, answer.json()
    except ValueError:
        return answer.status_code, None
