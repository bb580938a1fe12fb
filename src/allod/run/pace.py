"""The pace of a node: how often it looks around, and with how many hands."""

from __future__ import annotations

from dataclasses import dataclass

from allod.run.ports import Cluster, Runner


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a node looks around, and with how many hands."""

    runner_threads: int = 4
    cluster_threads: int = 20  #: Acts that one cluster is given at a time. [1]
    poll_s: float = 0.1  #: How often runners are asked what has ended. [s]
    observe_s: float = 5.0  #: How often they are asked about all that is placed. [s]

    def threads(self, runner: Runner) -> int:
        """How many acts `runner` is given at a time."""
        return self.cluster_threads if isinstance(runner, Cluster) else self.runner_threads
