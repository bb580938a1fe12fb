"""A cluster by slurmrestd: every request with a short-lived token of the user it is made for."""

from __future__ import annotations

import http.client
import select
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from allod.adapters.slurm.accounting import accounted, booked
from allod.adapters.slurm.answers import (
    NotBelieved,
    check_accounted,
    check_listed,
    check_signalled,
    failure,
    submitted_id,
)
from allod.adapters.slurm.driver import About, Books, Licence
from allod.adapters.slurm.job import Job, jobs_of
from allod.adapters.slurm.machine import Machine, machines_of
from allod.adapters.slurm.request import JobRequest
from allod.adapters.slurm.tokens import TokenMaker
from allod.adapters.slurm.values import Json, instant_s, number, text
from allod.adapters.slurm.versions import choose, submission
from allod.errors import RunnerUnknown

_FRESH_S = 0.5  #: Nobody closes a connection that was used so lately.
_ANSWER_S = 20.0  #: Longer than slurmctld's MessageTimeout, after which slurmrestd gives up. [s]


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: Json


class RestCluster:
    """A `Driver` over HTTP; safe to use from several threads."""

    def __init__(
        self, url: str, tokens: TokenMaker, operator: str, *, answer_s: float = _ANSWER_S
    ) -> None:
        parts = urlsplit(url)
        self._url, self._base = url, parts.path.rstrip("/")
        self._make = _OneWriteTls if parts.scheme == "https" else _OneWrite
        self._host, self._port = parts.hostname or "", parts.port
        self._tokens, self._operator, self._answer_s = tokens, operator, answer_s
        #: Kept open, and since when nobody uses it [monotonic s]; the last used comes first.
        self._idle: list[tuple[float, http.client.HTTPConnection]] = []
        self._closed = False
        self._version: int | None = None
        self._has_books = False  #: True if slurmrestd speaks to slurmdbd.

    # ------------------------------------------------------------ the driver

    def about(self) -> About:
        """See `Driver.about`."""
        answer = self._get("diag")
        meta = answer.body.get("meta") or {}
        slurm = meta.get("Slurm") or meta.get("slurm") or {}
        statistics = answer.body.get("statistics") or {}
        return About(
            release=text(slurm.get("release")),
            spoken=f"slurmrestd v0.0.{self._version}",
            clock_s=instant_s(statistics.get("req_time")),
        )

    def jobs(self, user: str | None = None) -> tuple[Job, ...]:
        """See `Driver.jobs`."""
        return jobs_of(self._get("jobs", user).body)

    def machines(self) -> dict[str, Machine]:
        """See `Driver.machines`."""
        return machines_of(self._get("nodes").body)

    def submit(self, request: JobRequest) -> int:
        """See `Driver.submit`."""
        answer = self._ask("POST", "job/submit", request.user, submission(request, self._speak()))
        return submitted_id(answer.status, answer.body)

    def signal(self, job_id: int, user: str, signal: str | None) -> None:
        """See `Driver.signal`."""
        tail = f"?signal={signal}" if signal else ""
        answer = self._ask("DELETE", f"job/{job_id}{tail}", user)
        check_signalled(answer.status, answer.body)

    def ended_job(self, job_id: int) -> Job | None:
        """See `Driver.ended_job`."""
        self._speak()
        if not self._has_books:
            return None
        answer = self._ask("GET", f"job/{job_id}", self._operator, kind="slurmdb")
        check_accounted(answer.status, answer.body)
        found = jobs_of(accounted(answer.body))
        return found[-1] if found else None

    def licences(self) -> tuple[Licence, ...]:
        """See `Driver.licences`."""
        return tuple(
            Licence(
                name=text(item.get("LicenseName")),
                total=number(item.get("Total")) or 0,
                used=number(item.get("Used")) or 0,
                reserved=number(item.get("Reserved")) or 0,
            )
            for item in self._get("licenses").body.get("licenses") or ()
        )

    def books(self) -> Books | None:
        """See `Driver.books`."""
        answers = {}
        for what in ("qos", "associations", "users"):
            answer = self._ask("GET", f"{what}/", self._operator, kind="slurmdb")
            if answer.status == 404:
                return None  # Its slurmrestd serves no accounting.
            check_listed(answer.status, answer.body)
            answers[what] = answer.body
        return booked(answers["qos"], answers["associations"], answers["users"])

    # ------------------------------------------------------------ HTTP

    def _speak(self) -> int:
        """The version to speak, asked for once."""
        if self._version is None:
            answer = self._exchange("GET", "/openapi/v3", self._operator, None)
            if answer.status != 200:
                raise failure("ask for its versions", answer.status, answer.body)
            self._has_books = any("/slurmdb/" in path for path in answer.body.get("paths") or ())
            self._version = choose(answer.body)
        return self._version

    def _get(self, what: str, user: str | None = None) -> _Answer:
        answer = self._ask("GET", what, user or self._operator)
        check_listed(answer.status, answer.body)
        return answer

    def _ask(
        self, method: str, what: str, user: str, body: Json | None = None, kind: str = "slurm"
    ) -> _Answer:
        """One request; what only reads is asked again if the token may not have been believed."""
        path = f"/{kind}/v0.0.{self._speak()}/{what}"
        data = None if body is None else orjson.dumps(body)
        answer = self._exchange(method, path, user, data)
        doubt = answer.status != 200 and isinstance(
            failure(what, answer.status, answer.body), NotBelieved
        )
        if doubt and self._tokens.renew(user) and method == "GET":
            answer = self._exchange(method, path, user, data)
        if answer.status == 404:
            self._version = None  # It may have been updated; the next request asks.
        return answer

    def _exchange(self, method: str, path: str, user: str, data: bytes | None) -> _Answer:
        headers = {
            "X-SLURM-USER-NAME": user,
            "X-SLURM-USER-TOKEN": self._tokens.token(user),
            "Content-Type": "application/json",
        }
        try:
            status, content = self._send(method, self._base + path, data, headers)
        except (OSError, http.client.HTTPException) as error:
            said = str(error) or type(error).__name__
            raise RunnerUnknown(f"{self._url} does not answer: {said}") from error
        return _Answer(status, _json(content))

    def _send(
        self, method: str, path: str, data: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """Over a kept connection; one that has died is opened again for a GET only.

        A POST that finds it dead may have been read all the same.
        """
        kept = self._kept()
        connection = kept or self._make(self._host, self._port, timeout=self._answer_s)
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            if kept is not None and method == "GET":
                return self._send(method, path, data, headers)
            raise
        if response.will_close or self._closed:
            connection.close()
        else:
            self._idle.append((time.monotonic(), connection))
        return response.status, content

    def _kept(self) -> http.client.HTTPConnection | None:
        """A connection that nobody uses now."""
        while self._idle:
            try:
                since_s, connection = self._idle.pop()
            except IndexError:
                return None
            rested_s = time.monotonic() - since_s
            if rested_s < _FRESH_S or not _closed_by_peer(connection):
                return connection
            connection.close()
        return None

    def close(self) -> None:
        """See `Driver.close`."""
        self._closed = True
        while self._idle:
            self._idle.pop()[1].close()


class _OneWrite(http.client.HTTPConnection):
    """Sends a request with its body as one packet: slurmrestd wakes once for it."""

    _unsent = b""

    def send(self, data: Any) -> None:
        """Keep what is to be sent until the answer is asked for."""
        self._unsent += data

    def getresponse(self) -> http.client.HTTPResponse:
        """Send it all, and read the answer."""
        data, self._unsent = self._unsent, b""
        super().send(data)
        return super().getresponse()


class _OneWriteTls(_OneWrite, http.client.HTTPSConnection):
    """The same over TLS."""


def _closed_by_peer(connection: http.client.HTTPConnection) -> bool:
    """True if there is something to read on a connection that owes no answer: its end."""
    if connection.sock is None:
        return True
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _json(content: bytes) -> Json:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {"errors": [content[:200].decode(errors="replace")]}
    return body if isinstance(body, dict) else {}
