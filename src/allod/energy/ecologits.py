"""What a call is taken to draw where no meter is: the estimate of EcoLogits 0.11.

Two regressions over the ML.ENERGY leaderboard (vLLM on H100, batches of up to 512), at batches of
64: energy of an accelerator and time, both for a token of the answer and linear in the parameters
that it uses. A host without its accelerators draws a constant power, shared by accelerators and by
the calls of a batch. Prompts, idle hours and storage are not in it.

Source: EcoLogits 0.11, https://ecologits.ai/0.11/methodology/llm_inference/, and
`ecologits/impacts/llm.py` of that version; MPL-2.0, of which only numbers and formula are used.
"""

from __future__ import annotations

import math
from typing import Final

from allod.energy.of_calls import CallRates

#: Of the energy that one accelerator draws for a token. [Wh per 1e9 parameters, 1, Wh]
_ENERGY: Final = (1.1665273170451914e-06, -0.011205921025579175, 4.052928146734005e-05)
#: Of the time that a token takes. [s per 1e9 parameters, s, s]
_TIME: Final = (0.0006785088094353663, 0.0003119310311688259, 0.019473717579473387)
#: Calls that an engine works on at once. [1]
_BATCH: Final = 64
#: Memory of an accelerator [GB], and how much more than its weights a model takes. [1]
_MEMORY_GB: Final = 80
_OVERHEAD: Final = 1.2
#: Power of a host without its accelerators [W], and how many those are. [1]
_HOST_W: Final = 1200
_HOST_ACCELERATORS: Final = 8
_NJ_PER_WH: Final = 3_600_000_000_000


def accelerators_for(parameters_m: int, bits: int) -> int:
    """Accelerators that a model is taken to need: a power of two that its weights fit in."""
    needed_gb = _OVERHEAD * parameters_m / 1000 * bits / 8
    return int(2 ** math.ceil(math.log2(math.ceil(needed_gb / _MEMORY_GB))))


def estimate(
    parameters_m: int, active_parameters_m: int | None = None, bits: int = 16
) -> CallRates:
    """What calls to a model of so many million parameters draw; `active` ones are used by a token.

    Wh of a token = n x (alpha x exp(beta x 64) x P + gamma) + host W / 3600 x s x n / 8 / 64
    """
    active = (active_parameters_m or parameters_m) / 1000
    count = accelerators_for(parameters_m, bits)
    alpha, beta, gamma = _ENERGY
    accelerator_wh = alpha * math.exp(beta * _BATCH) * active + gamma
    token_s = _TIME[0] * active + _TIME[1] * _BATCH + _TIME[2]
    host_wh = token_s / 3600 * _HOST_W * count / _HOST_ACCELERATORS / _BATCH
    token_wh = host_wh + count * accelerator_wh
    return CallRates(per_answer_token_nj=round(token_wh * _NJ_PER_WH), method="estimated")
