"""Jobs in submit order, in chunks of one size, holding as little as the file's order allows.

A trace is read up to `READ_AHEAD` jobs into memory. If it ends there, it is sorted if need be and
handed out: one reading. A longer one is read through once to see whether it is in order (its jobs
are dropped again), then read a second time: in order, it streams and only one block is held; out
of order, all of it is held and sorted (about 60 bytes a job, and its name where that is text).
The first reading also finds all broken lines and the first submit time, before any job is out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from allod.replay.traces.rows import Progress, Rows, Source, Tally, join

READ_AHEAD = 1_000_000


def in_submit_order(
    source: Source, tally: Tally, progress: Progress, read_ahead: int = READ_AHEAD
) -> Iterator[Rows]:
    """The rows of `source` in submit order, in blocks of any size; ties in the file's order.

    `tally` is complete when the first block comes out.
    """
    held: list[Rows] = []
    count, last, ordered, fits = 0, None, True, True
    for rows in source.rows(tally, progress):
        if not len(rows):
            continue
        ordered = ordered and _goes_on(rows, last)
        last = int(rows.submit_s[-1])
        count += len(rows)
        if fits and count > read_ahead:
            fits = False
            held.clear()
            progress.total *= 2  # It will be read twice.
        if fits:
            held.append(rows)
    if fits and ordered:
        yield from held
    elif fits:
        yield _in_order(held)
    else:
        again = source.rows(Tally(tally.path), progress)
        if ordered:
            yield from again
        else:
            yield _in_order([rows for rows in again if len(rows)])


def _goes_on(rows: Rows, last: int | None) -> bool:
    """True if the rows are in submit order, after one submitted at `last`."""
    if last is not None and int(rows.submit_s[0]) < last:
        return False
    return bool((rows.submit_s[1:] >= rows.submit_s[:-1]).all())


def _in_order(parts: list[Rows]) -> Rows:
    """All rows, sorted by submit time; ties as they were."""
    rows = join(parts)
    return rows.take(np.argsort(rows.submit_s, kind="stable"))


def window(rows: Rows, from_s: int | None, to_s: int | None) -> Rows:
    """Of rows in submit order those submitted at `from_s` or later and before `to_s`."""
    first = 0 if from_s is None else int(np.searchsorted(rows.submit_s, from_s))
    end = len(rows) if to_s is None else int(np.searchsorted(rows.submit_s, to_s))
    return rows if (first, end) == (0, len(rows)) else rows.take(slice(first, max(end, first)))


def of_size(blocks: Iterable[Rows], size: int) -> Iterator[Rows]:
    """The same rows in blocks of `size`, the last one smaller."""
    held: list[Rows] = []
    count = 0
    for rows in blocks:
        held.append(rows)
        count += len(rows)
        if count >= size:
            joined = join(held)
            cut = count - count % size
            for start in range(0, cut, size):
                yield joined.take(slice(start, start + size))
            held, count = [joined.take(slice(cut, count))], count - cut
    if count:
        yield join(held)
