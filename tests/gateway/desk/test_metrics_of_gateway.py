"""Metrics: sums that the database gives become what Prometheus reads."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from allod.gateway.loads import Loads
from allod.gateway.metrics import Metrics
from allod.run.serving.tally import Tally


def test_times_count_in_every_bound_that_holds_them() -> None:
    metrics = Metrics(Loads())
    metrics.count(
        [
            Tally("chat", "oslo", "chat", "completed", "none", 1, 0, 2, 1, 1, 1, None, 40, 60),
            Tally("chat", "oslo", "chat", "left", "measured", 12, 12, 3, 1, 1, 1, 2500, 9, 9),
        ]
    )
    found = {
        (sample.name.removeprefix("allod_gateway_"), sample.labels.get("le")): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }
    first = "first_byte_seconds"
    assert [found[f"{first}_bucket", le] for le in ("0.01", "0.025", "60.0", "+Inf")] == [
        0,
        2,
        2,
        5,
    ]
    assert (found[f"{first}_count", None], found[f"{first}_sum", None]) == (5, 0.049)
    # Only calls that came to their end say how long one takes.
    assert found["request_seconds_bucket", "0.05"] == found["request_seconds_count", None] == 2
    assert found["energy_joules_total", None] == 2.5
