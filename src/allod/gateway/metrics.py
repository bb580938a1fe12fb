"""The gateway's metrics: calls, tokens, times and energy by service and site, never by project."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client import Counter as CounterMetric
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from allod.gateway.loads import Loads
from allod.run.serving.tally import FIRST_MS, TOOK_MS, Tally

_WHERE = ("service", "site")


class Metrics:
    """Counted as records become durable, so a scrape never says more than is billed."""

    def __init__(self, loads: Loads) -> None:
        self._loads = loads
        self._registry = registry = CollectorRegistry()
        self._requests = CounterMetric(
            "allod_gateway_requests",
            "Calls that ended",
            [*_WHERE, "operation", "outcome"],
            registry=registry,
        )
        self._tokens = CounterMetric(
            "allod_gateway_tokens", "Tokens counted", [*_WHERE, "kind"], registry=registry
        )
        self._energy = CounterMetric(
            "allod_gateway_energy_joules",
            "Energy of calls where it is known",
            [*_WHERE, "method"],
            registry=registry,
        )
        self._first = _Times(
            "allod_gateway_first_byte_seconds",
            "From the coming of a call to the first byte of its answer",
            FIRST_MS,
        )
        self._took = _Times(
            "allod_gateway_request_seconds", "From the coming of a call to its end", TOOK_MS
        )
        registry.register(self._first)
        registry.register(self._took)
        self._in_flight = Gauge(
            "allod_gateway_in_flight", "Calls at engines now", _WHERE, registry=registry
        )
        self._waiting = Gauge(
            "allod_gateway_waiting", "Calls that wait at the gateway now", _WHERE, registry=registry
        )

    def count(self, tallies: Sequence[Tally]) -> None:
        """Count records that are durable now and were not before."""
        for one in tallies:
            where = one.service, one.site
            self._requests.labels(*where, one.operation, one.outcome).inc(one.calls)
            self._tokens.labels(*where, "prompt").inc(one.prompt_tokens)
            self._tokens.labels(*where, "cached").inc(one.cached_tokens)
            self._tokens.labels(*where, "answer").inc(one.answer_tokens)
            if one.energy_mj is not None:
                self._energy.labels(*where, one.energy_method).inc(one.energy_mj / 1000)
            if one.first_within is not None and one.first_ms is not None:
                self._first.add(where, one.first_within, one.calls, one.first_ms)
            if one.outcome == "completed":
                self._took.add(where, one.took_within, one.calls, one.took_ms)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        self._in_flight.clear()
        self._waiting.clear()
        for load in self._loads.summed().loads:
            self._in_flight.labels(load.service, load.site).set(load.in_flight)
            self._waiting.labels(load.service, load.site).set(load.waiting)
        return generate_latest(self._registry)


@dataclass(slots=True)
class _Found:
    by_bound: list[int]  #: The last: beyond all bounds.
    sum_ms: int = 0


class _Times(Collector):
    """A histogram that takes many calls at once, which that of the library does not."""

    def __init__(self, name: str, described: str, bounds_ms: Sequence[int]) -> None:
        self._name, self._described = name, described
        self._bounds = [*(str(bound / 1000) for bound in bounds_ms), "+Inf"]
        self._found: dict[tuple[str, str], _Found] = {}
        #: Counted in one thread, read in another.
        self._mutex = threading.Lock()

    def add(self, where: tuple[str, str], within: int, calls: int, sum_ms: int) -> None:
        """So many calls within a bound, by its index, and their times together."""
        with self._mutex:
            found = self._found.get(where)
            if found is None:
                found = self._found[where] = _Found([0] * len(self._bounds))
            found.by_bound[within] += calls
            found.sum_ms += sum_ms

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """See `Collector`."""
        family = HistogramMetricFamily(self._name, self._described, labels=_WHERE)
        with self._mutex:
            for where, found in self._found.items():
                counts = accumulate(map(float, found.by_bound))
                buckets = list(zip(self._bounds, counts, strict=True))
                family.add_metric(where, buckets, found.sum_ms / 1000)
        yield family
