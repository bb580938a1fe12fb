"""What the engine keeps: a few record arrays, one row for each thing, rows used again.

All quantities are int64. -1 is 'none' for every index. Rows of jobs, buckets, blocks and
spans are chained in free lists, so that memory follows what is live, not what has been.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from allod.decide.kernel.handle import Array, Handle

# States of a job.
FREE, NEW, WAITING, CLAIMED, RUNNING = 0, 1, 2, 3, 4
# Topologies of a job, in the order of domain.workload.Topology.
PACKED, SPREAD, DOMAIN = 0, 1, 2
# Policies.
CHARTER, EASY, FCFS = 0, 1, 2
# Kinds of decisions in the buffer.
PLACED, RECLAIMED = 1, 2
# Scalars, by place in State.number.
(
    NOW,  #: Time of the last event. [epoch s]
    POLICY,
    SEQ,  #: Next number in order of asking.
    JOB_FREE,  #: Head of the free list of jobs; -1: none left.
    BUCKET_FREE,
    BLOCK_FREE,
    SPAN_FREE,
    JOBS_FREE_N,  #: Length of that free list.
    BUCKETS_FREE_N,
    BLOCKS_FREE_N,
    SPANS_FREE_N,
    ACTIVE_N,  #: Buckets with someone waiting.
    DECIDED_N,  #: Decisions in the buffer.
    EPOCH,  #: Number of the pass, to mark what it has looked at.
    CHANGE_AT,  #: Next row of the change schedule.
    WAITING_N,
    RUNNING_N,
    NEED_N,  #: Sites on the list of those that need a pass.
    PAIR_N,
    BUDGET_BLOCKED,  #: 1 if some waiting job was held back by its budget.
    STAIR_N,  #: Steps of the stair that holds now.
    NUMBERS,
) = range(22)

JOB = np.dtype(
    [
        ("n", "i8"),  # accelerators
        ("topology", "i8"),
        ("state", "i8"),
        ("backed", "i8"),  # bit d: within the floor of its class at depth d
        ("bucket", "i8"),
        ("next", "i8"),
        ("prev", "i8"),
        ("pool", "i8"),
        ("cls", "i8"),
        ("run", "i8"),  # how often it was placed
        ("block", "i8"),
        ("older", "i8"),  # who started before it at its site, while it runs
        ("younger", "i8"),
        ("span", "i8"),  # head of its list of node spans; of a claim: those it has chosen
        ("reserved", "i8"),  # pool at which it holds the reservation
        ("verdict", "i8"),
        ("project", "i8"),
        ("row", "i8"),  # for the caller
        ("wall", "i8"),  # [s]
        ("submit", "i8"),
        ("seq", "i8"),
        ("start", "i8"),
        ("ends", "i8"),  # start + wall
        ("stop_at", "i8"),  # when it must go; 0: it need not
        ("run_s", "i8"),  # true duration, for replay
        ("spared", "i8"),  # what a power cap takes off its draw [W]; 0: it has none
        ("spared_from", "i8"),
        ("spared_till", "i8"),
        ("capped", "i8"),  # 1: its runner has confirmed that; till then it counts in full
    ],
    align=True,
)
BUCKET = np.dtype(
    [
        ("verdict", "i8"),
        ("n", "i8"),
        ("project", "i8"),
        ("topology", "i8"),
        ("head", "i8"),
        ("tail", "i8"),
        ("active", "i8"),  # place in State.active
        ("chain", "i8"),  # next in its hash chain or free list
        ("wall", "i8"),
        ("epoch", "i8"),  # pass that has settled it
        ("seq", "i8"),  # of its head
    ],
    align=True,
)
POOL = np.dtype(
    [
        ("site", "i8"),
        ("per_node", "i8"),  # 1: equal units
        ("nodes", "i8"),
        ("per_domain", "i8"),  # nodes per NVLink domain
        ("node0", "i8"),  # first node in State.node_free
        ("domain0", "i8"),
        ("count0", "i8"),  # first in State.node_count
        ("limits_n", "i8"),
        ("ends_head", "i8"),
        ("ends_tail", "i8"),
        ("running", "i8"),
        ("r_job", "i8"),  # who holds the reservation
        ("r_limits_n", "i8"),  # of `held_slack`; -1: not worked out yet
        ("units", "i8"),  # accelerators live now
        ("free", "i8"),  # units less those that run or are out; of nodes, the sum of what is free
        ("claimed", "i8"),  # units promised to claims
        ("room", "i8"),  # units that one could take now, as a pass has measured
        ("late_room", "i8"),  # the same for work that runs beyond a time
        ("watts", "i8"),  # per accelerator at the meter [W]
        ("r_time", "i8"),  # reserved start
        ("r_extra", "i8"),  # units left over at that time
        ("again", "i8"),  # 1: that time is to be worked out again
        ("head", "i8"),  # the last pass for which its holder was one of the first
        ("out", "i8"),  # units that may not be given away now, as its last report says
        ("others", "i8"),  # what work that is not ours draws in it [W]
    ],
    align=True,
)
CLASS = np.dtype(
    [
        ("site", "i8"),
        ("parent", "i8"),
        ("depth", "i8"),
        ("limit", "i8"),  # its ceiling as a limit
        ("priority", "i8"),
        ("floor", "i8"),
        ("use", "i8"),  # accelerators of running work, with all inside it
        ("room", "i8"),  # accelerators left under all ceilings, as a pass has measured
        ("owed", "i8"),  # accelerators that a floor still owes it, as a pass has measured
        ("claimed", "i8"),
        ("notice", "i8"),
        ("run_min", "i8"),
        ("claims", "i8"),  # claims that were met
        ("late", "i8"),  # of these, later than notice and stop time (C2)
        ("wait", "i8"),  # longest time from claim to start [s]
    ],
    align=True,
)
SITE = np.dtype(
    [
        ("pool0", "i8"),
        ("pool1", "i8"),
        ("valid", "i8"),  # 1: a pass would change nothing
        ("kept", "i8"),  # 1: its reservations are kept by the next pass, else made anew
        ("elect", "i8"),  # 1: others may be the first now than those who hold reservations
        ("last", "i8"),  # the last of the first, as the last pass has found them; -1: none
        ("last_seq", "i8"),  # its `seq`
        ("door", "i8"),  # 1 + number of the last job for which a pass was made
        ("active", "i8"),  # active buckets that may come here
        ("needs", "i8"),  # 1: on the list of sites that need a pass
        ("limited", "i8"),  # 1: some limit (power, ceiling) can bind here
        ("claim_n", "i8"),
        ("youngest", "i8"),  # the last who started here of those who run
        ("decay", "i8"),  # factor per decay step, in 65536ths
        ("decayed", "i8"),  # time up to which use is decayed
        ("stop", "i8"),  # time the runner takes to stop [s]
        ("class0", "i8"),  # its classes, parents before those inside them
        ("class1", "i8"),
        ("lowered", "i8"),  # 1: a floor has sunk since the backing was brought up to date
        ("capped", "i8"),  # jobs here whose power cap counts
    ],
    align=True,
)
LIMIT = np.dtype(
    [
        ("w0", "i8"),
        ("w1", "i8"),
        ("now", "i8"),  # the window that holds now
        ("peak", "i8"),  # most that was ever used
        ("left", "i8"),  # least that was ever left under the cap
    ],
    align=True,
)
WINDOW = np.dtype(
    [
        ("t", "i8"),
        ("cap", "i8"),
        ("used", "i8"),  # by running work, less what caps spare, and by work that is not ours
        ("claimed", "i8"),
        # used when documents, or what others draw, last changed; more than `cap` if that shrank
        ("carried", "i8"),
    ],
    align=True,
)
PROJECT = np.dtype(
    [
        ("share", "i8"),
        ("budget", "i8"),  # what is left of the grants that hold now [accelerator-seconds]
        ("until", "i8"),
        ("granted", "i8"),  # what those grants are in all [accelerator-seconds]
    ],
    align=True,
)
BLOCK = np.dtype([("n", "i8"), ("next", "i8"), ("prev", "i8"), ("units", "i8")], align=True)
SPAN = np.dtype(
    [
        ("node", "i8"),
        ("n", "i8"),
        ("next", "i8"),
        ("aside", "i8"),  # of a claim: what is set aside of it for a moment
    ],
    align=True,
)
#: what: 0 units of pool `id` become a; 1 floor of class `id` becomes a; 2 project `id` keeps at
#: most budget a; 3 it gains budget a; b is its new last date; 4 limit `id` of site a opens its next
#: window. At one time in this order: a grant that ends makes way before the next one comes in.
CHANGE = np.dtype([("t", "i8"), ("what", "i8"), ("id", "i8"), ("a", "i8"), ("b", "i8")], align=True)
#: A bucket that may come to a site, with what a pass looks at first, side by side in memory.
LINE = np.dtype(
    [("wall", "i8"), ("bucket", "i4"), ("n", "i4"), ("cls", "i4"), ("project", "i4")], align=True
)
#: A bucket in the order of a site: the least goes first, by `first`, then `use`, then `seq`.
ORDER = np.dtype([("first", "i8"), ("use", "i8"), ("seq", "i8"), ("bucket", "i8")], align=True)
#: what: 0 a reservation of pool `place`; above: window `place` of the limit before that.
STAIR = np.dtype([("t", "i8"), ("what", "i8"), ("place", "i8"), ("room", "i8")], align=True)
DECISION = np.dtype(
    [("kind", "i8"), ("job", "i8"), ("other", "i8"), ("lent", "i8"), ("t", "i8")], align=True
)

NEVER = 1 << 53  #: Later than any time. [epoch s]
BLOCK_SIZE = 64  #: Ends kept in one block of the ordered list.
CLASS_DEPTH_MAX = 12  #: Most classes inside each other.
LIMITS_MAX = CLASS_DEPTH_MAX + 3  #: Most limits on one placement: site, hall, pool, its classes.


class State(Handle):
    """The arrays. J jobs, B buckets, P pools, C classes, S sites, V verdicts, R projects."""

    fields: ClassVar[dict[str, tuple[Any, int]]] = {
        "number": (np.int64, 1),  # (NUMBERS,)
        "job": (JOB, 1),  # (J,)
        "bucket": (BUCKET, 1),  # (B,)
        "hashed": (np.int64, 1),  # heads of the hash chains of buckets
        "active": (np.int64, 1),  # (B,)
        "line": (LINE, 2),  # (S, B), buckets of each site, the first `active` of each row
        "where": (np.int64, 2),  # (B, S), place of each bucket in the line of each site
        "order": (ORDER, 1),  # (B,), heap of those who wait at the site of a pass
        "pool": (POOL, 1),  # (P,)
        "pool_limit": (np.int64, 2),  # (P, 3), limits of pool, hall and site
        "held_limit": (np.int64, 2),  # (P, LIMITS_MAX), limits of each reservation
        "held_slack": (np.int64, 2),  # (P, LIMITS_MAX), what each reservation leaves of them
        "stair": (STAIR, 1),  # room for work that runs beyond some time, by that time
        "stair_room": (np.int64, 2),  # the same of each pool of the site
        "cls": (CLASS, 1),  # (C,)
        "site": (SITE, 1),  # (S,)
        "limit": (LIMIT, 1),  # (L,)
        "window": (WINDOW, 1),  # (W,)
        "project": (PROJECT, 1),  # (R,)
        "use": (np.int64, 2),  # (R, S), decayed use [accelerator-seconds]
        "by_share": (np.int64, 2),  # (S, R), the same for the share of each project
        "verdict": (np.int64, 2),  # (V, P), class at each pool or -1
        "rank": (np.int64, 2),  # (V, P), preference of each pool, lower first
        "home": (np.int64, 2),  # (V, S), class at each site or -1
        # All nodes of all pools: live less used less out. Below 0 where work of ours still stands
        # on what is out; nothing is free there, and what comes back makes that good first.
        "node_free": (np.int64, 1),
        "node_out": (np.int64, 1),  # of each node, what may not be given away now
        "node_late": (np.int64, 1),  # free at the reserved start beside what is reserved
        "node_count": (np.int64, 1),  # nodes by number of free accelerators, per pool
        "late_count": (np.int64, 1),  # the same for those that are free then too
        "domain_free": (np.int64, 1),  # all NVLink domains
        "block": (BLOCK, 1),  # (K,)
        "block_end": (np.int64, 2),  # (K, BLOCK_SIZE)
        "block_job": (np.int64, 2),  # (K, BLOCK_SIZE)
        "block_units": (np.int64, 2),  # (K, BLOCK_SIZE), accelerators of each of them
        "span": (SPAN, 1),
        "change": (CHANGE, 1),  # by time
        "decided": (DECISION, 1),
        "need": (np.int64, 1),  # (S,), sites that need a pass
        "claim": (np.int64, 2),  # (S, CLAIMS_MAX), jobs with a claim, oldest first
        "pair": (np.int64, 2),  # (Q, 2), (seq of who was reclaimed, seq of whom for)
        "scratch": (np.int64, 1),
    }
    number: Array
    job: Array
    bucket: Array
    hashed: Array
    active: Array
    line: Array
    where: Array
    order: Array
    pool: Array
    pool_limit: Array
    held_limit: Array
    held_slack: Array
    stair: Array
    stair_room: Array
    cls: Array
    site: Array
    limit: Array
    window: Array
    project: Array
    use: Array
    by_share: Array
    verdict: Array
    rank: Array
    home: Array
    node_free: Array
    node_out: Array
    node_late: Array
    node_count: Array
    late_count: Array
    domain_free: Array
    block: Array
    block_end: Array
    block_job: Array
    block_units: Array
    span: Array
    change: Array
    decided: Array
    need: Array
    claim: Array
    pair: Array
    scratch: Array


UNBOUNDED_BUDGET = 1 << 52  #: A budget of at least this is no budget.
CLAIMS_MAX = 256  #: Most claims pending at one site; further reclaims wait for one to be met.


def chain(rows: Array, field: str, first: int) -> None:
    """Link rows `first`.. of `rows` into a free list through `field`."""
    rows[field][first:] = np.arange(first + 1, len(rows) + 1)
    rows[field][-1] = -1


def grown(array: Array, rows: int) -> Array:
    """`array` with `rows` rows, the new ones zero."""
    bigger = np.zeros((rows, *array.shape[1:]), array.dtype)
    bigger[: len(array)] = array
    return bigger


def make_room(s: State, jobs: int = 1) -> None:
    """Give `s` more rows where they run short: for `jobs` more, and all starts they may bring."""
    number = s.number
    starts = len(s.pool) + (int(number[WAITING_N]) + jobs) // 16 + 64  # Blocks that they may open.
    for name, field, free, count, least in (
        ("job", "next", JOB_FREE, JOBS_FREE_N, 64 + jobs),
        ("bucket", "chain", BUCKET_FREE, BUCKETS_FREE_N, 64 + jobs),
        ("block", "next", BLOCK_FREE, BLOCKS_FREE_N, 2 * starts),
        ("span", "next", SPAN_FREE, SPANS_FREE_N, 0),
    ):
        old = getattr(s, name)
        left = int(number[count])
        if left * 4 > len(old) and left >= least:
            continue
        new = grown(old, max(2 * len(old), len(old) + least))
        chain(new, field, len(old))
        new[field][-1] = number[free]
        number[free] = len(old)
        number[count] += len(new) - len(old)
        s.put(name, new)
        if name == "bucket":
            s.put("active", grown(s.active, len(new)))
            s.put("order", grown(s.order, len(new)))
            s.put("where", grown(s.where, len(new)))
            line = np.zeros((len(s.line), len(new)), LINE)
            line[:, : len(old)] = s.line
            s.put("line", line)
        elif name == "block":
            s.put("block_end", grown(s.block_end, len(new)))
            s.put("block_job", grown(s.block_job, len(new)))
            s.put("block_units", grown(s.block_units, len(new)))
        elif name == "job":
            s.put("decided", grown(s.decided, len(new) * 2 + 64))
            s.put("scratch", np.zeros(len(new) * 8, np.int64))
    if number[PAIR_N] * 2 > len(s.pair):
        s.put("pair", grown(s.pair, 2 * len(s.pair)))
