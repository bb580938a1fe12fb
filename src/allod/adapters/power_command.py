"""The operator's command that sets power limits: its arguments, and what its end means. No I/O."""

from __future__ import annotations

from collections.abc import Sequence

from allod.errors import RunnerRefused, RunnerUnknown
from allod.run.ports import LimitAnswer, PowerLimitOrder

#: How long it may take; less than what any runner waits for an answer, so that it is over when it
#: is asked for again, wherever it runs. [s]
MOST_S = 20
_TIMED_OUT = (124, 137)  #: timeout's own statuses: it has ended the command, or killed it.
_NEVER_RAN = (126, 127)  #: The command is no program, or not there.
_SAID_MOST = 300


def argv(order: PowerLimitOrder, allocation: str, nodes: Sequence[str]) -> list[str]:
    """The command for `order`: a list, never a shell string, and ended when its time is over."""
    words = [allocation, ",".join(nodes), str(order.limit_w)]
    return ["timeout", "--kill-after=2", str(MOST_S), *order.command, *words]


def answer_of(order: PowerLimitOrder, exit_status: int, said: str) -> LimitAnswer:
    """What the end of the command means.

    Raises:
        RunnerRefused: It has never run.
        RunnerUnknown: It was ended before it was done.
    """
    if exit_status == 0:
        return LimitAnswer(done=True)
    words = f"{order.command[0]} ended with status {exit_status}"
    words += f": {said.strip()[:_SAID_MOST]}" if said.strip() else ""
    if exit_status in _TIMED_OUT or exit_status < 0:
        raise RunnerUnknown(f"{words}; it has had {MOST_S} s")
    if exit_status in _NEVER_RAN:
        raise RunnerRefused(words, mend="see capping.command in the site's document")
    return LimitAnswer(done=False, detail=words)
