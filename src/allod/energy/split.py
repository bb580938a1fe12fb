"""A window of a meter, shared out over the calls that were at the engine: exact, in whole mJ.

    E  = idle while nobody called  +  idle while somebody did  +  the rest
         to the reserve               by time at the engine       by work: a p + b d + c x

p are tokens of prompts that were read, d tokens of answers that were made, x the contexts in which
they were, each within the window. What is rounded goes to whoever lost most by it, and to the first
by name where that is equal: what calls and reserve got is what the meter counted, always.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from allod.energy.stay import Stay, Work

#: Of `WorkRates`, where nothing was fitted: ratios alone, by which the rest is shared out.
_PER_PREFILL_NJ = 1
#: Assumed: engines read prompts side by side and make answers one by one, at a tenth of the pace.
_PER_DECODE_NJ = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRates:
    """What a model draws on an accelerator, as `fit` finds it."""

    idle_mw: int | None  #: While nobody calls; None: not known. [mW]
    per_prefill_nj: int  #: Of a token of the prompt that is read. [nJ]
    per_decode_nj: int  #: Of a token of the answer that is made. [nJ]
    per_context_nj: int  #: Of a token before it, each time. [nJ]

    def of(self, work: Work) -> int:
        """What `work` weighs. [nJ]"""
        return (
            self.per_prefill_nj * work.prefill
            + self.per_decode_nj * work.decode
            + self.per_context_nj * work.context
        )


#: Until enough windows were seen.
UNFITTED = WorkRates(
    idle_mw=None, per_prefill_nj=_PER_PREFILL_NJ, per_decode_nj=_PER_DECODE_NJ, per_context_nj=0
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What the meters of a replica counted between two readings."""

    start_ms: int
    end_ms: int
    energy_mj: int  #: Its accelerators and its part of their hosts. [mJ]

    @property
    def length_ms(self) -> int:
        """[ms]"""
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Who got what of a window."""

    calls: tuple[tuple[str, int], ...]  #: (call, mJ), by call; those that were there. [mJ]
    reserve_mj: int  #: Drawn while nobody called. [mJ]
    busy_ms: int  #: How long somebody did. [ms]
    work: Work  #: Of all calls in it.

    @property
    def attributed_mj(self) -> int:
        """What the calls got together. [mJ]"""
        return sum(energy for _, energy in self.calls)


def split(window: Window, stays: Iterable[Stay], rates: WorkRates = UNFITTED) -> Split:
    """Share out a window; the order of the calls does not matter, one that comes twice is one."""
    there = {stay.call: stay for stay in stays if stay.touches(window.start_ms, window.end_ms)}
    names = sorted(there)
    spans = [there[name].overlap(window.start_ms, window.end_ms) for name in names]
    works = [there[name].within(window.start_ms, window.end_ms) for name in names]
    busy_ms = covered(spans)
    all_work = _sum(works)
    reserve_mj, idle_mj = _idle(window, busy_ms, rates)
    stayed = [end - begin for begin, end in spans]
    weights = [rates.of(work) for work in works]
    if not any(weights):
        weights = stayed
    if not any(weights):
        reserve_mj, weights = window.energy_mj, [1] * len(names)  # Nobody did anything in it.
    by_time = shares(idle_mj, stayed if idle_mj else weights)
    by_work = shares(window.energy_mj - reserve_mj - idle_mj, weights)
    got = [time + work for time, work in zip(by_time, by_work, strict=True)]
    return Split(
        calls=tuple(zip(names, got, strict=True)),
        reserve_mj=reserve_mj,
        busy_ms=busy_ms,
        work=all_work,
    )


def _idle(window: Window, busy_ms: int, rates: WorkRates) -> tuple[int, int]:
    """What was drawn for being there: while nobody called, and while somebody did. [mJ]

    Where the idle power is not known, the power of the window is taken to have been constant.
    """
    idle_ms = window.length_ms - busy_ms
    if rates.idle_mw is None:
        length_ms = max(window.length_ms, 1)
        return window.energy_mj * idle_ms // length_ms, 0
    reserve_mj = min(rates.idle_mw * idle_ms // 1000, window.energy_mj)
    return reserve_mj, min(rates.idle_mw * busy_ms // 1000, window.energy_mj - reserve_mj)


def shares(whole: int, weights: Sequence[int]) -> list[int]:
    """`whole` by weights, by largest remainders: whole numbers whose sum is `whole`.

    Of equal remainders the earlier goes first. The weights are not below zero and not all zero;
    where there are none, nobody gets anything.
    """
    if not weights:
        return []
    total = sum(weights)
    got = [whole * weight // total for weight in weights]
    left = whole - sum(got)
    order = sorted(range(len(weights)), key=lambda i: (-(whole * weights[i] % total), i))
    for i in order[:left]:
        got[i] += 1
    return got


def covered(spans: Iterable[tuple[int, int]]) -> int:
    """How long at least one of the spans (from, to) lasted. [ms]"""
    total = 0
    until: int | None = None
    for begin, end in sorted(spans):
        start = begin if until is None else max(begin, until)
        total += max(end - start, 0)
        until = end if until is None else max(until, end)
    return total


def of_slots(whole: int, slots: Iterable[int], count: int) -> int:
    """What of `whole` falls to some of `count` equal slots, numbered from 0.

    All slots together get `whole`, whoever asks for which: the part of a host that goes with each
    of its accelerators, so that replicas beside each other share it out without a word.
    """
    return sum(whole * (slot + 1) // count - whole * slot // count for slot in set(slots))


def totals(splits: Iterable[Split]) -> Mapping[str, int]:
    """What calls got of several windows, by call. [mJ]"""
    found: dict[str, int] = {}
    for one in splits:
        for call, energy_mj in one.calls:
            found[call] = found.get(call, 0) + energy_mj
    return dict(sorted(found.items()))


def _sum(works: Iterable[Work]) -> Work:
    prefill = decode = context = 0
    for work in works:
        prefill, decode = prefill + work.prefill, decode + work.decode
        context += work.context
    return Work(prefill, decode, context)
