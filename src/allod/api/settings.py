"""What the API is told about the place where it listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


def _nowhere() -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """How the API listens and how much it takes; by default as on one machine alone."""

    loopback: bool = True  #: True if it listens on the loopback address alone.
    hosts: tuple[str, ...] = ()  #: Names it answers to when not on loopback; none: to any.
    read_needs_token: bool = False  #: Beyond loopback reading always needs a token.
    body_max_bytes: int = 1 << 20  #: Larger requests get 413. [bytes]
    trace_bytes_max: int = 256 << 20  #: The same of a trace that is sent for replays. [bytes]
    heartbeat_s: float = 15.0  #: A silent stream says that it is still there so often. [s]
    poll_s: float = 0.5  #: A followed output is looked at so often. [s]
    streams_max: int = 256  #: Streams open at once; one more gets 503. [1]
    token_kept_s: float = 5.0  #: A token that was removed opens things no longer than this. [s]
    gateway: Literal["auto", "on", "off"] = "off"  #: Whether calls of services are taken.
    gateway_url: Callable[[], str] = _nowhere  #: Where they are taken now; '' if nowhere.
    home_site: str = ""  #: Site at which node and gateway stand; '' if nobody has said.

    @property
    def reads_are_open(self) -> bool:
        """True if reading needs no token."""
        return self.loopback and not self.read_needs_token
