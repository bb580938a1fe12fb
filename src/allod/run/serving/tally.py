"""Tallies: what records come to by kind, added up where they are kept as they come in."""

from __future__ import annotations

from dataclasses import dataclass

#: Bounds between which times are told apart; a time is within a bound that it equals.
FIRST_MS = (10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000)
TOOK_MS = (50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000)


@dataclass(frozen=True, slots=True)
class Tally:
    """Records that are alike, as sums of what `UsageRecord` has for each."""

    service: str
    site: str
    operation: str
    outcome: str
    energy_method: str
    first_within: int | None  #: Index of the least bound in FIRST_MS; its length: beyond all.
    took_within: int  #: The same in TOOK_MS.
    calls: int
    prompt_tokens: int
    cached_tokens: int
    answer_tokens: int
    energy_mj: int | None  #: None: not known of any of them.
    first_ms: int | None  #: Of all together; None as `first_within` is.
    took_ms: int
