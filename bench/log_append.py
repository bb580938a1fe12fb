"""Durable appends to the log, beside a bare insert of the same bytes: `python -m bench.log_append`.

Both run on one embedded server in the same minute, a batch of each in turn, so that what else
the machine does hits both. Every batch is one transaction, on the disk when it returns.

- `append`: `Store.append` with leaves only: fence, leaves, commit.
- `append, views`: the same with what a live batch brings: a workload's row and a mark for each
  leaf, an act for every fourth.
- `bare insert`: one `INSERT ... SELECT unnest(...)` into a table like `leaf`, nothing else.
- `bare copy`: the same rows by binary `COPY`.

Limits: at least 20,000 leaves/s, and a median batch at most 1.3 times that of the bare insert.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg
import psycopg.conninfo

from allod.adapters.postgres import EmbeddedServer, Store
from allod.run.log import Act, Leaf, ViewChange, WorkloadLeaf, WorkloadRow

LEAVES_PER_S_MIN: Final = 20_000
RATIO_MAX: Final = 1.3
BATCH: Final = 256
BODY_BYTES: Final = 600
WARM_UP: Final = 10  #: Batches that warm plans and caches and do not count.

INSERT: Final = """
INSERT INTO bare (seq, at_s, kind, body)
SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::bytea[])
"""

Way = Callable[[list[Leaf]], None]


def batch(first: int, dice: random.Random) -> list[Leaf]:
    """Return leaves whose bytes look like JSON and do not compress to nothing."""
    return [
        Leaf(seq, 1_700_000_000 + seq, "event/WorkloadSubmitted", _body(dice))
        for seq in range(first, first + BATCH)
    ]


def _body(dice: random.Random) -> bytes:
    return b'{"spec":"' + dice.randbytes((BODY_BYTES - 11) // 2).hex().encode() + b'"}'


def live_views(leaves: list[Leaf]) -> tuple[ViewChange, list[Act]]:
    """Return what the controller writes with such a batch."""
    workloads = [
        WorkloadRow(
            f"w-{leaf.seq}", leaf.seq, "project-a", "national", "narvik", "gb300", "running", 8,
            leaf.at_s, leaf.at_s, None, 1, None, leaf.body.decode(), "[]", leaf.seq,
        )
        for leaf in leaves
    ]  # fmt: skip
    marks = [WorkloadLeaf(f"w-{leaf.seq}", leaf.seq) for leaf in leaves]
    acts = [
        Act(f"w-{leaf.seq}/1/start", f"w-{leaf.seq}", 1, "start", b"{}") for leaf in leaves[::4]
    ]
    return ViewChange(workloads=workloads, workload_leaves=marks), acts


def bare_insert(session: psycopg.Connection[tuple[object, ...]], leaves: list[Leaf]) -> None:
    """Insert the same bytes with nothing around it."""
    session.execute(
        INSERT,
        [
            [leaf.seq for leaf in leaves],
            [leaf.at_s for leaf in leaves],
            [leaf.kind for leaf in leaves],
            [leaf.body for leaf in leaves],
        ],
    )


def bare_copy(session: psycopg.Connection[tuple[object, ...]], leaves: list[Leaf]) -> None:
    """Copy the same bytes with nothing around it."""
    with (
        session.cursor() as cursor,
        cursor.copy("COPY bare_copy FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.set_types(["int8", "int8", "text", "bytea"])
        for leaf in leaves:
            copy.write_row((leaf.seq, leaf.at_s, leaf.kind, leaf.body))


def measure(url: str, batches: int) -> dict[str, list[float]]:
    """Return the seconds of every batch, for each way."""
    with (
        Store.open(url) as store,
        Store.open(_another_database(url)) as store_with_views,
        psycopg.connect(url, autocommit=True) as session,
    ):
        for table in ("bare", "bare_copy"):
            session.execute(f"CREATE TABLE {table} (LIKE allod.leaf INCLUDING ALL)".encode())
        ways: dict[str, Way] = {
            "append": lambda leaves: store.append(leaves, ViewChange()),
            "bare insert": lambda leaves: bare_insert(session, leaves),
            "append, views": lambda leaves: store_with_views.append(leaves, *live_views(leaves)),
            "bare copy": lambda leaves: bare_copy(session, leaves),
        }
        spent: dict[str, list[float]] = {name: [] for name in ways}
        dice = random.Random(1)
        order = list(ways)
        for turn in range(WARM_UP + batches):
            leaves = batch(turn * BATCH, dice)
            dice.shuffle(order)  # So that none always comes behind the same other one.
            for name in order:
                begin_s = time.perf_counter()
                ways[name](leaves)
                spent[name].append(time.perf_counter() - begin_s)
    return {name: seconds[WARM_UP:] for name, seconds in spent.items()}


def _another_database(url: str) -> str:
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("CREATE DATABASE with_views")
    return psycopg.conninfo.make_conninfo(url, dbname="with_views")


def main() -> int:
    """Print the figures; exit status 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batches", type=int, default=200, help=f"of {BATCH} leaves each")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="allod-bench-") as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            spent = measure(server.url(), given.batches)
        finally:
            server.stop()
    rates = {name: BATCH * given.batches / sum(seconds) for name, seconds in spent.items()}
    middle_s = {name: statistics.median(seconds) for name, seconds in spent.items()}
    ratio = middle_s["append"] / middle_s["bare insert"]
    if given.json:
        print(json.dumps({"leaves_per_s": rates, "batch_s": middle_s, "ratio_to_bare": ratio}))
    else:
        print(f"{given.batches} batches of {BATCH} leaves of {BODY_BYTES} bytes, each durable")
        for name, rate in rates.items():
            times = middle_s[name] / middle_s["bare insert"]
            print(
                f"{name:14} {rate:8,.0f} leaves/s, median batch {1000 * middle_s[name]:6.2f} ms, "
                f"{times:5.2f} x bare insert"
            )
        print(f"limits: append >= {LEAVES_PER_S_MIN:,} leaves/s, <= {RATIO_MAX} x bare insert")
    return int(rates["append"] < LEAVES_PER_S_MIN or ratio > RATIO_MAX)


if __name__ == "__main__":
    raise SystemExit(main())
