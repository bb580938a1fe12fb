"""The control room in Chromium, served by real nodes: first paint, weight, a storm of decisions,
the machines of a large site, and a queue of a million rows.

Chromium has its own process and draws in software (no GPU), on the machine that runs the node as
well. Each window begins with an empty cache. "Useful" is what shows the sites' figures, not a frame
that says that it is loading. The queue is served by the API over rows that are made where they are
asked for, so that what is measured is the page: how fast a database finds them is in
`bench.workload_lists`.
"""

from __future__ import annotations

import gzip
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, Page

from bench import federation_world as world
from bench.browser import ROOT, build, chromium, live, window
from bench.control_room_queue import measure_queue
from bench.figures import Figure, command
from bench.http_submit import COUNTRIES
from bench.nodes import RunningNode, running

PAINTS: Final = 7
STORM_PER_S: Final = 200
STORM_S: Final = 10
SUBMITTERS: Final = 16
UNITS: Final = 100_000  #: Accelerators of the large site.
LARGE: Final = 300  #: Workloads that run there.

#: Notes when the first site with its figures has been painted: a frame after it was drawn.
PAINTED: Final = """
new MutationObserver((_, observer) => {
  if (!document.querySelector("main section a[href^='#/site/']")) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("useful-paint")));
}).observe(document, { childList: true, subtree: true });
"""
#: Times of all frames for so many milliseconds.
FRAMES: Final = """(ms) => new Promise((done) => {
  const times = [];
  const tick = (at) => {
    times.push(at);
    if (at - times[0] < ms) requestAnimationFrame(tick);
    else done(times);
  };
  requestAnimationFrame(tick);
})"""


#: Waits for a mark. (Playwright's `wait_for_function` evaluates text, which the policy forbids.)
MARKED: Final = """async (name) => {
  const until_ms = performance.now() + 30_000;
  for (;;) {
    const [mark] = performance.getEntriesByName(name);
    if (mark) return [mark.startTime, mark.detail];
    if (performance.now() > until_ms) throw new Error(`no mark ${name} in 30 s`);
    await new Promise((go) => setTimeout(go, 5));
  }
}"""


def marked(page: Page, name: str) -> tuple[float, Any]:
    """When the page set a mark [ms since it was opened], and what it told with it."""
    at_ms, detail = page.evaluate(MARKED, name)
    return at_ms, detail


# ------------------------------------------------------------ how soon, how heavy


def first_paint(browser: Browser, node: RunningNode) -> list[Figure]:
    """The overview of the example world, with nothing in the cache."""
    times_ms = []
    for _ in range(PAINTS):
        with window(browser, node.url, PAINTED) as page:
            page.goto("/")
            times_ms.append(marked(page, "useful-paint")[0])
    return [
        Figure(
            name="first useful paint",
            value=median(times_ms) / 1000,
            unit="s",
            at_most=1,
            note=f"median of {PAINTS}, cold cache, loopback; slowest {max(times_ms):,.0f} ms",
        )
    ]


def weight() -> list[Figure]:
    """What has to come before anything shows, and the heaviest of what comes later, packed."""
    built = ROOT / "src/allod/web/built"
    index = (built / "index.html").read_text(encoding="utf-8")
    packed = {
        path: len(gzip.compress(path.read_bytes(), mtime=0)) / 1000
        for path in built.rglob("*")
        if path.suffix in (".js", ".css")
    }
    first = {built / name for name in re.findall(r'(?:src|href)="/(assets/[^"]+)"', index)}
    later = {path: size for path, size in packed.items() if path not in first}
    heaviest = max(later, key=lambda path: later[path])
    return [
        Figure(
            name="main script, packed",
            value=sum(packed[path] for path in first if path.suffix == ".js"),
            unit="kB",
            at_most=300,
            note="with all that it loads before it runs",
        ),
        Figure(
            name="heaviest later part, packed",
            value=later[heaviest],
            unit="kB",
            note=f"{heaviest.name.partition('-')[0]}; all parts {sum(packed.values()):.0f} kB",
        ),
    ]


# ------------------------------------------------------------ a storm of decisions


def submit(client: httpx.Client, name: str, **spec: Any) -> None:
    """Ask for a workload that somebody has room for."""
    document = world.document("Workload", name, wall_time_s=86_400, command=["train"], **spec)
    answer = client.post("/v1/workloads", json=document, headers={"Idempotency-Key": name})
    answer.raise_for_status()


def client_of(node: RunningNode) -> httpx.Client:
    """A connection that is kept, with the node's token."""
    return httpx.Client(
        base_url=node.url, headers={"Authorization": f"Bearer {node.token}"}, timeout=60
    )


