"""What a model draws on an accelerator: windows of a meter, by non-negative least squares.

    energy of a window = idle power x its length + p per_prefill + d per_decode + x per_context

Four unknowns: every choice of those that are above zero is tried, and the one that fits best is
taken, the smallest of equals. So the answer is the exact minimum, and the same for the same input.
Where all calls are alike, the unknowns cannot be told apart; what they give together still fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from allod.energy.of_calls import CallRates, rounded
from allod.energy.split import WorkRates
from allod.energy.stay import Work

#: Fewer windows with calls, or without, say nothing. [1]
WINDOWS_MIN: Final = 12
#: Of two choices whose squares differ by less, the smaller one is taken. [1]
_SAME: Final = 1e-9
_NJ_PER_MJ: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A window that was settled."""

    length_ms: int
    busy_ms: int  #: How long somebody called. [ms]
    energy_mj: int
    work: Work


def fit(windows: Sequence[Seen]) -> WorkRates | None:
    """The rates that fit the windows best; None where they are too few, or nobody called."""
    busy = [window for window in windows if window.busy_ms]
    if len(windows) < WINDOWS_MIN or len(busy) < WINDOWS_MIN // 2:
        return None
    known = np.array(
        [(one.length_ms, one.work.prefill, one.work.decode, one.work.context) for one in windows],
        np.float64,
    )
    found = non_negative(known, np.array([one.energy_mj for one in windows], np.float64))
    idle, *rates = (float(value) for value in found)
    # mJ per ms are W; the rest are mJ each.
    return WorkRates(
        idle_mw=round(idle * 1000),
        per_prefill_nj=round(rates[0] * _NJ_PER_MJ),
        per_decode_nj=round(rates[1] * _NJ_PER_MJ),
        per_context_nj=round(rates[2] * _NJ_PER_MJ),
    )


def call_rates(rates: WorkRates, windows: Sequence[Seen]) -> CallRates:
    """What tokens are taken to draw while an answer is under way, from what they lately drew.

    A token of the answer bears the context that such tokens had on average, and the idle energy of
    the time in which somebody called; where there are no answers, as of embeddings, prompts do.
    """
    prefill = sum(window.work.prefill for window in windows)
    decode = sum(window.work.decode for window in windows)
    context_nj = rates.per_context_nj * sum(window.work.context for window in windows)
    # mW times ms are microjoules, a thousand nanojoules.
    idle_nj = (rates.idle_mw or 0) * sum(window.busy_ms for window in windows) * 1000
    per_prompt_nj, per_answer_nj = rates.per_prefill_nj, rates.per_decode_nj
    if decode:
        per_answer_nj += rounded(context_nj + idle_nj, decode)
    elif prefill:
        per_prompt_nj += rounded(idle_nj, prefill)
    return CallRates(
        per_prompt_token_nj=per_prompt_nj,
        per_answer_token_nj=per_answer_nj,
        method="provisional",
    )


def non_negative(known: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """The x >= 0 with the least |known x - wanted|^2; (rows, columns), (rows,) to (columns,)."""
    columns = known.shape[1]
    size = np.sqrt((known * known).sum(axis=0))
    size[size == 0] = 1.0
    scaled = known / size
    best, best_square = np.zeros(columns), float(wanted @ wanted)
    slack = _SAME * max(best_square, 1.0)
    for count in range(1, columns + 1):
        for chosen in combinations(range(columns), count):
            part = scaled[:, chosen]
            x = np.linalg.lstsq(part, wanted, rcond=None)[0]
            if (x < 0).any():
                continue
            off = part @ x - wanted
            square = float(off @ off)
            if square < best_square - slack:
                best, best_square = np.zeros(columns), square
                best[list(chosen)] = x
    return np.asarray(best / size)
