"""A queue of a million workloads in the control room: is it scrolled, and what does it hold?

The API is the node's own, in a process beside the browser; behind it stands the node of the API's
tests, with rows that are made where they are asked for.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, expect

from allod.api import create_app
from allod.run.node_views import Counted, Page, State, WorkloadQuery, WorkloadView
from allod.web import pages
from bench.browser import Counters, live, window
from bench.figures import Figure
from tests.api.fake_node import START_S, FakeNode
from tests.api.serving import serving

ROWS: Final = 1_000_000
STATES: Final = (State.COMPLETED, State.WAITING, State.RUNNING, State.FAILED)
#: Where the queue is looked at, as parts of the whole: from top to bottom and back, and all about.
PLACES: Final = [*(place / 40 for place in range(41)), 0.0, 0.5, 1.0, 0.123, 0.987, 0.333, 0.0]


def row(number: int) -> WorkloadView:
    """The workload that was asked for as `number`th; the first is 1."""
    return WorkloadView(
        workload_id=f"w{number}",
        name=f"train-{number * 7919 % ROWS}-llm",
        state=STATES[number % len(STATES)],
        project=f"project-{number % 200}",
        kind="batch",
        accelerators=1 << number % 10,
        wall_time_s=3600,
        submitted_at_s=START_S - ROWS + number,
        site=f"site-{number % 5}",
        pool="gb300",
        access_class="open",
        actor="ada",
        spec={"command": ["python", "train.py", "--steps", "100000"], "project": "x"},
        seq=number,
        changed_seq=number,
    )


class LongNode(FakeNode):
    """A node with a million workloads, the newest first in every list."""

    def workloads(
        self,
        query: WorkloadQuery | None = None,
        *,
        skip: int = 0,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[WorkloadView]:
        """A part of the list."""
        newest = (ROWS + 1 if after is None else min(ROWS + 1, int(after))) - skip
        items = tuple(row(number) for number in range(newest - 1, max(0, newest - 1 - limit), -1))
        return Page(items, str(items[-1].seq) if items and items[-1].seq > 1 else None)

    def workloads_count(self, query: WorkloadQuery | None = None) -> Counted:
        """All of them."""
        return Counted(count=ROWS, at_seq=ROWS)


@contextmanager
def served() -> Iterator[str]:
    """The address of such a node, in a process of its own, while the block lasts."""
    command = [sys.executable, "-m", "bench.control_room_queue"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        # It ends with its input, also where this process is killed.
        process.communicate("")


def measure_queue(browser: Browser) -> list[Figure]:
    """Memory and rows after a way through all of it."""
    with served() as url, window(browser, url) as page:
        page.goto("/#/queue")
        live(page)
        scroller = page.locator("[role=grid]")
        rows = scroller.locator("a[href^='#/workload/w']")
        expect(rows.first).to_be_visible(timeout=30_000)
        counters = Counters(page)
        heap_mb, process_mb, nodes, waits_ms = 0.0, 0.0, 0.0, []
        for place in PLACES:
            waits_ms.append(
                page.evaluate(
                    """async ([place, rows]) => {
                      const grid = document.querySelector("[role=grid]");
                      const begun_ms = performance.now();
                      grid.scrollTop = place * (grid.scrollHeight - grid.clientHeight);
                      // The row that stands there, of `rows`, within a screen.
                      const wanted = rows - place * rows;
                      const there = () => [...grid.querySelectorAll("a[href^='#/workload/w']")]
                        .some((a) => Math.abs(Number(a.hash.slice(12)) - wanted) < rows / 1000);
                      while (!there() && performance.now() - begun_ms < 10_000)
                        await new Promise(requestAnimationFrame);
                      if (!there()) throw new Error(`no rows at ${place}`);
                      return performance.now() - begun_ms;
                    }""",
                    [place, ROWS],
                )
            )
            now = counters.now()
            heap_mb = max(heap_mb, now["JSHeapUsedSize"] / 1e6)
            nodes = max(nodes, now["Nodes"])
            process_mb = max(process_mb, counters.process_mb())
        kept_mb = counters.swept()["JSHeapUsedSize"] / 1e6
        drawn = rows.count()
    return [
        Figure(
            name="queue of 1 M rows, JS heap",
            value=heap_mb,
            unit="MB",
            at_most=200,
            note=f"at most, not swept; swept {kept_mb:.0f} MB; {drawn} rows drawn, at most "
            f"{nodes:,.0f} DOM nodes not yet swept",
        ),
        Figure(
            name="queue of 1 M rows, its process",
            value=process_mb,
            unit="MB",
            at_most=200,
            note="at most: heap, document, styles and Chromium's own code in it",
        ),
        Figure(
            name="queue, a jump to any place",
            value=max(waits_ms),
            unit="ms",
            note=f"until its rows are drawn, the slowest of {len(PLACES)}",
        ),
    ]


if __name__ == "__main__":
    with serving(create_app(LongNode(), pages=pages())) as shown:
        print(shown.url, flush=True)
        sys.stdin.read()
