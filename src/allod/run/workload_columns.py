"""Columns of all workloads there ever were, in memory: by them lists are filtered and sorted.

One entry for each, at the place of its ordinal; about 60 bytes. A database finds a page far down a
list of a million by walking there. Over columns each question is a few passes of numpy, at any
place in the list and with any filter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from allod.run.log import WorkloadEntry
from allod.run.node_views import Sort, State, WorkloadQuery

Mask = NDArray[np.bool_]
Ordinals = NDArray[np.int64]
#: A place in a list: the key that it is sorted by, and the ordinal.
Place = tuple[int, int]

_FIRST_ROOM: Final = 1024
_NOT_EXPECTED: Final = np.iinfo(np.int64).max
#: An entry of state 0 is not there.
_STATE_CODES: Final = {state.value: code for code, state in enumerate(State, 1)}
#: Up to so many hits are looked up one by one; beyond it is quicker to walk over all names.
_HITS_FEW: Final = 50_000


class _Texts:
    """Numbers for texts that come again and again; '' is 0."""

    def __init__(self) -> None:
        self._codes = {"": 0}

    def code(self, text: str) -> int:
        return self._codes.setdefault(text, len(self._codes))

    def known(self, text: str) -> int | None:
        return self._codes.get(text)


class _Names:
    """The names, one behind the other, each ended by a zero byte."""

    def __init__(self) -> None:
        self._bytes = np.zeros(_FIRST_ROOM, np.uint8)
        self._starts = np.zeros(_FIRST_ROOM, np.int64)
        self._owners = np.zeros(_FIRST_ROOM, np.int64)
        self._blanked = 0
        self._extent = (0, 0)  #: Bytes and names; one value, so that a reader has both of one time.

    def add(self, names: Sequence[tuple[int, str]]) -> int:
        """Keep names of ordinals; the place of the first, the others follow it."""
        (used, first), encoded = self._extent, [name.encode() + b"\0" for _, name in names]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        total, count = int(lengths.sum()), len(names)
        self._bytes = _with_room(self._bytes, used + total)
        self._starts = _with_room(self._starts, first + count)
        self._owners = _with_room(self._owners, first + count)
        ends = used + np.cumsum(lengths)
        self._bytes[used : used + total] = np.frombuffer(b"".join(encoded), np.uint8)
        self._starts[first : first + count] = ends - lengths
        self._owners[first : first + count] = [ordinal for ordinal, _ in names]
        self._extent = (used + total, first + count)
        return first

    def blank(self, place: int) -> None:
        """Keep nothing of a name."""
        used, count = self._extent
        end = used if place + 1 == count else int(self._starts[place + 1])
        self._bytes[self._starts[place] : end] = 0
        self._blanked += 1

    @property
    def version(self) -> tuple[int, ...]:
        """Another one after each change."""
        return (*self._extent, self._blanked)

    def holding(self, text: str) -> Ordinals:
        """Ordinals whose name holds `text`, which is not empty; one may be there twice."""
        wanted, (used, count) = text.encode(), self._extent
        if 0 in wanted or used < len(wanted):
            return np.zeros(0, np.int64)
        known, starts, owners = self._bytes[:used], self._starts[:count], self._owners[:count]
        # Two signs in one pass over all; few places are left to be looked at one by one.
        fits = known[: used - len(wanted) + 1] == wanted[0]
        if len(wanted) > 1:
            fits &= known[1 : used - len(wanted) + 2] == wanted[1]
        hits = np.flatnonzero(fits)
        for offset, sign in enumerate(wanted[2:], 2):
            hits = hits[known[hits + offset] == sign]
        if len(hits) <= _HITS_FEW:
            return owners[np.searchsorted(starts, hits, "right") - 1]
        found = np.zeros(used, np.bool_)
        found[hits] = True
        return owners[np.logical_or.reduceat(found, starts)]


class WorkloadColumns:
    """Written by one thread; readers may run beside it, and see a change now or the next time."""

    def __init__(self) -> None:
        self._size = 0  #: All ordinals are below it.
        self._state = np.zeros(_FIRST_ROOM, np.uint8)
        self._project = np.zeros(_FIRST_ROOM, np.int32)
        self._class = np.zeros(_FIRST_ROOM, np.int32)
        self._site = np.zeros(_FIRST_ROOM, np.int32)
        self._accelerators = np.zeros(_FIRST_ROOM, np.int64)
        self._expected = np.zeros(_FIRST_ROOM, np.int64)
        self._name = np.zeros(_FIRST_ROOM, np.int32)  #: One more than its place; 0: none.
        self._texts, self._names = _Texts(), _Names()
        #: Whose names held the text that was asked for last: who scrolls asks for it again.
        self._holding: tuple[object, Ordinals] = (None, np.zeros(0, np.int64))

    def put(self, entries: Sequence[WorkloadEntry]) -> None:
        """Take on workloads as they stand now; the last of several about one counts."""
        if not entries:
            return
        self._make_room(max(entry.ordinal for entry in entries) + 1)
        code, at = self._texts.code, [entry.ordinal for entry in entries]
        self._put_names(entries)
        self._project[at] = [code(entry.project) for entry in entries]
        self._class[at] = [code(entry.class_name) for entry in entries]
        self._site[at] = [code(entry.site) for entry in entries]
        self._accelerators[at] = [entry.accelerators for entry in entries]
        self._expected[at] = [
            _NOT_EXPECTED if entry.expected_at_s is None else entry.expected_at_s
            for entry in entries
        ]
        # Last, for by its state an entry is there.
        self._state[at] = [_STATE_CODES[entry.state] for entry in entries]
        self._size = max(self._size, max(at) + 1)

    def count(self, query: WorkloadQuery) -> int:
        """How many workloads `query` finds."""
        return int(np.count_nonzero(self._found(query, self._size)))

    def select(
        self, query: WorkloadQuery, limit: int, *, skip: int = 0, after: Place | None = None
    ) -> tuple[list[int], Place | None]:
        """Ordinals of what `query` finds in its order, and the place of the last of them.

        Of what comes after the place `after`, `skip` are left out and at most `limit` given.
        """
        size = self._size
        if query.sort is Sort.SUBMITTED:
            end = size if after is None else min(size, max(after[1], 0))
            latest_first = np.flatnonzero(self._found(query, end))[::-1]
            chosen = latest_first[skip : skip + limit].tolist()
            return chosen, (0, chosen[-1]) if chosen else None
        ordinals = np.flatnonzero(self._found(query, size))
        keys = self._keys(query.sort, ordinals)
        if after is not None:
            behind = (keys > after[0]) | ((keys == after[0]) & (ordinals < after[1]))
            ordinals, keys = ordinals[behind], keys[behind]
        places = _part_of_order(keys, skip, limit)
        chosen = ordinals[places].tolist()
        return chosen, (int(keys[places[-1]]), chosen[-1]) if chosen else None

    def _keys(self, sort: Sort, ordinals: Ordinals) -> Ordinals:
        """What these entries are sorted by, the least first."""
        match sort:
            case Sort.ACCELERATORS:
                return -self._accelerators[ordinals]
            case Sort.EXPECTED:
                return self._expected[ordinals]
            case _:
                return ordinals

    def _found(self, query: WorkloadQuery, end: int) -> Mask:
        """Which entries below the ordinal `end` hold all that `query` asks for."""
        wanted = np.zeros(256, np.bool_)
        wanted[[_STATE_CODES[state] for state in query.states]] = True
        found: Mask = wanted[self._state[:end]]
        for column, text in (
            (self._project, query.project),
            (self._class, query.access_class),
            (self._site, query.site),
        ):
            if text:
                code = self._texts.known(text)
                if code is None:
                    return np.zeros(end, np.bool_)
                found &= column[:end] == code
        if query.text:
            found &= self._told(query.text.lower(), end)
        return found

    def _told(self, text: str, end: int) -> Mask:
        """Which entries have `text` in their name, or an id that begins with it."""
        told = np.zeros(end, np.bool_)
        asked = (text, self._names.version)
        last, named = self._holding
        if last != asked:
            named = self._names.holding(text)
            self._holding = (asked, named)
        told[named[named < end]] = True
        if re.fullmatch(r"w(?:[1-9][0-9]{0,17})?", text, re.ASCII):
            first, width = int(text[1:] or "1"), 1 if text[1:] else end
            # Ids that begin with w12 are those of 12, of 120 to 129, of 1200 to 1299 and so on.
            while 0 < first < end:
                told[first : first + width] = True
                first, width = first * 10, width * 10
        return told

    def _put_names(self, entries: Sequence[WorkloadEntry]) -> None:
        fresh: dict[int, str] = {}
        for entry in entries:
            place = int(self._name[entry.ordinal]) - 1
            if place < 0 and entry.name:
                fresh[entry.ordinal] = entry.name
            elif not entry.name:  # It was erased.
                fresh.pop(entry.ordinal, None)
                if place >= 0:
                    self._names.blank(place)
        if fresh:
            first = self._names.add(tuple(fresh.items()))
            self._name[list(fresh)] = np.arange(first + 1, first + 1 + len(fresh))

    def _make_room(self, size: int) -> None:
        for name in (
            "_state",
            "_project",
            "_class",
            "_site",
            "_accelerators",
            "_expected",
            "_name",
        ):
            setattr(self, name, _with_room(getattr(self, name), size))


def _with_room(column: NDArray[Any], size: int) -> NDArray[Any]:
    """`column`, or a longer one that begins with it."""
    if size <= len(column):
        return column
    longer = np.zeros(max(size, len(column) * 3 // 2), column.dtype)
    longer[: len(column)] = column
    return longer


def _part_of_order(keys: Ordinals, skip: int, limit: int) -> Ordinals:
    """Places of the items `skip` to `skip + limit` by key; of equal keys the later place first."""
    last = min(skip + limit, len(keys)) - 1
    if skip > last:
        return np.zeros(0, np.int64)
    # To order all of them would take ten times as long as to find what lies between two.
    low, high = np.partition(keys, (skip, last))[[skip, last]]
    lowest = np.flatnonzero(keys == low)[::-1]
    lowest = lowest[skip - np.count_nonzero(keys < low) :][: last + 1 - skip]
    if low == high:
        return lowest
    between = np.flatnonzero((keys > low) & (keys < high))
    between = between[np.lexsort((-between, keys[between]))]
    left = last + 1 - skip - len(lowest) - len(between)
    highest = np.flatnonzero(keys == high)[::-1][:left]
    return np.concatenate((lowest, between, highest))
