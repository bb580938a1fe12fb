"""Lists of a million workloads, at any place and by any filter: `python -m bench.workload_lists`.

The rows lie in PostgreSQL as a node leaves them, with a spec and a decision each; the lists read
them as a node does when it starts. Each figure is the slowest median of its questions: a page of
100 rows as the API answers with it (found, read, made JSON), or a count. What HTTP adds is in
`bench.http_submit`.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Final

import orjson
import psycopg

from allod.adapters.postgres import EmbeddedServer, Store
from allod.api import views
from allod.run.node_views import LIVE_STATES, Sort, State, WorkloadQuery
from allod.run.standing import workload_view
from allod.run.workload_lists import WorkloadLists
from bench.figures import Figure, command

ROWS: Final = 1_000_000
LIMIT_MS: Final = 100.0
ROUNDS: Final = 7
SKIPS: Final = (0, 1_000, 500_000, 900_000, 999_900)

FILL: Final = """
INSERT INTO allod.workload
SELECT 'w' || i, i, 'project-' || i %% 200, CASE WHEN i %% 3 = 0 THEN 'anchor' ELSE 'open' END,
    CASE WHEN state = 'waiting' THEN '' ELSE 'site-' || i %% 5 END,
    CASE WHEN state = 'waiting' THEN '' ELSE 'pool' END,
    state, (1 << (i * 7 %% 10)::int), 1700000000 + i,
    CASE WHEN state = 'waiting' THEN NULL ELSE 1700000060 + i END,
    CASE WHEN state IN ('waiting', 'running') THEN NULL ELSE 1700003660 + i END,
    CASE WHEN state = 'waiting' THEN 0 ELSE 1 END, NULL,
    format('{"actor":"ada","name":"train-%%s-llm","seq":%%s,"spec":{"accelerators":%%s,'
        '"command":["python","train.py","--steps","100000"],"environment":{"A":"1","B":"2"},'
        '"project":"project-%%s","wall_time_s":3600}}',
        i * 7919 %% 1000000, i * 4, 1 << (i * 7 %% 10)::int, i %% 200),
    CASE WHEN state = 'waiting' THEN format(
        '{"decision":{"at_s":1700000000,"basis":"wall times of running work","expected_at_s":%%s,'
        '"reasons":[%%s],"workload_id":"w%%s"},"kind":"decision/Hold","placed":{}}',
        1700010000 + i, reasons, i)
    ELSE format('{"decision":{"reasons":[%%s]},"kind":"decision/Placement","placed":'
        '{"ends_at_s":1700003660,"nodes":[[1,4],[2,4]],"placed_at_s":1700000060,"power_w":9000}}',
        reasons) END,
    i * 4 + 3
FROM generate_series(1, %(rows)s::bigint) AS i, LATERAL (SELECT CASE
        WHEN i %% 100 = 0 THEN 'waiting' WHEN i %% 200 = 1 THEN 'running'
        WHEN i %% 20 = 2 THEN 'failed' ELSE 'completed' END AS state) AS stands,
    (SELECT string_agg(format(
        '{"actual":"0","code":"too-few-free","forever":false,"message":"needs 8 accelerators, 0 '
        'are free","needed":"8","origin":"Site/site-%%s","pool":"pool","site":"site-%%s","step":5}',
        site, site), ',') AS reasons FROM generate_series(0, 4) AS site) AS told
"""


def fill(store: Store, url: str) -> None:
    """Write the rows."""
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(FILL.encode(), {"rows": ROWS})
        session.execute("VACUUM ANALYZE allod.workload")
    assert store.workload(f"w{ROWS}") is not None


def median_ms(ask: Callable[[], object]) -> float:
    """Median time of a question, once it was asked."""
    took_ms = []
    for _ in range(ROUNDS + 1):
        began_s = time.perf_counter()
        ask()
        took_ms.append((time.perf_counter() - began_s) * 1e3)
    return statistics.median(took_ms[1:])


def slowest(name: str, asked: dict[str, Callable[[], object]]) -> Figure:
    """The slowest median of some questions."""
    found = {what: median_ms(ask) for what, ask in asked.items()}
    worst = max(found, key=found.__getitem__)
    note = f"{len(found)} questions; slowest: {worst}"
    return Figure(name=name, value=found[worst], unit="ms", at_most=LIMIT_MS, note=note)


def measure() -> list[Figure]:
    """Load, then ask."""
    with tempfile.TemporaryDirectory(prefix="allod-bench-") as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            with Store.open(server.url()) as store:
                fill(store, server.url())
                return _measured(store)
        finally:
            server.stop()


def _measured(store: Store) -> list[Figure]:
    lists = WorkloadLists(store, workload_view)
    began_s = time.perf_counter()
    lists.load()
    assert lists.count(WorkloadQuery()).count == ROWS
    load_s = time.perf_counter() - began_s
    ended = WorkloadQuery(states=frozenset(State) - LIVE_STATES)
    queries = {
        "all": WorkloadQuery(),
        "ended": ended,
        "live": WorkloadQuery(states=LIVE_STATES),
        "a project's completed": WorkloadQuery(
            states=frozenset({State.COMPLETED}), project="project-7", access_class="open"
        ),
        "a site's": WorkloadQuery(site="site-3"),
    }
    texts = {
        f"q={text}": WorkloadQuery(text=text)
        for text in ("train", "llm", "0079", "train-000123", "w12", "zzz", "1")
    }

    def page(query: WorkloadQuery, sort: Sort, skip: int) -> bytes:
        found = lists.page(WorkloadQuery(**{**_fields(query), "sort": sort}), skip=skip, limit=100)
        return orjson.dumps(views.page([views.workload(one) for one in found.items], found))

    def pages(some: dict[str, WorkloadQuery], sort: Sort) -> dict[str, Callable[[], object]]:
        return {
            f"{name} from {skip:,}": lambda query=query, skip=skip: page(query, sort, skip)
            for (name, query), skip in product(some.items(), SKIPS)
        }

    return [
        Figure(name="read at the start of a node", value=load_s, unit="s", note="beside its work"),
        slowest("a page by submission", pages(queries, Sort.SUBMITTED)),
        slowest("a page by accelerators", pages(queries, Sort.ACCELERATORS)),
        slowest("a page by expected start", pages(queries, Sort.EXPECTED)),
        slowest("a page by part of the name", pages(texts, Sort.SUBMITTED)),
        slowest(
            "a count",
            {
                name: lambda query=query: lists.count(query)
                for name, query in (queries | texts).items()
            },
        ),
    ]


def _fields(query: WorkloadQuery) -> dict[str, object]:
    return {name: getattr(query, name) for name in WorkloadQuery.__dataclass_fields__}


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
