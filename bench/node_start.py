"""A node's start with a million past workloads: `allod up` until it takes work.

The past is made of copies: one workload really runs and ends on a real node, and its leaves, rows,
act and answer are copied in the database under a million other names, as if they all had come and
gone before the snapshot. Then the node is started

- after an orderly end, when its snapshot is as new as its log, and
- after SIGKILL with as many submissions behind the snapshot as can be, all of which it decides anew
  and compares with its log before it takes work.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import psycopg

from allod.adapters.postgres import EmbeddedServer
from bench import federation_world as world
from bench.figures import Figure, command
from bench.http_submit import COUNTRIES
from bench.nodes import RunningNode, allod, running

PAST: Final = 1_000_000
#: A snapshot is taken every 5,000 events; fewer by what the node's own start and tokens add.
BEHIND: Final = 4_900

#: Copies of what stands about the one workload that ran; %(id)s is its id, %(past)s how many.
COPIES: Final = """
SET maintenance_work_mem = '1GB';
CREATE TEMP TABLE one AS
    SELECT leaf.*, (row_number() OVER (ORDER BY seq) - 1) AS place, count(*) OVER () AS leaves
    FROM allod.leaf JOIN allod.workload_leaf USING (seq) WHERE workload_id = %(id)s;
CREATE TEMP TABLE base AS
    SELECT tail_seq, (SELECT max(ordinal) FROM allod.workload) AS ordinal FROM allod.meta;
INSERT INTO allod.leaf
    SELECT tail_seq + i * leaves + place, at_s, kind,
        convert_to(replace(convert_from(body, 'UTF8'), '"' || %(id)s || '"',
                           '"w' || (ordinal + 1 + i) || '"'), 'UTF8')
    FROM base, generate_series(0, %(past)s - 1) AS i, one;
INSERT INTO allod.workload_leaf
    SELECT 'w' || (ordinal + 1 + i), tail_seq + i * leaves + place
    FROM base, generate_series(0, %(past)s - 1) AS i, one;
INSERT INTO allod.workload
    SELECT 'w' || (base.ordinal + 1 + i), base.ordinal + 1 + i, project, class, site, pool, state,
        accelerators, submitted_at_s, started_at_s, ended_at_s, run, exit_status, spec, reasons,
        tail_seq + i * leaves + leaves - 1
    FROM base, generate_series(0, %(past)s - 1) AS i, allod.workload,
        (SELECT max(leaves) AS leaves FROM one) AS counted
    WHERE workload_id = %(id)s;
INSERT INTO allod.act
    (act_id, workload_id, run, verb, body, not_before_s, state, attempts, detail)
    SELECT 'w' || (base.ordinal + 1 + i) || '.1.start', 'w' || (base.ordinal + 1 + i),
        run, verb, body,
        not_before_s, state, attempts, detail
    FROM base, generate_series(0, %(past)s - 1) AS i, allod.act WHERE workload_id = %(id)s;
INSERT INTO allod.answer
    SELECT key || i, request_digest, status, body, at_s
    FROM generate_series(0, %(past)s - 1) AS i, allod.answer;
UPDATE allod.meta SET tail_seq = tail_seq + added, views_seq = tail_seq + added
    FROM (SELECT max(leaves) * %(past)s AS added FROM one) AS more;
UPDATE allod.snapshot SET seq = (SELECT tail_seq FROM allod.meta)
    WHERE seq = (SELECT max(seq) FROM allod.snapshot);
"""
#: The tables that grow with the past.
TABLES: Final = "'leaf', 'workload_leaf', 'workload', 'act', 'answer'"
#: Statements that make the indexes of these tables as they are now: those of constraints first.
INDEXES: Final = f"""
SELECT format('ALTER TABLE allod.%I ADD CONSTRAINT %I %s',
    relname, conname, pg_get_constraintdef(c.oid))
FROM pg_constraint AS c JOIN pg_class AS r ON r.oid = c.conrelid
WHERE relnamespace = 'allod'::regnamespace AND relname IN ({TABLES}) AND contype IN ('p', 'u')
UNION ALL
SELECT indexdef FROM pg_indexes
WHERE schemaname = 'allod' AND tablename IN ({TABLES})
    AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
