"""Limits of keys: what a call may come to is taken before it starts, and made good at its end.

So calls that run at once cannot together go past a limit. What may be taken is leased: of the desk,
which alone knows the whole, or of the same rule in this process where there is but one worker.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from allod.gateway.hot.errors import Refused, too_many
from allod.gateway.inside import LeaseWanted
from allod.run.serving.table import KeyEntry

if TYPE_CHECKING:
    from allod.gateway.hot.call import Call

_MINUTE_MS = 60_000


class Account:
    """One key at this worker: the calls that it has, and what is leased for more."""

    __slots__ = (
        "_requests_a_min",
        "_requests_lines",
        "_tokens_a_min",
        "_tokens_lines",
        "asked",
        "entry",
        "in_flight",
        "in_flight_max",
        "limited",
        "limits_requests",
        "limits_tokens",
        "requests",
        "requests_left",
        "tokens",
        "tokens_left",
        "until_ms",
        "unused_requests",
        "unused_tokens",
        "waiting",
        "workers",
    )

    def __init__(self, entry: KeyEntry, workers: int) -> None:
        self.workers = workers
        self.in_flight = 0
        self.requests = 0  #: Leased and not used.
        self.tokens = 0  #: Below zero where more was used than was taken.
        self.until_ms = 0  #: So long the lease is good.
        self.requests_left = 0  #: In the whole key when it was leased.
        self.tokens_left = 0
        self.unused_requests = 0  #: Taken by calls that did not come to it.
        self.unused_tokens = 0
        self.asked = False  #: For a lease, of the desk.
        self.waiting: deque[Call] = deque()  #: For a lease.
        self.renew(entry)

    def renew(self, entry: KeyEntry) -> None:
        """Its limits may have changed."""
        self.entry = entry
        self.limits_requests = entry.requests_per_min is not None
        self.limits_tokens = entry.tokens_per_min is not None
        self._requests_a_min = entry.requests_per_min or 0
        self._tokens_a_min = entry.tokens_per_min or 0
        self.limited = self.limits_requests or self.limits_tokens
        most = entry.in_flight_max
        #: Each worker has its part of the calls that a key may have at once; 1 at least.
        self.in_flight_max = None if most is None else max(1, most // self.workers)
        self._requests_lines = _lines(b"requests", self._requests_a_min)
        self._tokens_lines = _lines(b"tokens", self._tokens_a_min)

    def use(self, tokens: int, now_ms: int) -> bool:
        """Take a request and so many tokens out of the lease; False if it has too little."""
        if now_ms >= self.until_ms:
            return False
        if self.limits_requests and self.requests < 1:
            return False
        if self.limits_tokens:
            if self.tokens < tokens:
                return False
            self.tokens -= tokens
        if self.limits_requests:
            self.requests -= 1
        return True

    def wanted(self, tokens: int) -> LeaseWanted:
        """What it lacks for a call that may come to so many tokens.

        What was used beyond what was taken is made up for at a minute's limit at most each time,
        for more than that is never there at once.
        """
        return LeaseWanted(
            key=self.entry.id,
            requests=max(0, 1 - self.requests) if self.limits_requests else 0,
            tokens=min(max(0, tokens - self.tokens), self._tokens_a_min)
            if self.limits_tokens
            else 0,
        )

    def headers(self) -> bytes:
        """What is left, as headers; empty for a key without limits."""
        requests, tokens = self._requests_a_min, self._tokens_a_min
        lines = b""
        if requests:
            lines = _left(self._requests_lines, requests, self.requests_left + self.requests)
        if tokens:
            lines += _left(self._tokens_lines, tokens, self.tokens_left + self.tokens)
        return lines

    def full(self) -> Refused:
        """Why one more call at once is refused."""
        most = self.entry.in_flight_max
        return too_many(f"This key may have {most} calls in flight at once.", 1000)

    def check_size(self, tokens: int) -> None:
        """A call that may come to more than the limit of a whole minute never goes.

        Raises:
            Refused: It is such a one; nobody need be asked.
        """
        if self.limits_tokens and tokens > self._tokens_a_min:
            raise _over("tokens", self._tokens_a_min, 0, tokens)

    def over(self, tokens: int, wait_ms: int) -> Refused:
        """Why a call that may come to so many tokens is refused."""
        entry = self.entry
        if entry.requests_per_min is not None and self.requests + self.requests_left < 1:
            return _over("requests", entry.requests_per_min, wait_ms)
        return _over("tokens", entry.tokens_per_min or 0, wait_ms, tokens)


def _over(what: str, limit: int, wait_ms: int, wanted: int = 1) -> Refused:
    if wanted > limit:
        return too_many(
            f"Request too large: it may come to {wanted} {what}, and this key may use {limit} a "
            "minute. Set a lower limit for the answer, or shorten the prompt.",
            _MINUTE_MS,
            kind=what,
        )
    # Leases count a few seconds longer than the minute of the limit; nobody need wait for these.
    wait_ms = min(wait_ms, _MINUTE_MS)
    return too_many(
        f"Rate limit reached: this key may use {limit} {what} a minute. "
        f"Please try again in {max(wait_ms, 1)} ms.",
        wait_ms,
        kind=what,
    )


def _lines(name: bytes, limit: int) -> bytes:
    """The three headers of one limit, but for what changes in them."""
    return (
        b"x-ratelimit-limit-%b: %d\r\nx-ratelimit-remaining-%b: %%d\r\n"
        b"x-ratelimit-reset-%b: %%b\r\n"
    ) % (name, limit, name, name)


def _left(lines: bytes, limit: int, left: int) -> bytes:
    """The headers of one limit."""
    ms = (limit - left) * _MINUTE_MS // limit
    if left > 0 and ms < 1000:
        return lines % (left, b"%dms" % ms if ms > 0 else b"0ms")
    return lines % (left if left > 0 else 0, _duration(ms))


def _duration(ms: int) -> bytes:
    """As OpenAI writes it: 820ms, 12.5s, 1m0s."""
    if ms < 1000:
        return b"%dms" % ms
    if ms < _MINUTE_MS:
        return b"%d.%ds" % (ms // 1000, ms % 1000 // 100)
    return b"%dm%ds" % divmod(-(-ms // 1000), 60)
