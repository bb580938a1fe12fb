"""The watches of a node: one on each of its runners, which come and go with the sites."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from allod.decide.outlook import NO_OUTLOOK, Outlook
from allod.domain.site import Site
from allod.run.ports import NO_CONTACT, Cluster, Runner
from allod.run.runners import Runners, close
from allod.run.sites import Link
from allod.run.watch import Watch


class Watches:
    """Keeps a watch on every runner there is, and on no other; safe to use from any thread."""

    def __init__(self, runners: Runners, make: Callable[[str, Runner], Watch]) -> None:
        self._runners, self._make = runners, make
        self._kept: dict[str, tuple[Runner, Watch]] = {}
        self._lock = threading.Lock()
        self._started = False

    def start(self) -> None:
        """Begin to watch."""
        with self._lock:
            self._started = True
            self._keep()

    def follow(self, sites: Mapping[str, Site], outlook: Outlook = NO_OUTLOOK) -> None:
        """Have a runner, and a watch on it, for every site as it is now and will be."""
        with self._lock:
            self._runners.follow(sites, outlook)
            if self._started:
                self._keep()

    def close(self) -> None:
        """Watch no more, and let the runners go; what runs goes on."""
        with self._lock:
            self._started = False
            kept, self._kept = self._kept, {}
        for runner, watch in kept.values():
            watch.close()
            close(runner)

    def away_since_s(self, runner: str) -> int | None:
        """Since when a runner does not answer; None if it does, or if there is none. [epoch s]"""
        found = self._kept.get(runner)
        return found and found[1].out_of_reach_since_s

    def links(self) -> dict[str, Link]:
        """How the talk with each runner goes."""
        return {
            name: Link(
                watch.out_of_reach_since_s,
                runner.contact() if isinstance(runner, Cluster) else NO_CONTACT,
            )
            for name, (runner, watch) in self._kept.items()
        }

    def _keep(self) -> None:
        kept = {
            name: (runner, watch)
            for name, (runner, watch) in self._kept.items()
            if self._runners.get(name) is runner
        }
        for name, (_, watch) in self._kept.items():
            if name not in kept:
                watch.let_go()
        for name, runner in self._runners.items():
            if name not in kept:
                kept[name] = (runner, self._make(name, runner))
                kept[name][1].start()
        self._kept = kept
