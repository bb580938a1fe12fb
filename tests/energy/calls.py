"""Calls, readings and wirings as strategies, for the tests of how a meter is shared out."""

from __future__ import annotations

from hypothesis import strategies as st

from allod.energy.counted import Host, Reading, Wiring
from allod.energy.split import UNFITTED, WorkRates
from allod.energy.stay import Stay

TIMES = st.integers(0, 60_000)
TOKENS = st.integers(0, 5_000)


@st.composite
def stays(draw: st.DrawFn, call: str) -> Stay:
    sent, first, end = sorted((draw(TIMES), draw(TIMES), draw(TIMES)))
    prompt = draw(TOKENS)
    return Stay(
        call=call,
        sent_ms=sent,
        first_ms=first,
        end_ms=end,
        prompt=prompt,
        cached=draw(st.integers(0, prompt)),
        answer=draw(TOKENS),
    )


#: Some calls at once, each with a name of its own.
crowds = st.integers(0, 7).flatmap(lambda n: st.tuples(*[stays(f"c{i}") for i in range(n)]))

rates = st.one_of(
    st.just(UNFITTED),
    st.builds(
        WorkRates,
        idle_mw=st.none() | st.integers(0, 2_000_000),
        per_prefill_nj=st.integers(0, 10**9),
        per_decode_nj=st.integers(0, 10**9),
        per_context_nj=st.integers(0, 10**6),
    ),
)

#: Two accelerators of its own, and their part of a host of eight that counts all.
WIRING = Wiring(
    own=("n1/0", "n1/1"),
    hosts=(Host(source="n1", accelerators=("n1/0", "n1/1", "n1/rest"), slots=(0, 1), count=8),),
)


@st.composite
def readings(draw: st.DrawFn) -> list[Reading]:
    """Counters that rise, sometimes begin anew, and are sometimes not read."""
    found = []
    value = dict.fromkeys(WIRING.sources, 0)
    for tick in range(draw(st.integers(0, 10))):
        for source in WIRING.sources:
            if draw(st.integers(0, 9)) == 0:
                value[source] = 0
            value[source] += draw(st.integers(0, 100_000))
            if draw(st.integers(0, 9)) > 0:
                at_ms = tick * 5_000 + 2_000
                found.append(Reading(source=source, at_ms=at_ms, value_mj=value[source]))
    return found
