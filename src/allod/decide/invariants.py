"""The rules as they must hold after every event, stated over the live work alone.

`check` adds up what runs, waits and is promised from the rows of live work, compares that with each
account that the kernel keeps, and then states the rules. Tests call it after each step.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from allod.decide import caps
from allod.decide.asleep import Asleep
from allod.decide.kernel import shadow
from allod.decide.kernel import state as k
from allod.domain.units import NEVER_S, instant_text

if TYPE_CHECKING:
    from allod.decide.engine import Engine


def check(engine: Engine) -> None:
    """Nothing if all is well.

    Raises:
        AssertionError: An account or a rule is broken; tells which, and the story.
    """
    jobs = _Jobs(engine)
    _check_rows(engine, jobs)
    _check_pools(engine, jobs)
    _check_nodes(engine, jobs)
    _check_ends(engine, jobs)
    _check_classes(engine, jobs)
    _check_caps(engine, jobs)
    _check_limits(engine, jobs)
    _check_queue(engine, jobs)
    _check_claims(engine, jobs)
    _check_reservations(engine, jobs)
    _check_budgets(engine)
    _check_asleep(engine)


class _Jobs:
    """The rows of live work, by what they do."""

    def __init__(self, engine: Engine) -> None:
        s = engine.state
        rows = [row for row in range(len(s.job)) if s.job[row]["state"] != k.FREE]
        known = sorted(live.row for live in engine.live.values() if live.row >= 0)
        assert rows == known, f"rows in use {rows}, rows of live work {known}"
        names = tuple(s.job.dtype.names or ())
        self.all: dict[int, dict[str, int]] = {
            row: dict(zip(names, s.job[row].tolist(), strict=True)) for row in rows
        }
        self.running = self._in_state(k.RUNNING)
        self.claimed = self._in_state(k.CLAIMED)
        self.waiting = self._in_state(k.WAITING)

    def _in_state(self, state: int) -> dict[int, dict[str, int]]:
        return {row: job for row, job in self.all.items() if job["state"] == state}


def _story(engine: Engine, row: int) -> str:
    """Who is in `row`, and what is known of it."""
    live = engine.by_row.get(row)
    job = engine.state.job[row]
    fields = {name: int(job[name]) for name in ("n", "state", "run", "start", "ends", "stop_at")}
    return f"{live.workload_id if live else f'row {row}'} {fields} at {instant_text(engine.now_s)}"


def _same(what: str, kept: object, counted: object) -> None:
    assert kept == counted, f"{what}: kept {kept}, counted {counted}"


def _path(engine: Engine, c: int) -> list[int]:
    """Class `c` and all around it, inside out."""
    found = []
    while c >= 0:
        found.append(c)
        c = int(engine.state.cls[c]["parent"])
    return found


def _check_rows(engine: Engine, jobs: _Jobs) -> None:
    """R4 and the counts: one row for each live workload, each in a state that can last."""
    s = engine.state
    for row, live in engine.by_row.items():
        assert live.row == row and engine.live.get(live.workload_id) is live, live.workload_id
        assert jobs.all[row]["state"] != k.NEW, f"neither waits nor runs: {_story(engine, row)}"
        _same(f"seq of {live.workload_id}", jobs.all[row]["seq"], live.seq)
    _same("running", int(s.number[k.RUNNING_N]), len(jobs.running))
    _same("waiting", int(s.number[k.WAITING_N]), len(jobs.waiting))
    _same("decisions left", int(s.number[k.DECIDED_N]), 0)
    _same("sites that need a pass", int(s.number[k.NEED_N]), 0)
    _same("clock", int(s.number[k.NOW]), engine.now_s)
    for rows, field, head, count in (
        (s.job, "next", k.JOB_FREE, k.JOBS_FREE_N),
        (s.bucket, "chain", k.BUCKET_FREE, k.BUCKETS_FREE_N),
        (s.block, "next", k.BLOCK_FREE, k.BLOCKS_FREE_N),
        (s.span, "next", k.SPAN_FREE, k.SPANS_FREE_N),
    ):
        seen, at = set(), int(s.number[head])
        while at >= 0:
            assert at not in seen, f"free list {field} goes round"
            seen.add(at)
            at = int(rows[at][field])
        _same(f"free rows {field}", int(s.number[count]), len(seen))
    _same("free jobs", int(s.number[k.JOBS_FREE_N]), len(s.job) - len(jobs.all))


def _check_pools(engine: Engine, jobs: _Jobs) -> None:
    """R3: never more than is live; the accounts of units, less what is reported to be out."""
    s = engine.state
    for p in range(len(s.pool)):
        pool, name = s.pool[p], engine.layout.pools[p]
        held = sum(job["n"] for job in jobs.running.values() if job["pool"] == p)
        promised = sum(job["n"] for job in jobs.claimed.values() if job["pool"] == p)
        assert held <= pool["units"], f"R3: {held} of {pool['units']} live units run in {name}"
        out, others_w = _reported(engine, p)
        _same(f"units of {name} that are out", int(pool["out"]), sum(out))
        _same(f"power of others in {name}", int(pool["others"]), others_w)
        if pool["per_node"] == 1:
            _same(f"free units of {name}", int(pool["free"]), int(pool["units"]) - held - sum(out))
        _same(f"promised units of {name}", int(pool["claimed"]), promised)


def _check_nodes(engine: Engine, jobs: _Jobs) -> None:
    """R1 and R2: every gang whole, on nodes that have it, in one NVLink domain if it asked so."""
    s = engine.state
    for p in range(len(s.pool)):
        pool, name = s.pool[p], engine.layout.pools[p]
        per_node, nodes = int(pool["per_node"]), int(pool["nodes"])
        if per_node == 1:
            continue
        units = int(pool["units"])
        free = [min(per_node, max(0, units - x * per_node)) for x in range(nodes)]
        out, _ = _reported(engine, p)
        for row, job in jobs.running.items():
            if job["pool"] == p:
                _check_gang(engine, row, job, free)
        free = [n - by for n, by in zip(free, out, strict=True)]
        left = [max(0, n) for n in free]  # Work may still stand on what is out.
        _same(f"free units of {name}", int(pool["free"]), sum(left))
        first = int(pool["node0"])
        kept = s.node_out[first : first + nodes].tolist()
        _same(f"out on nodes of {name}", kept, out)
        _same(f"free on nodes of {name}", s.node_free[first : first + nodes].tolist(), free)
        counts = Counter(left)
        kept = s.node_count[int(pool["count0"]) :][: per_node + 1].tolist()
        _same(f"nodes by free units of {name}", kept, [counts[x] for x in range(per_node + 1)])
        late = s.node_late[first : first + nodes].tolist()
        both = Counter(max(0, min(pair)) for pair in zip(free, late, strict=True))
        kept = s.late_count[int(pool["count0"]) :][: per_node + 1].tolist()
        _same(
            f"nodes by units free then too of {name}", kept, [both[x] for x in range(per_node + 1)]
        )
        width = int(pool["per_domain"])
        domains = [sum(left[x : x + width]) for x in range(0, nodes, width)]
        kept = s.domain_free[int(pool["domain0"]) :][: len(domains)].tolist()
        _same(f"free in NVLink domains of {name}", kept, domains)


def _reported(engine: Engine, p: int) -> tuple[list[int], int]:
    """What is out on each node of pool `p`, and what others draw [W], by its last report alone."""
    pool = engine.state.pool[p]
    out = [0] * (1 if pool["per_node"] == 1 else int(pool["nodes"]))
    report = engine.reports.get(engine.layout.pools[p])
    if report is None:
        return out, 0
    for node, n in report.out:
        out[node] = n
    return out, report.others_w


def _check_gang(engine: Engine, row: int, job: dict[str, int], free: list[int]) -> None:
    """Take the nodes of a running gang off `free`."""
    pool = engine.state.pool[job["pool"]]
    spans = engine.nodes_of(row)
    total = sum(n for _, n in spans)
    assert total == job["n"], f"R1: {total} units on nodes for {_story(engine, row)}"
    for node, n in spans:
        free[node] -= n
        assert free[node] >= 0, f"R3: node {node} is overfull with {_story(engine, row)}"
    if job["topology"] == k.DOMAIN:
        domains = {node // int(pool["per_domain"]) for node, _ in spans}
        assert len(domains) == 1, f"R2: NVLink domains {sorted(domains)} for {_story(engine, row)}"
    if job["topology"] == k.PACKED:
        parts = [n for _, n in spans if n < pool["per_node"]]
        assert len(parts) <= 1, f"R1: parts {parts} of nodes for {_story(engine, row)}"


def _site(s: k.State, job: dict[str, int]) -> int:
    return int(s.pool[job["pool"]]["site"])


def _check_ends(engine: Engine, jobs: _Jobs) -> None:
    """Blocks of ends: every running job once, in order, with the sums that searches rely on."""
    s = engine.state
    for p in range(len(s.pool)):
        name = engine.layout.pools[p]
        seen: list[int] = []
        last, before, b = -1, -1, int(s.pool[p]["ends_head"])
        while b >= 0:
            block = s.block[b]
            _same(f"block before {b} of {name}", int(block["prev"]), before)
            n = int(block["n"])
            rows = s.block_job[b, :n].tolist()
            for i, row in enumerate(rows):
                end = int(s.block_end[b, i])
                assert end >= last, f"ends of {name} are out of order"
                last = end
                _same(f"end of {_story(engine, row)}", end, jobs.running[row]["ends"])
                _same(f"block of {_story(engine, row)}", jobs.running[row]["block"], b)
            _same(f"units of block {b}", int(block["units"]), sum(jobs.all[r]["n"] for r in rows))
            seen += rows
            before, b = b, int(block["next"])
        _same(f"last block of {name}", int(s.pool[p]["ends_tail"]), before)
        own = [row for row, job in jobs.running.items() if job["pool"] == p]
        _same(f"running in {name}", sorted(seen), own)
        _same(f"number running in {name}", int(s.pool[p]["running"]), len(own))
    for t, site in enumerate(engine.layout.sites):
        chain, row = [], int(s.site[t]["youngest"])
        while row >= 0:
            chain.append(row)
            row = int(s.job[row]["older"])
        here = [(j["start"], j["seq"], r) for r, j in jobs.running.items() if _site(s, j) == t]
        _same(f"running at {site} by start", chain[::-1], [row for _, _, row in sorted(here)])


def _check_classes(engine: Engine, jobs: _Jobs) -> None:
    """Use and claims of every class; no more backed than its floor, unless that has just sunk."""
    s = engine.state
    use: Counter[int] = Counter()
    promised: Counter[int] = Counter()
    backed: Counter[int] = Counter()
    for held, account in ((jobs.running, use), (jobs.claimed, promised)):
        for job in held.values():
            for c in _path(engine, job["cls"]):
                account[c] += job["n"]
                if job["backed"] >> int(s.cls[c]["depth"]) & 1:
                    backed[c] += job["n"]
    for c in range(len(s.cls)):
        name = engine.layout.classes[c]
        _same(f"use of {name}", int(s.cls[c]["use"]), use[c])
        _same(f"claims of {name}", int(s.cls[c]["claimed"]), promised[c])
        if s.site[s.cls[c]["site"]]["lowered"] == 0:
            floor = int(s.cls[c]["floor"])
            assert backed[c] <= floor, f"{name}: {backed[c]} backed by a floor of {floor}"


def _power_limits(s: k.State, p: int) -> list[int]:
    """The limits of pool, hall and site on pool `p`."""
    found: list[int] = s.pool_limit[p, : s.pool[p]["limits_n"]].tolist()
    return found


def _amount(engine: Engine, limit: int, job: dict[str, int]) -> int:
    """What `job` takes of `limit`."""
    s = engine.state
    pool = s.pool[job["pool"]]
    if limit in _power_limits(s, job["pool"]):
        return job["n"] * int(pool["watts"])
    on_path = any(s.cls[c]["limit"] == limit for c in _path(engine, job["cls"]))
    return job["n"] if on_path else 0


def _holds(engine: Engine, row: int, end_s: int) -> bool:
    """True if whoever is in `row` has a confirmed cap that lasts till `end_s`."""
    cap = engine.by_row[row].cap
    return cap is not None and cap.confirmed and cap.ends_s >= end_s


def _spared_w(engine: Engine, row: int) -> int:
    """What the cap of whoever is in `row` takes off its draw of power. [W]"""
    s, pool = engine.state, engine.state.job[row]["pool"]
    return caps.spared_w(engine, engine.by_row[row]) if len(_power_limits(s, pool)) else 0


def _check_caps(engine: Engine, jobs: _Jobs) -> None:
    """Caps: of running work alone, none past its time, and none hoped for past its date."""
    s = engine.state
    kept = {w: live for w, live in engine.live.items() if live.cap is not None}
    _same("who is capped", sorted(engine.capped), sorted(kept))
    for t, name in enumerate(engine.layout.sites):
        here = [row for row, job in jobs.running.items() if _site(s, job) == t]
        counted = sum(_holds(engine, row, 0) for row in here)
        _same(f"caps that count at {name}", int(s.site[t]["capped"]), counted)
    for row, job in jobs.all.items():
        live = engine.by_row[row]
        cap, story = live.cap, _story(engine, row)
        if cap is None:
            _same(f"cap of {story}", (job["spared"], job["capped"]), (0, 0))
            continue
        assert row in jobs.running, f"capped, but does not run: {story}"
        own = (caps.spared_w(engine, live), cap.starts_s, cap.ends_s, int(cap.confirmed))
        fields = ("spared", "spared_from", "spared_till", "capped")
        _same(f"cap of {story}", tuple(job[name] for name in fields), own)
        assert cap.limit_w < cap.usual_w, f"a cap that caps nothing: {story}"
        assert engine.now_s < cap.ends_s, f"capped past its time: {story}"
        assert cap.confirmed or engine.now_s < cap.confirm_by_s, f"hoped for too long: {story}"


def _check_limits(engine: Engine, jobs: _Jobs) -> None:
    """P1 and C8: in every window no more than its cap, or than was there when a document shrank it.

    What others draw counts; if they draw more than is left, nothing starts until that is over.
    Work that outruns its wall time counts in the accounts; the promise is about the rest.
    """
    s = engine.state
    for limit in range(len(s.limit)):
        at, last = int(s.limit[limit]["now"]), int(s.limit[limit]["w1"])
        overdue = at + 1 < last and bool(s.window[at + 1]["t"] <= engine.now_s)
        _same(f"next window of limit {limit} should be open", overdue, False)
        amounts = {row: _amount(engine, limit, job) for row, job in jobs.running.items()}
        promised = sum(_amount(engine, limit, job) for job in jobs.claimed.values())
        under = [p for p in range(len(s.pool)) if limit in _power_limits(s, p)]
        others_w = sum(_reported(engine, p)[1] for p in under)
        for w in range(at, last):
            window = s.window[w]
            start = max(engine.now_s, int(window["t"]))
            end = int(s.window[w + 1]["t"]) if w + 1 < last else NEVER_S
            counted = {
                row: amount - (_spared_w(engine, row) if amount and _holds(engine, row, end) else 0)
                for row, amount in amounts.items()
                if w == at or jobs.running[row]["ends"] > window["t"]
            }
            _same(
                f"used in window {w} of limit {limit}",
                int(window["used"]),
                sum(counted.values()) + others_w,
            )
            _same(f"claimed in window {w} of limit {limit}", int(window["claimed"]), promised)
            used = others_w
            used += sum(a for row, a in counted.items() if jobs.running[row]["ends"] > start)
            most = max(int(window["cap"]), int(window["carried"]))
            who = ", ".join(_story(engine, row) for row, a in counted.items() if a)
            rule = "P1" if limit in s.pool_limit else "C8"
            assert used <= most, (
                f"{rule}: {used} of {most} in use from {instant_text(start)} on by {who}"
            )


def _check_queue(engine: Engine, jobs: _Jobs) -> None:
    """Buckets: every waiting job once, with its like, in order of asking; sites know how many."""
    s = engine.state
    count = int(s.number[k.ACTIVE_N])
    at_site: Counter[int] = Counter()
    seen: list[int] = []
    keys = set()
    for i, b in enumerate(s.active[:count].tolist()):
        bucket = s.bucket[b]
        _same(f"place of bucket {b}", int(bucket["active"]), i)
        key = tuple(int(bucket[x]) for x in ("verdict", "n", "wall", "project", "topology"))
        assert key not in keys, f"two buckets for {key}"
        keys.add(key)
        for t in range(len(s.site)):
            at_site[t] += int(s.home[key[0], t]) >= 0
        row, before = int(bucket["head"]), -1
        assert row >= 0, f"bucket {b} is empty"
        while row >= 0:
            job = jobs.waiting[row]
            own = tuple(job[x] for x in ("verdict", "n", "wall", "project", "topology"))
            _same(f"bucket of {_story(engine, row)}", (job["bucket"], own), (b, key))
            _same(f"who is before {_story(engine, row)}", job["prev"], before)
            assert before < 0 or jobs.all[before]["seq"] < job["seq"], f"order in bucket {b}"
            seen.append(row)
            before, row = row, job["next"]
        _same(f"last of bucket {b}", int(bucket["tail"]), before)
    _same("waiting in buckets", sorted(seen), list(jobs.waiting))
    for t, name in enumerate(engine.layout.sites):
        _same(f"buckets that may come to {name}", int(s.site[t]["active"]), at_site[t])


def _check_claims(engine: Engine, jobs: _Jobs) -> None:
    """Claims in the order in which they are due; who goes for one was on lent room."""
    s = engine.state
    listed: list[int] = []
    for t in range(len(s.site)):
        rows = s.claim[t, : int(s.site[t]["claim_n"])].tolist()
        due = [jobs.claimed[row]["ends"] for row in rows]
        _same(f"claims of {engine.layout.sites[t]} by when they are due", due, sorted(due))
        listed += rows
    _same("claims", sorted(listed), list(jobs.claimed))
    for row, job in jobs.running.items():
        assert job["stop_at"] >= 0, f"marked, but not told to go: {_story(engine, row)}"


def _check_reservations(engine: Engine, jobs: _Jobs) -> None:
    """C7: whoever holds a reservation can start no later than it says.

    Time that work overruns, and room that a floor took back, are nobody's backfill.
    """
    s = engine.state
    for p in range(len(s.pool)):
        row = int(s.pool[p]["r_job"])
        if row < 0:
            continue
        assert row in jobs.waiting, f"holds a reservation, but does not wait: {_story(engine, row)}"
        _same(f"reservation of {_story(engine, row)}", jobs.waiting[row]["reserved"], p)
        t = int(s.pool[p]["site"])
        overrun = any(job["ends"] <= engine.now_s for job in jobs.running.values())
        if s.site[t]["valid"] == 0 or overrun or s.site[t]["claim_n"] > 0:
            continue
        c = int(s.verdict[jobs.waiting[row]["verdict"], p])
        start, _ = shadow.start_of(s, p, c, row, False)
        at = max(int(s.pool[p]["r_time"]), engine.now_s)
        assert start <= at, f"C7: reserved for {at}, but now {start}: {_story(engine, row)}"
    for row, job in jobs.waiting.items():
        held = job["reserved"]
        assert held < 0 or s.pool[held]["r_job"] == row, f"holds {held}: {_story(engine, row)}"


def _check_budgets(engine: Engine) -> None:
    """C8: no project has more left than the grants that hold now; use by share is what it says."""
    s = engine.state
    for r, name in enumerate(engine.layout.projects):
        row = s.project[r]
        by_share = (s.use[r] // row["share"]).tolist()
        _same(f"use of {name} by its share", s.by_share[:, r].tolist(), by_share)
        assert row["budget"] <= row["granted"], f"{name}: {row['budget']} left of {row['granted']}"


def _check_asleep(engine: Engine) -> None:
    """P3: the sums of those who sleep for clean power are those of each of them."""
    counted = Asleep(engine.state, engine.layout)
    for live in engine.live.values():
        if live.row < 0 and live.move is not None:
            counted.add(live)
    _same("who sleeps", sorted(engine.asleep.lives), sorted(counted.lives))
    for name, array in counted.sums.arrays().items():
        _same(f"sums by {name}", engine.asleep.sums.arrays()[name].tolist(), array.tolist())
    for t, site in enumerate(engine.layout.sites):
        deadlines = [live.workload.flexibility.deadline for live in counted.at(t)]
        _same(
            f"latest deadline at {site}",
            int(counted.sums.site[t]["ends"]),
            max(deadlines, default=0),
        )
