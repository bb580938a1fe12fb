"""What a node counts about itself, for Prometheus; every node has a registry of its own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0
)  # fmt: skip
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """The node's counters, histograms and gauges."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.leaves = Counter(
            "allod_leaves", "Records that became durable.", registry=self.registry
        )
        self.decisions = Counter(
            "allod_decisions", "Decisions by kind.", ["kind"], registry=self.registry
        )
        self.requests_refused = Counter(
            "allod_requests_refused",
            "Requests that could not be accepted, by code of the error.",
            ["code"],
            registry=self.registry,
        )
        self.acts = Counter(
            "allod_acts",
            "Answers of runners (done, refused, unknown) by verb.",
            ["verb", "answer"],
            registry=self.registry,
        )
        self.rebuilds = Counter(
            "allod_rebuilds",
            "Times the node had to start anew from its log.",
            registry=self.registry,
        )
        self.decide_seconds = Histogram(
            "allod_decide_seconds",
            "Time to decide about one event.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.append_seconds = Histogram(
            "allod_append_seconds",
            "Time to make one batch durable.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.batch_requests = Histogram(
            "allod_batch_requests",
            "Requests answered by one append.",
            buckets=_SIZES,
            registry=self.registry,
        )
        self.waiting = Gauge(
            "allod_workloads_waiting", "Workloads that wait.", registry=self.registry
        )
        self.holding = Gauge(
            "allod_workloads_running", "Workloads that hold room.", registry=self.registry
        )
        self.queue = Gauge(
            "allod_queue_requests", "Requests not yet looked at.", registry=self.registry
        )
        self.ready = Gauge(
            "allod_ready", "1 if the node takes and decides work.", registry=self.registry
        )
        self.out_of_reach = Gauge(
            "allod_runner_out_of_reach",
            "1 if the runner does not answer.",
            ["runner"],
            registry=self.registry,
        )