@contextmanager
def storm(node: RunningNode) -> Iterator[list[float]]:
    """Submissions at a steady pace while the block lasts; gives when each was decided."""
    over, decided, numbers = threading.Event(), list[float](), count()
    projects = [name for name, _ in world.projects(COUNTRIES)]
    began_s = time.perf_counter()

    def keep_on() -> None:
        with client_of(node) as client:
            while not over.is_set():
                number = next(numbers)
                wait_s = began_s + number / STORM_PER_S - time.perf_counter()
                if wait_s > 0 and over.wait(wait_s):
                    return
                project = projects[number % len(projects)]
                submit(client, f"storm-{number}", project=project, accelerators=1)
                decided.append(time.perf_counter())

    threads = [threading.Thread(target=keep_on) for _ in range(SUBMITTERS)]
    for thread in threads:
        thread.start()
    try:
        yield decided
    finally:
        over.set()
        for thread in threads:
            thread.join()


def frames_in_storm(browser: Browser, node: RunningNode) -> list[Figure]:
    """Frames of the overview in its slowest second while decisions pour in."""
    with window(browser, node.url) as page:
        page.goto("/")
        live(page)
        with storm(node) as decided:
            time.sleep(2)
            before = len(decided)
            times_ms: list[float] = page.evaluate(FRAMES, STORM_S * 1000)
            rate = (len(decided) - before) / STORM_S
            live(page)
    seconds = [0] * STORM_S
    for at_ms in times_ms[1:]:
        seconds[min(STORM_S - 1, int((at_ms - times_ms[0]) / 1000))] += 1
    gap_ms = max(after - at for at, after in pairwise(times_ms))
    return [
        Figure(
            name="overview in a storm, slowest second",
            value=min(seconds),
            unit="frames/s",
            at_least=30,
            note=f"of {STORM_S}, median {median(seconds):.0f}, longest gap {gap_ms:.0f} ms",
        ),
        Figure(
            name="decisions that arrived meanwhile",
            value=rate,
            unit="/s",
            at_least=0.95 * STORM_PER_S,
        ),
    ]


# ------------------------------------------------------------ the machines of a large site


def large_site() -> list[dict[str, Any]]:
    """A site of one pool of `UNITS` accelerators in nodes of four, 18 to an NVLink domain."""
    pool = {
        "name": "gb300",
        "accelerator": "gb300-nvl72",
        "accelerators_per_node": 4,
        "nodes_per_nvlink_domain": 18,
        "power_per_accelerator_w": 1_900,
    }
    phase = {"name": "all", "state": "live", "accelerators": {"gb300": UNITS}}
    return [
        world.document(
            *("Site", "large"),
            title="A large one",
            country="AT",
            operator="operator-at",
            management=None,
            metadata=None,
            pools=[pool],
            phases=[phase],
        ),
        world.document("Project", "public", country="AT"),
    ]


def heat_map(browser: Browser, node: RunningNode) -> list[Figure]:
    """From the click on the machines until each has been drawn, and the drawing alone."""
    with client_of(node) as client:
        for number in range(LARGE):
            spec = {"project": "public", "sites": ["large"]}
            submit(client, f"large-{number}", accelerators=4 * (1 + number * 37 % 64), **spec)
    asked_ms, took_ms = [], []
    for _ in range(3):
        with window(browser, node.url) as page:
            page.goto("/#/site/large")
            live(page)
            page.wait_for_timeout(500)
            began_ms = page.evaluate(
                "() => { location.hash = '#/site/large?tab=machines'; return performance.now() }"
            )
            at_ms, told = marked(page, "heat-map-drawn")
            asked_ms.append(at_ms - began_ms)
            took_ms.append(told["took_ms"])
    return [
        Figure(
            name="heat map of 100,000 accelerators",
            value=median(asked_ms),
            unit="ms",
            at_most=500,
            note=f"from the click: {told['nodes']:,} nodes asked for, page's part loaded, drawn",
        ),
        Figure(name="heat map, the drawing alone", value=median(took_ms), unit="ms"),
    ]


def measure() -> list[Figure]:
    """All of it."""
    build()
    today_s = int(time.time()) // world.DAY_S * world.DAY_S
    figures = weight()
    with chromium() as browser, TemporaryDirectory(prefix="allod-bench-") as folder:
        with running(Path(folder, "example"), "--example") as node:
            figures += first_paint(browser, node)
        with running(Path(folder, "large")) as node:
            node.apply(world.as_yaml(*world.documents(COUNTRIES, today_s)))
            figures += frames_in_storm(browser, node)
            node.apply(world.as_yaml(*large_site()))
            figures += heat_map(browser, node)
        figures += measure_queue(browser)
    return figures


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