#: Statements that drop them.
WITHOUT: Final = f"""
SELECT format('ALTER TABLE allod.%I DROP CONSTRAINT %I', relname, conname)
FROM pg_constraint AS c JOIN pg_class AS r ON r.oid = c.conrelid
WHERE relnamespace = 'allod'::regnamespace AND relname IN ({TABLES}) AND contype IN ('p', 'u')
UNION ALL
SELECT format('DROP INDEX allod.%I', indexname) FROM pg_indexes
WHERE schemaname = 'allod' AND tablename IN ({TABLES})
    AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""


def live_one(node: RunningNode) -> str:
    """The id of a workload that has run and ended on `node`."""
    headers = {"Authorization": f"Bearer {node.token}", "Idempotency-Key": "one"}
    spec = {
        "project": "past",
        "accelerators": 1,
        "wall_time_s": 60,
        "sites": ["here"],
        "command": ["true"],
    }
    with httpx.Client(base_url=node.url, headers=headers, timeout=60) as client:
        answer = client.post("/v1/workloads", json=world.document("Workload", "one", **spec))
        answer.raise_for_status()
        workload_id = answer.headers["Location"].rpartition("/")[2]
        until_s = time.monotonic() + 60
        while client.get(f"/v1/workloads/{workload_id}").json()["state"] != "completed":
            if time.monotonic() > until_s:
                raise TimeoutError("the one workload has not ended in a minute")
            time.sleep(0.1)
    return workload_id


def copy_past(folder: Path, workload_id: str) -> None:
    """Copy what stands about the workload under a million other names."""
    server = EmbeddedServer(folder)
    server.start()
    try:
        with psycopg.ClientCursor(psycopg.connect(server.url())) as cursor:
            cursor.execute("SET synchronous_commit = off")
            # Rows first and indexes afterwards: a third of the time.
            with_indexes = [statement for (statement,) in cursor.execute(INDEXES).fetchall()]
            for (statement,) in cursor.execute(WITHOUT).fetchall():
                cursor.execute(statement.encode())
            cursor.execute(COPIES.encode(), {"id": workload_id, "past": PAST})
            for statement in with_indexes:
                cursor.execute(statement.encode())
            cursor.connection.commit()
            cursor.connection.autocommit = True
            cursor.execute("VACUUM (ANALYZE)")
            cursor.connection.close()
    finally:
        server.stop()


def documents(today_s: int) -> list[dict[str, Any]]:
    """The world: three sites without a runner, and one that runs processes."""
    phase = {"name": "all", "state": "live", "accelerators": {"p": 8}}
    pool = {"name": "p", "accelerator": "unit"}
    own: dict[str, Any] = {"title": "Here", "country": "AT", "operator": "operator-at"}
    return [
        *world.documents(COUNTRIES, today_s),
        world.document(
            *("Site", "here"),
            **own,
            management=None,
            metadata=None,
            pools=[pool],
            phases=[phase],
        ),
        world.document("Project", "past", country="AT"),
    ]


def seconds_of_start(folder: Path) -> tuple[float, dict[str, Any]]:
    """How long `allod up` takes, and what it tells."""
    began_s = time.perf_counter()
    told = json.loads(allod("up", "--data", str(folder), "--port", "0", "--json"))
    return time.perf_counter() - began_s, told


def submit_behind(told: dict[str, Any], folder: Path) -> None:
    """Submit to a node as many workloads as it may have behind its snapshot."""
    token = (folder / "token").read_text(encoding="utf-8")
    projects = [name for name, _ in world.projects(COUNTRIES)]
    client = (sys.executable, "-m", "bench.http_client", told["url"], "32", str(BEHIND))
    subprocess.run(
        [*client, *projects], check=True, input=token, text=True, stdout=subprocess.DEVNULL
    )


def measure() -> list[Figure]:
    """Both starts."""
    with TemporaryDirectory(prefix="allod-bench-") as name:
        folder = Path(name)
        today_s = int(time.time()) // world.DAY_S * world.DAY_S
        with running(folder) as node:
            node.apply(world.as_yaml(*documents(today_s)))
            workload_id = live_one(node)
        copy_past(folder, workload_id)
        try:
            orderly_s, told = seconds_of_start(folder)
            submit_behind(told, folder)
            os.kill(told["pid"], signal.SIGKILL)
            killed_s, _ = seconds_of_start(folder)
        finally:
            allod("down", "--data", str(folder))
    return [
        Figure(
            name="node start, 1 M past workloads",
            value=killed_s,
            unit="s",
            at_most=10,
            note=f"after SIGKILL, {BEHIND:,} submissions behind the snapshot",
        ),
        Figure(name="node start, orderly end", value=orderly_s, unit="s", at_most=10),
    ]


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
