"""What a call to a model costs by coefficients: energy at the site's meter, and carbon.

It is worked out while the answer is under way, so it needs nothing but whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

#: Nanojoules in a millijoule.
NJ_PER_MJ = 1_000_000
#: Millijoules in a kilowatt-hour.
MJ_PER_KWH = 3_600_000_000
#: Under what PUE [thousandths] times nanojoules are to stand, for mJ, and for µg of carbon. Even.
_UNDER_ENERGY = NJ_PER_MJ * 1000
_UNDER_CARBON = _UNDER_ENERGY * MJ_PER_KWH


class Coefficients(Protocol):
    """What calls, prompts and answers are taken to draw at accelerators and hosts. [nJ]"""

    @property
    def per_call_nj(self) -> int:
        """Of a call, however short."""

    @property
    def per_prompt_token_nj(self) -> int:
        """Of a token of the prompt that was not in the engine's cache."""

    @property
    def per_answer_token_nj(self) -> int:
        """Of a token of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRates:
    """`Coefficients` with how they were come by; field by field an `Estimate` of the table."""

    per_call_nj: int = 0
    per_prompt_token_nj: int = 0
    per_answer_token_nj: int = 0
    #: 'estimated' by a formula, 'provisional' where they were fitted to a meter, or 'none'.
    method: str = "none"


def cost_of(
    rates: Coefficients,
    prompt_tokens: int,
    cached_tokens: int,
    answer_tokens: int,
    pue_milli: int,
    carbon_mg_per_kwh: int | None,
) -> tuple[int, int | None]:
    """Energy at the site's meter [mJ] and its carbon [µg CO2e]; None where no intensity is known.

    Tokens found in the cache cost no prefill. Both are rounded half up, the carbon from the energy
    before it was rounded, so that short calls in clean places do not all emit 0.
    """
    it_nj = (
        rates.per_call_nj
        + rates.per_prompt_token_nj
        * (prompt_tokens - cached_tokens if prompt_tokens > cached_tokens else 0)
        + rates.per_answer_token_nj * answer_tokens
    )
    energy_nj_milli = it_nj * pue_milli
    # As `rounded`, without a call for each: a gateway comes here with everything it answers.
    energy_mj = (energy_nj_milli + _UNDER_ENERGY // 2) // _UNDER_ENERGY
    if carbon_mg_per_kwh is None:
        return energy_mj, None
    carbon = energy_nj_milli * carbon_mg_per_kwh * 1000
    return energy_mj, (carbon + _UNDER_CARBON // 2) // _UNDER_CARBON


def measured(parts: Iterable[tuple[int, int, int | None]]) -> tuple[int, int, int | None]:
    """A call's energy at IT and at the site's meter [mJ], and its carbon [µg CO2e].

    Args:
        parts: What it got of windows: mJ of IT, PUE [thousandths] and carbon [mg CO2e per kWh]
            at that time. Where the carbon of a part is not known, that of the call is not.
    """
    it_mj = at_meter = carbon = 0
    known = True
    for part_mj, pue_milli, carbon_mg_per_kwh in parts:
        it_mj += part_mj
        at_meter += part_mj * pue_milli
        known = known and carbon_mg_per_kwh is not None
        carbon += part_mj * pue_milli * (carbon_mg_per_kwh or 0)
    return it_mj, rounded(at_meter, 1000), rounded(carbon, MJ_PER_KWH) if known else None


def rounded(over: int, under: int) -> int:
    """`over` / `under` as a whole number, half up; neither below zero."""
    return (2 * over + under) // (2 * under)
