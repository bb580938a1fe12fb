"""After the warm-up nothing is left to compile, so no first workload waits for a compiler."""

from __future__ import annotations

from allod.decide.kernel import asleep, blocked, ends, hours, passes, place, steps
from allod.decide.warm import warm


def test_every_function_that_the_engine_calls_is_compiled():
    warm()
    for function in (
        place.new_job,
        place.need_pass,
        place.readmit,
        place.readmit_span,
        steps.submit,
        passes.settle,
        steps.advance,
        steps.ended,
        steps.requeue,
        steps.withdraw,
        blocked.blocked,
        blocked.ahead_of,
        ends.add_watts,
        asleep.enter,
        asleep.is_sure,
        asleep.unsure,
        hours.best_start,
    ):
        assert function.signatures, function.__name__
